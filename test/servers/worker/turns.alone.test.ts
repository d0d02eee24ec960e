import { afterEach, describe, expect, it, vi } from 'vitest'
import { isLong, Turns } from '../../../src/engine/worker/yield-when-busy.ts'
import { memoryStore, work } from './support.ts'

const burn = (ms: number) => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a turn of the event loop', () => {
  it.each([
    [100, [], false, 'as long as nobody knows what an append takes'],
    [20, [3, 30], true, 'after more than four of the fastest append here'],
    [11, [3, 30], false, 'not before that'],
    [2_000, [800], false, 'after much more where appends are slow'],
    [3, [0.05], false, 'not within four ticks of a timer, however fast appends are'],
    [5, [0.05], true, 'after four ticks of a timer'],
  ] as const)('of %i ms among appends of %j is long: %s (%s)', (turnMs, appendsMs, is, _why) => {
    expect(isLong(turnMs, appendsMs)).toBe(is)
  })

  it('is long once a handler has computed, and the next one begins in a turn of its own', async () => {
    // The clock stands while nothing computes: a machine that gives others the processor would make any turn long.
    vi.useFakeTimers({ toFake: ['performance'] })
    const compute = () => vi.advanceTimersByTime(6)
    const turns = new Turns()
    turns.learn(1)
    expect(turns.isBusy).toBe(false)
    compute()
    expect(turns.isBusy).toBe(true)
    const order: string[] = []
    setImmediate(() => setImmediate(() => order.push('a turn between')))
    const begins = ['first', 'second'].map(async (name) => {
      await turns.toBegin()
      order.push(name)
      compute()
    })
    const rested = turns.toRest().then(() => order.push('rested'))
    await Promise.all([...begins, rested])
    expect(order).toEqual(['first', 'a turn between', 'second', 'rested'])
    expect(turns.isBusy).toBe(false)
  })
})

describe('an append while handlers compute', () => {
  it('takes as long as it would without them, so what they hold up stays long', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const turns = new Turns()
    turns.learn(1)
    const compute = () => expect(turns.isLong).toBe(false) ?? vi.advanceTimersByTime(400)
    const began = turns.freeMs
    vi.advanceTimersByTime(1)
    compute()
    // In the middle of a turn, between two of them, and at the end of the second.
    expect(turns.freeMs - began).toBe(1)
    await new Promise(setImmediate)
    vi.advanceTimersByTime(2)
    expect(turns.freeMs - began).toBe(3)
    compute()
    await new Promise(setImmediate)
    expect(turns.freeMs - began).toBe(3)
  })
})

describe('a worker whose handlers compute', () => {
  it('takes the next jobs itself where it is alone, also while another attempt goes on', async () => {
    const over = Promise.withResolvers<void>()
    const handlers = { normal: () => burn(6), endless: () => over.promise }
    // Nothing but its own ends and wakes lets it look again.
    const { worker, coordinator } = await work({ concurrency: 4, handlers }, { pollMs: 3_600_000 })
    await coordinator.setPolicy('by-model')
    const jobs = Array.from({ length: 12 }, (_, n) => ({ jobId: `job-${n}`, models: [`model-${n % 3}`] }))
    await coordinator.enqueue([{ jobId: 'endless', kind: 'endless', models: ['other'] }, ...jobs])
    await expect.poll(() => worker.metrics().completed).toBe(jobs.length)
    expect(worker.metrics()).toMatchObject({ running: 1, free: 3 })
    over.resolve()
    await worker.drain()
  })

  it('counts the time of a job from when its handler begins', async () => {
    const ran: string[] = []
    const handlers = { normal: (job: { jobId: string }) => burn(40) ?? ran.push(job.jobId) }
    const { worker, coordinator } = await work({ concurrency: 6, handlers }, { store: memoryStore() })
    await coordinator.setPolicy('by-model')
    const warm = { jobId: 'warm', models: ['m'] }
    await coordinator.enqueue([warm])
    await expect.poll(() => worker.metrics().completed).toBe(1)
    const jobs = Array.from({ length: 6 }, (_, n) => ({
      ...{ jobId: `job-${n}`, models: [`model-${n}`], timeoutMs: 100, attempts: 1 },
    }))
    await coordinator.enqueue(jobs)
    await expect.poll(() => worker.metrics().completed).toBe(7)
    expect(ran).toEqual(['warm', ...jobs.map(({ jobId }) => jobId)])
  })
})
