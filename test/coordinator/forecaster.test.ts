/** What a process measures for its forecasts: the end of the log, each event once, however many ask at the same time. */
import { expect, it } from 'vitest'
import { CoreQueue, plainSpec } from '../../bench/core-queue.ts'
import { Forecaster } from '../../src/engine/coordinator/forecaster.ts'
import { defaultPolicy, jobOf, type RecordedEvent } from '../../src/engine/core/index.ts'

/** Jobs that ran one after the other, and one that waits behind another. */
function worked(ended: number) {
  const queue = new CoreQueue()
  const events: RecordedEvent[] = [...queue.setPolicy({ ...defaultPolicy, maxActive: null })]
  const one = { max: 1, kinds: null }
  const enter = (jobId: string) =>
    events.push(...queue.send({ type: 'enqueue', specs: [plainSpec(jobId, ['m'])] }, one).events)
  for (let n = 0; n < ended; n++) {
    enter(`job-${n}`)
    const token = jobOf(queue.ledger, `job-${n}`)?.token ?? 0
    events.push(
      ...queue.at(queue.now + 5_000_000).send({ type: 'complete', jobId: `job-${n}`, token }).events,
    )
  }
  enter('runs')
  enter('waits')
  return { events, at: { ledger: queue.ledger, now: queue.now, workers: null } }
}

it('is read once by all who ask at the same time, and again from where it failed', async () => {
  const { events, at } = worked(800)
  const reads: number[] = []
  let isAway = true
  const forecaster = new Forecaster(async (after, limit) => {
    reads.push(after)
    if (after > 0 && isAway) throw new Error('away')
    return { events: events.slice(after, after + limit), archivedSeq: 0 }
  })
  await expect(forecaster.startOf(at, 'waits')).rejects.toThrow('away')
  isAway = false
  const all = await Promise.all(Array.from({ length: 20 }, () => forecaster.startOf(at, 'waits')))
  expect(all.map((each) => (typeof each === 'string' ? each : each.runs))).toEqual(all.map(() => 800))
  expect(reads.toSorted((a, b) => a - b)).toEqual([0, 1_000, 1_000, 2_000])
})

it('begins behind what was archived and dropped', async () => {
  const { events, at } = worked(3)
  const kept = 5
  const forecaster = new Forecaster(async (after, limit) => ({
    events: after < kept ? [] : events.slice(after, after + limit),
    archivedSeq: kept,
  }))
  expect(await forecaster.startOf(at, 'waits')).toMatchObject({ runs: 2 })
})
