import { describe, expect, it } from 'vitest'
import {
  AttemptStopped,
  type BatchContext,
  inBatch,
  type Job,
  RetryLater,
} from '../../../src/engine/worker/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'
import { stopped } from './support.ts'

const kind = 'caption'
const jobs = (ids: string, more: object = {}) =>
  [...ids].map((jobId) => ({ jobId, kind, models: ['captioner'], payload: jobId.toUpperCase(), ...more }))
const resultsOf = (given: readonly Job[]) => new Map(given.map(({ jobId, payload }) => [jobId, payload]))
const retry = { baseMs: 1_000, maxMs: 1_000, jitter: 0 }

/** A queue with a handler of several jobs, and what it was called with. */
async function withBatches(
  run: (given: readonly Job[], context: BatchContext) => unknown = resultsOf,
  { size = 8, concurrency = 1 } = {},
) {
  const queue = await testQueue({ policy: 'by-model' })
  const calls: string[] = []
  const handler = inBatch({ size }, async (given: readonly Job[], context) => {
    calls.push(given.map(({ jobId }) => jobId).join(''))
    return (await run(given, context)) as ReadonlyMap<string, unknown>
  })
  const worker = queue.work({ [kind]: handler }, { concurrency, retry })
  const statesOf = async (ids: string) => {
    const all = await Promise.all([...ids].map((jobId) => queue.job(jobId)))
    return all.map(({ state }) => state)
  }
  return { queue, calls, worker, statesOf }
}

describe('inBatch, a handler of several jobs', () => {
  it('is called once for all that may start now, and gives each its result', async () => {
    const { queue, calls } = await withBatches()
    await queue.coordinator.enqueue(jobs('abc'))
    await queue.drain()
    expect(calls).toEqual(['abc'])
    expect(await queue.job('b')).toMatchObject({ state: 'completed', starts: 1, result: 'B' })
    await queue.close()
  })

  it('waits for no others: a job that comes alone is called for alone, and more than its size in turn', async () => {
    const { queue, calls } = await withBatches(resultsOf, { size: 2 })
    expect(await queue.run(jobs('a')[0] as never)).toMatchObject({ state: 'completed', result: 'A' })
    await queue.coordinator.enqueue(jobs('bcdef'))
    await queue.drain()
    expect(calls).toEqual(['a', 'bc', 'de', 'f'])
    await queue.close()
  })

  it('is given the place of each of them: it is one', async () => {
    const { queue, calls } = await withBatches(
      (given) => new Map(given.map(({ jobId, places }) => [jobId, places['captioner']])),
    )
    await queue.coordinator.setPolicy({ maxActive: null, capacity: { captioner: ['host1:0', 'host1:1'] } })
    await queue.coordinator.enqueue(jobs('abc'))
    await queue.drain()
    expect(calls).toEqual(['abc'])
    const ended = await Promise.all([...'abc'].map((jobId) => queue.job(jobId)))
    expect(ended.map(({ result }) => result)).toEqual(['host1:0', 'host1:0', 'host1:0'])
    await queue.close()
  })

  it('takes one slot of its worker for all of them', async () => {
    const held = Promise.withResolvers<void>()
    const { queue, worker } = await withBatches(
      async (given) => {
        await held.promise
        return resultsOf(given)
      },
      { concurrency: 2 },
    )
    await queue.coordinator.enqueue(jobs('abc'))
    await expect.poll(() => worker.metrics()).toMatchObject({ running: 3, free: 1 })
    held.resolve()
    await queue.drain()
    expect(worker.metrics()).toMatchObject({ running: 0, free: 2, completed: 3 })
    await queue.close()
  })

  it('fails one job alone by an error in the place of its result, or by none', async () => {
    const { queue, statesOf } = await withBatches((given) => {
      const results = new Map<string, unknown>(resultsOf(given))
      results.set('b', new Error('no picture'))
      results.delete('c')
      return results
    })
    await queue.coordinator.enqueue(jobs('abcd', { attempts: 1 }))
    await queue.drain()
    expect(await statesOf('abcd')).toEqual(['completed', 'failed', 'failed', 'completed'])
    expect((await queue.job('b')).error).toMatchObject({ message: 'no picture' })
    expect((await queue.job('c')).error).toMatchObject({
      name: 'LeftOutError',
      message: expect.stringContaining('returned no result for job c'),
    })
    await queue.close()
  })

  it('tries a job that has failed again by itself, and puts one off that is to come later', async () => {
    const { queue, calls } = await withBatches((given) => {
      const results = new Map<string, unknown>(resultsOf(given))
      if (given.length > 1) results.set('a', new Error('no')).set('b', new RetryLater({ seconds: 5 }))
      return results
    })
    await queue.coordinator.enqueue(jobs('abc'))
    expect(await queue.finish()).toEqual([])
    expect(calls).toEqual(['abc', 'a', 'b'])
    await queue.close()
  })

  it('fails all of them by what it throws, or if it returns no Map; each is then tried alone', async () => {
    const { queue, calls, statesOf } = await withBatches((given) => {
      if (given.length > 1) throw new Error('out of memory')
      return given[0]?.jobId === 'b' ? ['B'] : resultsOf(given)
    })
    await queue.coordinator.enqueue(jobs('ab', { attempts: 2 }))
    expect(await queue.finish()).toEqual([])
    expect(calls).toEqual(['ab', 'a', 'b'])
    expect(await statesOf('ab')).toEqual(['completed', 'failed'])
    expect((await queue.job('b')).error).toMatchObject({
      message: expect.stringContaining('must return a Map'),
    })
    await queue.close()
  })

  it('has a signal, a fence and progress for each: cancelling one stops that alone', async () => {
    const seen = Promise.withResolvers<BatchContext>()
    const { queue, statesOf } = await withBatches(async (given, context) => {
      for (const job of given) await context.of(job).progress({ of: job.jobId })
      seen.resolve(context)
      const reason = await stopped(context.of({ jobId: 'b' }).signal)
      expect(reason).toMatchObject({ why: 'cancel_requested' })
      expect(context.signal.aborted).toBe(false)
      const results = new Map<string, unknown>(resultsOf(given))
      results.set('b', reason)
      return results
    })
    await queue.coordinator.enqueue(jobs('abc'))
    const context = await seen.promise
    const fences = [...'abc'].map((jobId) => context.of({ jobId }).fence)
    expect(fences).toEqual([...new Set(fences)].sort())
    expect(await queue.job('b')).toMatchObject({ progress: { of: 'b' } })
    expect(() => context.of({ jobId: 'z' })).toThrow('job: z is not one of this call')
    await queue.coordinator.cancel('b')
    await queue.drain()
    expect(await statesOf('abc')).toEqual(['completed', 'cancelled', 'completed'])
    await queue.close()
  })

  it('is told to stop when all of them have to, and what it did not end is given back', async () => {
    const reasons: unknown[] = []
    const { queue, statesOf, worker } = await withBatches(async (_, { signal }) => {
      reasons.push(await stopped(signal))
      throw signal.reason
    })
    await queue.coordinator.enqueue(jobs('ab'))
    await expect.poll(() => worker.metrics().running).toBe(2)
    expect(await worker.drain({ timeoutMs: 0 })).toEqual({ finished: 0, givenBack: 2 })
    expect(reasons).toEqual([expect.any(AttemptStopped)])
    expect(await statesOf('ab')).toEqual(['waiting', 'waiting'])
    await queue.close()
  })

  it('is not given a job whose payload its schema refuses', async () => {
    await using queue = await testQueue({ policy: 'by-model' })
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => (value === 'B' ? { issues: [{ message: 'no' }] } : { value }),
      },
    } as const
    const calls: string[] = []
    const run = inBatch({ size: 8 }, async (given: readonly Job<unknown>[]) => {
      calls.push(given.map(({ jobId }) => jobId).join(''))
      return resultsOf(given)
    })
    queue.work({ [kind]: { schema, run } })
    await queue.coordinator.enqueue(jobs('abc'))
    await queue.drain()
    expect(calls).toEqual(['ac'])
    expect(await queue.job('b')).toMatchObject({ state: 'failed' })
  })

  it('leaves other kinds of its worker as they are, under * too', async () => {
    await using queue = await testQueue({ policy: 'by-model' })
    const calls: string[] = []
    queue.work({
      '*': inBatch({ size: 8 }, async (given: readonly Job[]) => {
        calls.push(given.map(({ jobId }) => jobId).join(''))
        return resultsOf(given)
      }),
      draw: async ({ jobId }: Job) => void calls.push(jobId),
    })
    await queue.coordinator.enqueue([...jobs('ab'), ...jobs('xy', { kind: 'draw', models: ['flux-dev'] })])
    await queue.drain()
    expect(calls.toSorted()).toEqual(['ab', 'x', 'y'])
  })

  it.each([0, 1_001, 1.5])('is refused with the size %d', (size) => {
    expect(() => inBatch({ size }, async () => new Map())).toThrow('options.size')
  })
})
