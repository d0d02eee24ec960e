/** Whatever goes wrong around an attempt: it comes to an end that the queue is told, and its slot comes free once. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { CheckedResult } from '../../../src/engine/events/index.ts'
import {
  type HandlerDefinition,
  RetryLater,
  type RetryLaterOptions,
  type RetryRule,
} from '../../../src/engine/worker/index.ts'
import { runOne } from '../../../src/engine/worker/run-one.ts'
import { eventually } from '../../support/this-test.ts'
import { keepingLogger } from '../coordinator/support.ts'
import { faultyStore, join, log, memoryStore, stopped, storyOf, work } from './support.ts'

describe.concurrent('the end of an attempt that cannot be reported at the first try', () => {
  it.each(['store_unwritable', 'invalid_input', 'store_unavailable'] as const)(
    'is reported again after %s, and the result is kept',
    async (code) => {
      const faulty = faultyStore()
      const errors: unknown[] = []
      const { coordinator, worker } = await work(
        {
          onError: (error) => errors.push(error),
          handlers: {
            normal: () => {
              faulty.fail('append', code)
              return 'the work of an hour'
            },
          },
        },
        { store: faulty.store, patienceMs: 0 },
      )
      await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
      await eventually(() => faulty.counts.append).toBeGreaterThan(1)
      faulty.heal()
      await eventually(() => worker.metrics(), { timeout: 10_000 }).toMatchObject({
        completed: 1,
        failed: 0,
        started: 1,
      })
      expect(await coordinator.data(['A'])).toMatchObject([{ result: 'the work of an hour' }])
      // That the database is away is the coordinator's to tell.
      if (code === 'store_unavailable') expect(errors).toEqual([])
      else expect(errors[0]).toMatchObject({ code })
    },
  )

  it('frees its slot once, however many tries it takes', async () => {
    const faulty = faultyStore()
    let running = 0
    let most = 0
    const { coordinator, worker } = await work(
      {
        handlers: {
          normal: async ({ jobId }) => {
            most = Math.max(most, ++running)
            if (jobId === 'first') faulty.goAway()
            await new Promise((resolve) => setTimeout(resolve, 20))
            running--
          },
        },
      },
      { store: faulty.store, patienceMs: 0 },
    )
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue(['first', 'b', 'c', 'd', 'e'].map((jobId) => ({ jobId, models: [jobId] })))
    await eventually(() => faulty.counts.append, { timeout: 10_000 }).toBeGreaterThan(3)
    expect(worker.metrics().free).toBe(1)
    faulty.heal()
    await eventually(() => worker.metrics(), { timeout: 10_000 }).toMatchObject({ completed: 5, free: 1 })
    expect(most).toBe(1)
  })
})

describe.concurrent('what a handler throws or returns', () => {
  it('may be a RetryLater without a wait that names a model: there is nothing to pause it for', async () => {
    let calls = 0
    const { coordinator, worker } = await work({
      handlers: {
        normal: () => {
          if (++calls === 1) throw new RetryLater({ seconds: 0, pauseModel: 'm' })
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await eventually(() => worker.metrics()).toMatchObject({ postponed: 1, completed: 1 })
  })

  it('may be a RetryLater whose wait is over before it could be reported', async () => {
    const faulty = faultyStore()
    let calls = 0
    const { coordinator, worker } = await work(
      {
        handlers: {
          normal: () => {
            if (++calls > 1) return
            faulty.fail('append', 'store_unavailable')
            throw new RetryLater({ seconds: 0.01, pauseModel: 'm' })
          },
        },
      },
      { store: faulty.store },
    )
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const since = performance.now()
    await eventually(() => faulty.counts.append > 1 && performance.now() - since > 50).toBe(true)
    faulty.heal()
    await eventually(() => worker.metrics()).toMatchObject({ postponed: 1, completed: 1 })
  })

  it.each<[string, RetryLaterOptions]>([
    ['models', { seconds: 1, models: [''] }],
    ['model', { seconds: 1, pauseModel: '' }],
  ])('fails the attempt when its RetryLater names %s that cannot be', async (path, options) => {
    const { coordinator, worker } = await work({
      handlers: {
        normal: () => {
          throw new RetryLater(options)
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1 }])
    await eventually(() => worker.metrics()).toMatchObject({ failed: 1, running: 0, free: 1 })
    expect(await coordinator.data(['A'])).toMatchObject([
      { error: { message: expect.stringContaining(path) } },
    ])
  })

  it('fails the job for good when its result cannot even be read', async () => {
    const result = Object.defineProperty({}, 'url', {
      enumerable: true,
      get: () => {
        throw new Error('read twice')
      },
    })
    const { coordinator, worker } = await work({ handlers: { normal: () => result } })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await eventually(() => worker.metrics()).toMatchObject({ failed: 1, running: 0, free: 1 })
    expect(await coordinator.data(['A'])).toMatchObject([{ error: { message: 'read twice' } }])
  })

  it.each<[string, RetryRule]>([
    [
      'throws',
      () => {
        throw new Error('no rule')
      },
    ],
    ['says never', () => Number.POSITIVE_INFINITY],
  ])('leads to another attempt also when the retry rule %s', async (_, retry) => {
    const { coordinator, worker } = await work({
      retry,
      handlers: {
        normal: () => {
          throw new Error('boom')
        },
      },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await eventually(() => worker.metrics()).toMatchObject({ retried: 1, running: 0 })
    expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'A', dueAt: expect.any(Date) }])
  })
})

describe.concurrent('the check of a payload', () => {
  const standard = (validate: (text: string) => unknown) =>
    ({ '~standard': { version: 1, vendor: 'a test', validate } }) as StandardSchemaV1

  it.each([
    ['throws', z.string().transform((text) => JSON.parse(text))],
    ['rejects', standard(async (text) => ({ value: JSON.parse(text) }))],
  ])('refuses the payload when it %s, and the slot is free again', async (_, schema) => {
    const store = memoryStore()
    const { coordinator, worker } = await work(
      { handlers: { normal: { schema, run: () => null } } },
      { store },
    )
    await coordinator.enqueue([
      { jobId: 'bad', models: ['m'], payload: '{oops' },
      { jobId: 'good', models: ['m'], payload: '{}' },
    ])
    await eventually(() => worker.metrics()).toMatchObject({ failed: 1, completed: 1, running: 0, free: 1 })
    expect(storyOf(await log(store), 'bad').at(-1)).toBe('failed invalid_payload')
    expect(await coordinator.data(['bad'])).toMatchObject([
      { error: { message: expect.stringContaining('JSON') } },
    ])
  })

  it('counts towards the time limit', async () => {
    const schema = z.unknown().refine(() => new Promise<boolean>(() => {}))
    const { coordinator, worker } = await work({
      stopMs: 10,
      handlers: { normal: { schema, run: () => null } },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], timeoutMs: 20, attempts: 1 }])
    await eventually(() => worker.metrics()).toMatchObject({ failed: 1, running: 0, free: 1 })
  })

  it('is not followed by the handler once the attempt has to stop', async () => {
    const checking = Promise.withResolvers<void>()
    const checked = Promise.withResolvers<boolean>()
    let ran = false
    const schema = z.unknown().refine(() => {
      checking.resolve()
      return checked.promise
    })
    const run = () => {
      ran = true
    }
    const { coordinator, worker } = await work({ handlers: { normal: { schema, run } } })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await checking.promise
    await coordinator.cancel('A')
    checked.resolve(true)
    await eventually(() => worker.metrics()).toMatchObject({ cancelled: 1, running: 0, free: 1 })
    expect(ran).toBe(false)
  })
})

/** More than the append of its start brings along. */
const large = 'x'.repeat(100_000)

describe.concurrent('data that cannot be read', () => {
  it('fails the attempt, and the slot is free again', async () => {
    const faulty = faultyStore()
    const { coordinator, worker } = await work({ handlers: { normal: () => null } }, { store: faulty.store })
    faulty.fail('data', 'closed')
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], payload: large, attempts: 1 }])
    await eventually(() => worker.metrics()).toMatchObject({ failed: 1, running: 0, free: 1 })
  })

  it('is asked for again while the database refuses', async () => {
    const faulty = faultyStore()
    const { coordinator, worker } = await work(
      { handlers: { normal: ({ payload }) => payload } },
      { store: faulty.store },
    )
    faulty.fail('data', 'store_unwritable')
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], payload: large }])
    await eventually(() => faulty.counts.data).toBeGreaterThan(0)
    faulty.heal()
    await eventually(() => worker.metrics(), { timeout: 10_000 }).toMatchObject({ completed: 1, failed: 0 })
    expect(await coordinator.data(['A'])).toMatchObject([{ result: large }])
  })
})

describe.concurrent('what happens between a start and its handler', () => {
  it.each([
    ['a cancel', false, { cancelled: 1 }, ['queued', 'started', 'cancel_requested', 'cancelled']],
    ['a forced cancel', true, { started: 0 }, ['queued', 'started', 'cancelled']],
  ])('%s in the append of the start stops it', async (_, force, metrics, story) => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const ran: string[] = []
    const working = work({ coordinator, handlers: { normal: ({ jobId }) => ran.push(jobId) } })
    await coordinator.cancel('A', { force })
    const { worker } = await working
    await eventually(() => worker.metrics()).toMatchObject({ ...metrics, running: 0, free: 1 })
    await worker.drain()
    expect(storyOf(await log(store), 'A')).toEqual(story)
    expect(ran).toEqual([])
  })

  it('that ends after a pause that was longer than its lease is lost, though the timer of the lease is late', async () => {
    const store = memoryStore()
    const state = { hangs: false }
    const beat: typeof store.beat = (what) => (state.hangs ? new Promise(() => {}) : store.beat(what))
    const coordinator = await join({ store: { ...store, beat }, leaseMs: 3_000, graceMs: 100, pollMs: 50 })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const ran: number[] = []
    const { worker } = await work({
      coordinator,
      handlers: {
        normal: async ({ attempt }) => {
          ran.push(attempt)
          if (attempt > 1) return
          state.hangs = true
          const ended = new Promise((resolve) => setTimeout(resolve, 10))
          // Nothing in this process runs meanwhile, as if it was stopped.
          for (const until = performance.now() + 3_000; performance.now() < until; );
          await ended
          state.hangs = false
        },
      },
    })
    await eventually(() => worker.metrics(), { timeout: 20_000 }).toMatchObject({ completed: 1 })
    expect(ran).toEqual([1, 2])
    expect(storyOf(await log(store), 'A')).toEqual([
      ...['queued', 'started', 'lease_expired', 'requeued', 'started', 'completed'],
    ])
  })

  it('the loss of the lease under which it was started stops it', async () => {
    const faulty = faultyStore()
    const attempts: number[] = []
    const coordinator = await join({ store: faulty.store, leaseMs: 600, graceMs: 100, pollMs: 50 })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const { workerId } = coordinator
    // The start is in the log; that it is, this process hears only when its lease is over.
    faulty.divert('append', async (carryOut) => {
      await carryOut()
      faulty.goAway()
      throw new InterlockError('store_unavailable', 'the reply was lost')
    })
    const { worker } = await work({ coordinator, handlers: { normal: (job) => attempts.push(job.attempt) } })
    await eventually(() => coordinator.workerId, { timeout: 5_000 }).not.toBe(workerId)
    faulty.heal()
    await eventually(() => worker.metrics(), { timeout: 10_000 }).toMatchObject({ started: 1, completed: 1 })
    expect(attempts).toEqual([2])
    const started = (await log(faulty.store)).filter(({ type }) => type === 'started')
    expect(started).toMatchObject([{ workerId }, { workerId: coordinator.workerId }])
  })
})

describe.concurrent('drain while the database is away', () => {
  async function running(patienceMs: number) {
    const faulty = faultyStore()
    const { coordinator, worker, logger } = await work(
      {
        stopMs: 20,
        handlers: {
          normal: async (_, { signal }) => {
            await stopped(signal)
            signal.throwIfAborted()
          },
        },
      },
      { store: faulty.store, patienceMs },
    )
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await eventually(() => worker.metrics().running).toBe(1)
    return { faulty, worker, logger }
  }

  it.each([
    ['at each try', 0],
    ['as long as a call is patient', 60_000],
  ])(
    'ends after its deadline when no answer comes %s; the lease is left to run out',
    async (_, patienceMs) => {
      const { faulty, worker, logger } = await running(patienceMs)
      faulty.goAway()
      expect(await worker.drain({ timeoutMs: 10 })).toEqual({ finished: 0, givenBack: 0 })
      expect(logger.lines.join()).not.toContain('given back')
      faulty.heal()
    },
  )

  it('ends at a second call that does not wait, also while a call hangs', async () => {
    const { faulty, worker } = await running(60_000)
    const hanging = Promise.withResolvers<void>()
    for (const call of ['append', 'beat', 'read'] as const)
      faulty.divert(call, (carryOut) => hanging.promise.then(carryOut))
    const patient = worker.drain({ timeoutMs: 60_000 })
    expect(await worker.drain({ timeoutMs: 0, stopMs: 0 })).toEqual({ finished: 0, givenBack: 0 })
    await expect(patient).resolves.toEqual({ finished: 0, givenBack: 0 })
    faulty.heal()
    hanging.resolve()
  })

  it('names the jobs whose end could not be reported', async () => {
    const { faulty, worker, logger } = await running(0)
    faulty.goAway()
    await worker.drain({ timeoutMs: 0 })
    expect(logger.lines.join('\n')).toMatch(/Job A: its end could not be reported; .* lease/)
    faulty.heal()
  })
})

describe.concurrent('a worker whose coordinator has not joined yet', () => {
  it('works once it has, and says meanwhile why not', async () => {
    const faulty = faultyStore()
    faulty.goAway()
    const logger = keepingLogger()
    const coordinator = await join({ store: faulty.store, logger, onUnavailable: 'bypass', joinMs: 0 })
    const ran: string[] = []
    await work({ coordinator, handlers: { normal: ({ jobId }) => void ran.push(jobId) } })
    await eventually(() => logger.lines.join('\n')).toContain('as the test wished')
    faulty.heal()
    const enqueue = () =>
      coordinator.enqueue([{ jobId: 'A', models: ['m'] }]).then(
        () => true,
        () => false,
      )
    await eventually(enqueue).toBe(true)
    await eventually(() => ran).toEqual(['A'])
  })
})

describe.concurrent('one attempt by itself', () => {
  const giveUp = async (normal: HandlerDefinition) => {
    const faulty = faultyStore()
    const coordinator = await join({ store: faulty.store, patienceMs: 0 })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('nothing started')
    const control = new AbortController()
    return { faulty, coordinator, control, outcome: runOne(started, coordinator, normal, control.signal) }
  }

  it('reports its end until the log has it', async () => {
    const handler = Promise.withResolvers<string>()
    const { faulty, coordinator, outcome } = await giveUp({ run: () => handler.promise })
    faulty.fail('append', 'store_unwritable')
    handler.resolve('done')
    await eventually(() => faulty.counts.append).toBeGreaterThan(0)
    faulty.heal()
    expect(await outcome).toEqual({ type: 'completed', result: new CheckedResult('done') })
    expect(await coordinator.data(['A'])).toMatchObject([{ result: 'done' }])
  })

  it('is left to its lease when its program gives up while the database is away', async () => {
    const { faulty, control, outcome } = await giveUp({
      run: async (_, { signal }) => {
        await stopped(signal)
        signal.throwIfAborted()
      },
    })
    faulty.goAway()
    control.abort()
    expect(await outcome).toEqual({ type: 'lost' })
    faulty.heal()
  })
})
