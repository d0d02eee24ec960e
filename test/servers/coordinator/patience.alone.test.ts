/** How long a call waits for a database that does not do what it is asked: counted from when the call was made, whatever stands before it. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { faultyStore, log, storyOf } from '../worker/support.ts'
import { join, keepingLogger } from './support.ts'

const PATIENCE_MS = 3_000
/** Calls that are given up at nearly the same time are given up together. */
const TOGETHER_MS = 20

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  return () => void vi.useRealTimers()
})

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** How a call of the store goes wrong, for ever. */
const away = {
  'is refused at once': async () => {
    throw new InterlockError('store_unavailable', 'connect ECONNREFUSED')
  },
  'gets no answer for as long as the driver waits': async () => {
    await later(15_000)
    throw new InterlockError('store_unavailable', 'Query read timeout')
  },
  'waits 1 s for a lock': async () => {
    await later(1_000)
    throw new InterlockError('contention', 'canceling statement due to lock timeout', { sqlstate: '55P03' })
  },
} as const

/** Every kind of call that a program makes, each of which waits for the log. */
const calls: Readonly<Record<string, (coordinator: Coordinator, n: number) => Promise<unknown>>> = {
  enqueue: (coordinator, n) => coordinator.enqueue([{ jobId: `e${n}`, models: ['m'] }]),
  'enqueue with a large payload': (coordinator, n) =>
    coordinator.enqueue([{ jobId: `l${n}`, models: ['m'], payload: 'x'.repeat(100_000) }]),
  'enqueue of many jobs': (coordinator, n) =>
    coordinator.enqueue(Array.from({ length: 1_001 }, (_, i) => ({ jobId: `m${n}-${i}`, models: ['m'] }))),
  claim: (coordinator) => coordinator.claim({ max: 1, kinds: null }),
  onJobStart: (coordinator, n) => coordinator.onJobStart(`g${n}`, 'normal', ['m']),
  takeUp: (coordinator) => coordinator.takeUp('A'),
  setPolicy: (coordinator) => coordinator.setPolicy('by-model'),
  cancel: (coordinator) => coordinator.cancel('A'),
}

/** The calls of a second and more, one kind after the other, each with how long it took to fail. */
async function failing(coordinator: Coordinator, patienceMs: number) {
  const took: [kind: string, ms: number, error: unknown][] = []
  const works = Array.from({ length: 35 }, async (_, n) => {
    await later(n * 83)
    const [kind, call] = Object.entries(calls)[n % Object.keys(calls).length] ?? ['', async () => {}]
    const made = performance.now()
    await call(coordinator, n).then(
      () => took.push([kind, Number.NaN, undefined]),
      (error) => took.push([kind, performance.now() - made, error]),
    )
  })
  await vi.advanceTimersByTimeAsync(35 * 83 + 6 * Math.max(patienceMs, 15_000))
  await Promise.all(works)
  return took
}

async function started(patienceMs: number) {
  const faulty = faultyStore()
  const coordinator = await join({ store: faulty.store, patienceMs })
  await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
  const heal = async () => {
    faulty.heal()
    await vi.advanceTimersByTimeAsync(20_000)
  }
  return { faulty, coordinator, heal }
}

describe('the patience of a process that joins', () => {
  it('may have no end; then it says that it goes on, and once a minute why', async () => {
    const faulty = faultyStore()
    faulty.goAway()
    const logger = keepingLogger()
    const joining = join({ store: faulty.store, logger, joinMs: Number.POSITIVE_INFINITY })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(logger.lines[0]).toBe('[COORDINATOR] The database does not answer yet: trying until it does')
    const why = logger.lines.filter((line) => line.includes('as the test wished'))
    expect(why).toHaveLength(10)
    faulty.heal()
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await joining).health()).toMatchObject({ ok: true })
    expect(logger.lines.at(-1)).toMatch(/The database is back after 60\d/)
  })
})

describe('the patience of a call', () => {
  describe.each(Object.entries(away))('while each call of the database %s', (_, way) => {
    it('counts from when the call was made, also if others stand before it that are tried again', async () => {
      const { faulty, coordinator, heal } = await started(PATIENCE_MS)
      for (const call of ['append', 'read', 'submitCall'] as const) faulty.divert(call, way)
      for (const [kind, ms, error] of await failing(coordinator, PATIENCE_MS)) {
        expect(error, kind).toBeInstanceOf(InterlockError)
        expect(ms, kind).toBeGreaterThanOrEqual(PATIENCE_MS)
        expect(ms, kind).toBeLessThanOrEqual(PATIENCE_MS + TOGETHER_MS)
      }
      await heal()
    })

    it('of 0 is over with the first failure, and after 2 s without one', async () => {
      const { faulty, coordinator, heal } = await started(0)
      for (const call of ['append', 'read', 'submitCall'] as const) faulty.divert(call, way)
      for (const [kind, ms, error] of await failing(coordinator, 0)) {
        expect(error, kind).toBeInstanceOf(InterlockError)
        expect(ms, kind).toBeLessThanOrEqual(2_000 + TOGETHER_MS)
      }
      await heal()
    })
  })

  it('counts from then also while the log can be read, as that of a locked queue', async () => {
    const { faulty, coordinator, heal } = await started(PATIENCE_MS)
    for (const call of ['append', 'submitCall'] as const) faulty.divert(call, away['waits 1 s for a lock'])
    for (const [kind, ms] of await failing(coordinator, PATIENCE_MS)) {
      expect(ms, kind).toBeGreaterThanOrEqual(PATIENCE_MS)
      expect(ms, kind).toBeLessThanOrEqual(PATIENCE_MS + TOGETHER_MS)
    }
    await heal()
  })

  it('is not over while the database works off what this process gave it before', async () => {
    const { faulty, coordinator, heal } = await started(PATIENCE_MS)
    faulty.divert('append', (carryOut) => later(1_000).then(carryOut))
    const payload = 'x'.repeat(30_000)
    const all = Array.from({ length: 90 }, (_, n) =>
      coordinator.enqueue([{ jobId: `j${n}`, models: ['m'], payload }]),
    )
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await Promise.allSettled(all)).toEqual(
      all.map(() => expect.objectContaining({ status: 'fulfilled' })),
    )
    expect(faulty.counts.append).toBeGreaterThan(2 * (PATIENCE_MS / 1_000))
    await heal()
  })

  it('of many jobs begins again with each part; when it is over, the call says how far it is', async () => {
    const { faulty, coordinator, heal } = await started(PATIENCE_MS)
    const { promise: silent, resolve } = Promise.withResolvers<void>()
    faulty.divert('append', (carryOut) => {
      if (faulty.counts.append === 1) return later(PATIENCE_MS - 1_000).then(carryOut)
      resolve()
      return away['gets no answer for as long as the driver waits']()
    })
    const jobs = Array.from({ length: 1_100 }, (_, n) => ({ jobId: `j${n}`, models: ['m'] }))
    const call = coordinator.enqueue(jobs)
    const refused = expect(call).rejects.toMatchObject({
      code: 'submitted',
      details: { inLine: 250, of: 1_100 },
    })
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1_000)
    await silent
    let isOver = false
    void call.catch(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1 + TOGETHER_MS)
    await refused
    await heal()
  })

  it('is over also while an append is under way; what that starts goes back to the line', async () => {
    const { faulty, coordinator, heal } = await started(PATIENCE_MS)
    faulty.divert('append', (carryOut) => later(2 * PATIENCE_MS).then(carryOut))
    const claim = coordinator.claim({ max: 1, kinds: null })
    const refused = expect(claim).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.advanceTimersByTimeAsync(PATIENCE_MS)
    await refused
    await heal()
    expect(storyOf(await log(faulty.store), 'A')).toEqual([
      'queued',
      'started',
      'failed released',
      'requeued',
    ])
  })

  it('may always be over before the answer: then each start is for the next claim, and none goes back', async () => {
    const { faulty, coordinator, heal } = await started(PATIENCE_MS)
    faulty.divert('append', (carryOut) => later(1.5 * PATIENCE_MS).then(carryOut))
    const claim = () => coordinator.claim({ max: 1, kinds: null }).catch(() => [])
    const claims = (async () => [...(await claim()), ...(await claim())])()
    await vi.advanceTimersByTimeAsync(2 * PATIENCE_MS)
    expect((await claims).map(({ lease }) => lease.jobId)).toEqual(['A'])
    await heal()
    expect(storyOf(await log(faulty.store), 'A')).toEqual(['queued', 'started'])
  })
})
