/** What a process learns for its forecasts: the end of the log, each event once, however many ask at the same time. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { Forecaster } from '../../../src/engine/coordinator/forecaster.ts'
import {
  defaultPolicy,
  Experience,
  emptyLedger,
  fold,
  jobOf,
  type RecordedEvent,
  type WorkerFact,
} from '../../../src/engine/core/index.ts'

const SECOND = 1_000_000
const one = { max: 1, kinds: null }
const alive: WorkerFact = {
  ...{ workerId: 'w0a1b2c3d4', state: 'live', kinds: null, freeSlots: 0, release: '1.0.0' },
}

/** Jobs that ran one after the other, each while the next one waited, and one that waits now. */
function worked(ended: number, seconds = (n: number) => 4 + (n % 3)) {
  const queue = new CoreQueue()
  const events: RecordedEvent[] = [...queue.setPolicy({ ...defaultPolicy, maxActive: null })]
  const enter = (jobId: string) =>
    events.push(...queue.send({ type: 'enqueue', specs: [plainSpec(jobId, ['m'])] }, one).events)
  enter('job-0')
  for (let n = 0; n < ended; n++) {
    enter(`job-${n + 1}`)
    const token = jobOf(queue.ledger, `job-${n}`)?.token ?? 0
    queue.at(queue.now + seconds(n) * SECOND)
    events.push(...queue.send({ type: 'complete', jobId: `job-${n}`, token }, one).events)
  }
  enter('waits')
  const at = { ledger: queue.ledger, now: queue.now, workers: [alive] }
  return { events, at }
}

const pastOf = (events: readonly RecordedEvent[]) => ({
  read: async (after: number, limit: number) => ({
    events: events.slice(after, after + limit),
    archivedSeq: 0,
  }),
  ledgerNear: async () => emptyLedger,
})

it('goes through the end of the log as if it had been there: a range is told at the first question, as wide as it had to be', async () => {
  const { events, at } = worked(60)
  const usual = await new Forecaster(pastOf(events)).startOf(at, 'waits')
  expect(usual).toMatchObject({ likely: expect.any(Number) })
  // Half of the jobs take four times as long, in no order that anybody knows.
  const other = worked(60, (n) => ((n * n) % 7 < 3 ? 20 : 5))
  const wider = await new Forecaster(pastOf(other.events)).startOf(other.at, 'waits')
  const widthOf = (range: typeof usual) => (typeof range === 'string' ? Number.NaN : range.to - range.from)
  expect(widthOf(wider)).toBeGreaterThan(2 * widthOf(usual))
})

it('says why there is none: nobody is alive, nothing has completed, or too few starts can be compared', async () => {
  const { events, at } = worked(60)
  const forecaster = new Forecaster(pastOf(events))
  const dead = { ...alive, state: 'dead' as const }
  expect(await forecaster.startOf({ ...at, workers: [dead] }, 'waits')).toBe('no_live_worker')
  for (const [ended, why] of [[0, 'nothing_completed'] as const, [4, 'not_compared'] as const]) {
    const few = worked(ended)
    expect(await new Forecaster(pastOf(few.events)).startOf(few.at, 'waits')).toBe(why)
  }
})

it('is read once by all who ask at the same time, and again after it failed', async () => {
  const { events, at } = worked(800)
  const reads: number[] = []
  let isAway = true
  const past = pastOf(events)
  const forecaster = new Forecaster({
    ...past,
    read: async (after, limit) => {
      reads.push(after)
      if (after > 0 && isAway) throw new Error('away')
      return past.read(after, limit)
    },
  })
  await expect(forecaster.startOf(at, 'waits')).rejects.toThrow('away')
  isAway = false
  const all = await Promise.all(Array.from({ length: 20 }, () => forecaster.startOf(at, 'waits')))
  expect(new Set(all.map((range) => JSON.stringify(range))).size).toBe(1)
  expect(reads).toEqual([0, 1_000, 0, 1_000, 2_000, 3_000])
})

it('makes one forecast for all who ask at the same time, also while nothing has completed', async () => {
  const forecast = vi.spyOn(Experience.prototype, 'forecast')
  onTestFinished(() => forecast.mockRestore())
  for (const ended of [0, 60]) {
    const { events, at } = worked(ended)
    const forecaster = new Forecaster(pastOf(events))
    forecast.mockClear()
    await Promise.all(Array.from({ length: 20 }, () => forecaster.startOf(at, 'waits')))
    expect(forecast).toHaveBeenCalledTimes(1)
    await forecaster.startOf(at, 'waits')
    expect(forecast).toHaveBeenCalledTimes(ended === 0 ? 2 : 1)
  }
})

it('begins at the ledger of the cut, behind what was archived and dropped', async () => {
  const { events, at } = worked(60)
  const kept = 40
  const { ledger } = fold(emptyLedger, events.slice(0, kept))
  const forecaster = new Forecaster({
    read: async (after, limit) => ({
      events: after < kept ? [] : events.slice(after, after + limit),
      archivedSeq: kept,
    }),
    ledgerNear: async () => ledger,
  })
  expect(await forecaster.startOf(at, 'waits')).toMatchObject({ likely: expect.any(Number) })
})
