import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import {
  createJobWorker,
  defineHandlers,
  type HandlerContext,
  NonRetryableError,
  RetryLater,
} from '../../../src/engine/worker/index.ts'
import { join, log, memoryStore, stopped, storyOf, work } from './support.ts'

describe('createJobWorker: what a handler gets', () => {
  it('runs a job with its payload, and keeps its result', async () => {
    const seen: unknown[] = []
    const { coordinator, worker } = await work({
      handlers: {
        normal: (job, { fencingToken, fence }) => {
          seen.push({ ...job, fencingToken, fence })
          return { url: 'x.png' }
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['flux-dev'], payload: { prompt: 'a fox' } }])
    await expect.poll(() => worker.metrics().completed).toBe(1)
    expect(seen).toEqual([
      {
        jobId: 'A',
        jobType: 'normal',
        kind: 'normal',
        models: ['flux-dev'],
        priority: 0,
        attempt: 1,
        attempts: 3,
        places: {},
        allPlaces: {},
        uses: {},
        postponed: 0,
        payload: { prompt: 'a fox' },
        row: null,
        checkpoint: null,
        fencingToken: 2,
        fence: '0000000001.0000000000000002',
      },
    ])
    expect(await coordinator.data(['A'])).toMatchObject([{ jobId: 'A', result: { url: 'x.png' } }])
  })

  it('checks the payload with any Standard Schema; what it refuses fails for good', async () => {
    const store = memoryStore()
    const { coordinator, worker } = await work(
      {
        handlers: {
          normal: { schema: z.object({ steps: z.number().default(4) }), run: (job) => job.payload },
        },
      },
      { store },
    )
    await coordinator.enqueue([
      { jobId: 'good', models: ['m'], payload: {} },
      { jobId: 'bad', models: ['m'], payload: { steps: 'many' } },
    ])
    await expect.poll(() => worker.metrics()).toMatchObject({ completed: 1, failed: 1 })
    const [good, bad] = await coordinator.data(['good', 'bad'])
    expect(good?.result).toEqual({ steps: 4 })
    expect(bad?.error).toMatchObject({ message: expect.stringContaining('payload.steps') })
    expect(storyOf(await log(store), 'bad')).toEqual([
      'queued',
      'blocked',
      'started',
      'failed invalid_payload',
    ])
  })

  it('jobs that are enqueued through it need what the handler of their kind names, unless they say it themselves', async () => {
    const { coordinator, worker } = await work({
      handlers: {
        generate: { models: ['flux-dev', 'vae'], run: (job) => job.models },
        normal: (job) => job.models,
      },
    })
    const jobs = [
      { jobId: 'own', kind: 'generate' },
      { jobId: 'other', kind: 'generate', models: ['flux-pro'] },
      { jobId: 'plain', models: ['m'] },
    ]
    expect(await worker.enqueue(jobs)).toMatchObject({ queued: 3 })
    await expect.poll(() => worker.metrics().completed).toBe(3)
    const results = await coordinator.data(['own', 'other', 'plain'])
    expect(results.map(({ result }) => result)).toEqual([['flux-dev', 'vae'], ['flux-pro'], ['m']])
    for (const wrong of [[{ jobId: '' }], [null], null, [{ jobId: 'a', kind: 'generate', models: 'm' }]])
      await expect(worker.enqueue(wrong as never)).rejects.toMatchObject({ code: 'invalid_input' })
    const refusedHandlers = () =>
      createJobWorker({ coordinator, handlers: { generate: { models: [''], run: () => 1 } } })
    expect(refusedHandlers).toThrow('handlers["generate"].models[0]: must not be empty')
  })

  it('gives the next attempt the checkpoint of the last one', async () => {
    const seen: unknown[] = []
    const { worker, coordinator } = await work({
      retry: { baseMs: 1 },
      handlers: {
        normal: async (job, { checkpoint, progress, heartbeat }) => {
          seen.push(job.checkpoint)
          if (job.attempt === 2) return 'done'
          await progress({ percent: 10 })
          await checkpoint({ externalId: 'run-7' })
          await heartbeat()
          throw new Error('the connection was cut')
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics().completed).toBe(1)
    expect(seen).toEqual([null, { externalId: 'run-7' }])
    expect(worker.metrics()).toMatchObject({ retried: 1, failed: 0, started: 2 })
  })
})

describe('how an attempt ends (NonRetryableError, RetryLater)', () => {
  it('tries again while attempts are left, then fails; or fails at once when told that it is no use', async () => {
    const store = memoryStore()
    const { coordinator, worker } = await work(
      {
        retry: () => 0,
        handlers: {
          normal: (job) => {
            throw job.jobId === 'hopeless' ? new NonRetryableError('no such model') : new Error('boom')
          },
        },
      },
      { store },
    )
    await coordinator.enqueue([
      { jobId: 'twice', models: ['m'], attempts: 2 },
      { jobId: 'hopeless', models: ['m'] },
    ])
    await expect.poll(() => worker.metrics().failed).toBe(2)
    const events = await log(store)
    expect(storyOf(events, 'twice').filter((type) => type !== 'blocked')).toEqual([
      'queued',
      'started',
      'failed handler_error',
      'requeued',
      'started',
      'failed handler_error',
    ])
    expect(storyOf(events, 'hopeless').at(-1)).toBe('failed non_retryable')
    expect(await coordinator.data(['twice'])).toMatchObject([{ error: { name: 'Error', message: 'boom' } }])
  })

  it('comes back later at no cost of an attempt', async () => {
    let calls = 0
    const { coordinator, worker } = await work({
      handlers: {
        normal: () => {
          if (++calls < 4) throw new RetryLater({ seconds: 0 })
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics()).toMatchObject({ completed: 1, postponed: 3, failed: 0 })
  })

  it('pauses a model whose provider is down, and no job on it starts meanwhile', async () => {
    const { coordinator, worker } = await work({
      handlers: {
        normal: () => {
          throw new RetryLater({ seconds: 60, pauseModel: 'flux-dev' })
        },
      },
    })
    await coordinator.enqueue([
      { jobId: 'A', models: ['flux-dev'] },
      { jobId: 'B', models: ['flux-dev'] },
    ])
    await expect.poll(() => worker.metrics()).toMatchObject({ postponed: 1, running: 0 })
    expect(coordinator.state().waiting()).toMatchObject([
      { jobId: 'B', code: 'model_paused' },
      { jobId: 'A', attempt: 0, postponed: 1 },
    ])
  })

  it('pauses a model after failures in a row, over all processes, and no other', async () => {
    const store = memoryStore()
    const options = {
      breaker: { failures: 3, pauseSeconds: 60 },
      retry: () => 0,
      handlers: {
        normal: ({ models }: { models: readonly string[] }) => {
          if (models.includes('bad')) throw new Error('no answer')
        },
      },
    }
    const { coordinator } = await work(options, { store })
    await coordinator.setPolicy('by-model')
    await work(options, { store })
    await coordinator.enqueue([
      ...[1, 2, 3, 4, 5].map((n) => ({ jobId: `bad-${n}`, models: ['bad'], attempts: 9 })),
      ...[1, 2, 3].map((n) => ({ jobId: `good-${n}`, models: ['good'] })),
    ])
    await expect.poll(() => coordinator.state().paused).toMatchObject([{ model: 'bad', reason: 'breaker' }])
    await expect.poll(() => coordinator.metrics().ended.completed).toBe(3)
    const events = await log(store)
    expect(events.filter(({ type }) => type === 'model_paused')).toHaveLength(1)
    const failed = events.filter(({ type }) => type === 'failed')
    // The third trips it; one more may have begun meanwhile.
    expect(failed.length).toBeGreaterThanOrEqual(3)
    expect(failed.length).toBeLessThanOrEqual(4)
  })

  it('stops a handler whose time is up, and one that does not listen is left behind', async () => {
    const reasons: unknown[] = []
    const release = Promise.withResolvers<void>()
    const { coordinator, worker } = await work({
      stopMs: 20,
      handlers: {
        normal: async (job, { signal }) => {
          reasons.push(await stopped(signal))
          if (job.jobId === 'deaf') await release.promise
          signal.throwIfAborted()
        },
      },
    })
    await coordinator.enqueue([
      { jobId: 'listens', models: ['m'], timeoutMs: 30, attempts: 1 },
      { jobId: 'deaf', models: ['m'], timeoutMs: 30, attempts: 1 },
    ])
    await expect.poll(() => worker.metrics()).toMatchObject({ failed: 2, stuck: 1, free: 1 })
    expect(reasons).toMatchObject([{ why: 'timed_out' }, { why: 'timed_out' }])
    release.resolve()
    await expect.poll(() => worker.metrics().stuck).toBe(0)
  })

  it('keeps the models of a cancelled job until its handler has stopped', async () => {
    const store = memoryStore()
    const release = Promise.withResolvers<void>()
    const { coordinator, worker } = await work(
      {
        handlers: {
          normal: async (_, { signal }) => {
            await stopped(signal)
            await release.promise
            signal.throwIfAborted()
          },
        },
      },
      { store },
    )
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics().running).toBe(1)
    await coordinator.cancel('A')
    expect(coordinator.state().activeCount).toBe(1)
    release.resolve()
    await expect.poll(() => worker.metrics().cancelled).toBe(1)
    expect(storyOf(await log(store), 'A')).toEqual(['queued', 'started', 'cancel_requested', 'cancelled'])
  })

  it('stops an attempt that others have ended', async () => {
    const reason = Promise.withResolvers<unknown>()
    const { coordinator, worker } = await work({
      handlers: { normal: async (_, { signal }) => reason.resolve(await stopped(signal)) },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics().running).toBe(1)
    await coordinator.cancel('A', { force: true })
    expect(await reason.promise).toMatchObject({ why: 'ended' })
    await expect.poll(() => worker.metrics()).toMatchObject({ lost: 1, running: 0, free: 1 })
  })

  it.each([
    ['a circle', () => Object.assign([] as unknown[], { 0: null }).concat([circle()])],
    ['a BigInt', () => ({ count: 7n })],
  ])('fails a job whose result cannot be stored: %s', async (_, result) => {
    const { coordinator, worker } = await work({ handlers: { normal: result } })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics()).toMatchObject({ failed: 1, completed: 0, running: 0 })
    expect(await coordinator.data(['A'])).toMatchObject([
      { error: { message: expect.stringMatching(/result/) } },
    ])
  })
})

function circle(): unknown {
  const self: Record<string, unknown> = {}
  self['self'] = self
  return self
}

describe('uncaught errors of a handler', () => {
  it('fail the attempt that they come from, and the worker lives', async () => {
    // vitest listens as well, and would fail the run for an error that is meant.
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    onTestFinished(() => {
      for (const listener of others) process.on('unhandledRejection', listener)
    })
    const { coordinator, worker } = await work({
      catchUncaught: true,
      handlers: {
        normal: async ({ jobId }, { signal }) => {
          if (jobId === 'fine') return 'done'
          setTimeout(() => void Promise.reject(new Error('left lying about')), 1)
          await stopped(signal)
          return 'too late'
        },
      },
    })
    await coordinator.enqueue([
      { jobId: 'loose', models: ['m'], attempts: 1 },
      { jobId: 'fine', models: ['m'] },
    ])
    await expect.poll(() => worker.metrics()).toMatchObject({ failed: 1, completed: 1 })
    expect(await coordinator.data(['loose'])).toMatchObject([{ error: { message: 'left lying about' } }])
  })
})

describe('what a handler calls and nobody awaits', () => {
  it.each<readonly [string, (context: HandlerContext) => unknown]>([
    ['used', ({ used }) => used({ unknown: 5 })],
    ['done', ({ done }) => done('no such model')],
    ['add', ({ add }) => add([null] as never)],
    ['detach', ({ detach }) => detach({} as never)],
    ['parents', ({ parents }) => parents({ from: -1 } as never)],
    ['progress', ({ progress }) => progress(5n as never)],
    ['checkpoint', ({ checkpoint }) => checkpoint(5n as never)],
  ])('fails its attempt, and no process ends: %s', async (_, call) => {
    // A rejection that nobody handles would end a program, and fails this run.
    const { coordinator, worker } = await work({
      handlers: {
        normal: async (_job, context) => {
          call(context)
          await stopped(context.signal)
        },
        short: (_job, context) => void call(context),
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics()).toMatchObject({ failed: 1, running: 0 })
    if (_ !== 'used') return
    await coordinator.enqueue([{ jobId: 'B', kind: 'short', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics()).toMatchObject({ failed: 2, running: 0 })
  })

  it('is for the handler if it is awaited', async () => {
    const { coordinator, worker } = await work({
      handlers: {
        normal: async (_job, { used }) => {
          expect(() => used({ unknown: 5 })).toThrow(/unknown/)
          return 'done'
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics()).toMatchObject({ completed: 1, running: 0 })
  })
})

describe('how jobs are taken', () => {
  it('takes kinds that it has handlers for, as many as it has slots', async () => {
    const release = Promise.withResolvers<void>()
    const { coordinator, worker } = await work({
      concurrency: 3,
      handlers: { image: () => release.promise },
    })
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'other', models: ['m0'], kind: 'video' },
      ...[1, 2, 3, 4, 5].map((n) => ({ jobId: `i${n}`, models: [`m${n}`], kind: 'image' })),
    ])
    await expect.poll(() => worker.metrics()).toMatchObject({ running: 3, free: 0 })
    release.resolve()
    await expect.poll(() => worker.metrics()).toMatchObject({ completed: 5, running: 0, free: 3 })
    expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'other', code: 'offered' }])
  })

  it('hands on in the append that ends a job', async () => {
    const store = memoryStore()
    const { coordinator, worker } = await work({ handlers: { '*': () => null } }, { store })
    await coordinator.enqueue(Array.from({ length: 20 }, (_, n) => ({ jobId: `j${n}`, models: ['m'] })))
    await expect.poll(() => worker.metrics().completed).toBe(20)
    const events = await log(store)
    const ends = events.filter(({ type }) => type === 'completed').slice(0, -1)
    for (const end of ends) {
      expect(events[end.seq]).toMatchObject({ type: 'started', commandId: end.commandId })
    }
  })

  it('says what is wrong with its options', async () => {
    const coordinator = await join()
    const make = (options: object) => () =>
      createJobWorker({ coordinator, handlers: {}, ...options } as never)
    expect(make({})).toThrow(/handlers: must have a function/)
    expect(make({ handlers: { a: 7 } })).toThrow(/handlers\["a"\]: must be a function/)
    const breaker = { failures: 0, pauseSeconds: 1 }
    expect(make({ handlers: { a: () => {} }, breaker })).toThrow(/breaker.failures: must be a whole number/)
    expect(make({ handlers: { a: () => {} }, concurrency: 0 })).toThrow(/concurrency: must be a whole number/)
    expect(() => new RetryLater({ seconds: -1 })).toThrow(/seconds/)
  })
})

describe('drain', () => {
  it('lets what runs end, and takes nothing new', async () => {
    const release = Promise.withResolvers<void>()
    const { coordinator, worker } = await work({ handlers: { normal: () => release.promise } })
    await coordinator.enqueue(['A', 'B'].map((jobId) => ({ jobId, models: ['m'] })))
    await expect.poll(() => worker.metrics().running).toBe(1)
    const drained = worker.drain()
    release.resolve()
    expect(await drained).toEqual({ finished: 1, givenBack: 0 })
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 1 })
  })

  it('stops what goes on past the deadline and gives it back, at no cost of an attempt', async () => {
    const store = memoryStore()
    const { coordinator, worker } = await work(
      {
        stopMs: 20,
        concurrency: 2,
        handlers: {
          normal: async ({ jobId }, { signal }) => {
            await stopped(signal)
            if (jobId === 'deaf') await new Promise(() => {})
            signal.throwIfAborted()
          },
        },
      },
      { store },
    )
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'listens', models: ['a'], attempts: 1 },
      { jobId: 'deaf', models: ['b'], attempts: 1 },
    ])
    await expect.poll(() => worker.metrics().running).toBe(2)
    expect(await worker.drain({ timeoutMs: 10 })).toEqual({ finished: 0, givenBack: 2 })
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 2 })
    expect(storyOf(await log(store), 'listens').slice(-2)).toEqual(['failed released', 'requeued'])
  })

  it('does not wait after a second call', async () => {
    const { coordinator, worker } = await work({
      handlers: { normal: () => new Promise(() => {}) },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics().running).toBe(1)
    const patient = worker.drain({ timeoutMs: 60_000 })
    expect(await worker.drain({ timeoutMs: 0, stopMs: 0 })).toEqual({ finished: 0, givenBack: 1 })
    expect(await patient).toEqual({ finished: 0, givenBack: 1 })
  })
})

it('defineHandlers returns its handlers unchanged: it only types them', () => {
  const handlers = { normal: () => 1 }
  expect(defineHandlers(handlers)).toBe(handlers)
})
