/** Each start has one owner in its process, who runs it or gives it back; what has ended stays ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { createWorkflowManager } from '../../../src/engine/workflow/index.ts'
import { migratedDatabase } from '../contract/support.ts'
import { work } from '../worker/support.ts'
import { eventsOf, join, memoryStore } from './support.ts'

type Joined = Awaited<ReturnType<typeof join>>

/** The load of 80 workflows that a process waits for, with a worker for them beside. */
async function runAll(coordinator: Joined, count: number) {
  await coordinator.setPolicy('by-model')
  const manager = createWorkflowManager({ coordinator, runStep: (_, { index }) => index })
  const worker = createJobWorker({ coordinator, concurrency: 4, handlers: { workflow: manager.handler } })
  worker.start()
  const steps = (n: number) => [0, 1].map((i) => ({ default_model: `model-${(n + i) % 5}` }))
  const results = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      manager.executeWorkflow(`run-${n}`, { steps: steps(n) }, { wait: true, hold: n % 2 ? 'step' : 'all' }),
    ),
  )
  await worker.drain()
  return results
}

describe('a worker and calls that wait, in one process', () => {
  it.each(['memory', 'PostgreSQL'])('end every workflow once (%s)', async (where) => {
    const store = where === 'memory' ? memoryStore() : postgresStore(await migratedDatabase())
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    const results = await runAll(coordinator, 80)
    expect(results.every(({ status, results }) => status === 'completed' && results.length === 2)).toBe(true)
    const { waiting, active } = coordinator.state()
    expect([...waiting(), ...active()]).toEqual([])
    const events = await eventsOf(store)
    expect(events.filter((event) => event.startsWith('queued'))).toHaveLength(80)
    await coordinator.close()
    await store.close()
  })

  it('share no start: what the worker runs, no call is let through with', async () => {
    const running = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const run = () => {
      running.resolve()
      return goOn.promise
    }
    const { coordinator } = await work({ handlers: { normal: run } })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    await running.promise
    for (const wait of [true, false]) {
      const asked = coordinator.onJobStart('a', 'normal', ['m'], { wait })
      await expect(asked).rejects.toMatchObject({ code: 'not_holder' })
    }
    goOn.resolve()
  })
})

describe('a job that has ended', () => {
  it('is not taken up, and nothing is put in line', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.onJobStart('a', 'normal', ['m'])
    const other = await join({ store })
    // Sent while the job is live as far as this process knows, and decided when it is not.
    const takenUp = other.takeUp('a', { wait: true }).catch((error) => error.code)
    await coordinator.onJobComplete('a', 'normal')
    expect(['not_holder', 'job_not_live']).toContain(await takenUp)
    await expect(coordinator.takeUp('a')).rejects.toMatchObject({ code: 'job_not_live' })
    expect((await eventsOf(store)).filter((event) => event === 'queued a')).toHaveLength(1)
  })
})

describe('a start that nobody wants', () => {
  it('is given back again and again until the queue has heard of it', async () => {
    const database = memoryDatabase()
    const plain = memoryStore(database)
    let left = 0
    const orRefused = <T>(call: () => Promise<T>): Promise<T> =>
      left-- > 0 ? Promise.reject(new InterlockError('contention', 'as the test wished')) : call()
    const mine: LogStore = {
      ...plain,
      append: (request) => orRefused(() => plain.append(request)),
    }
    const coordinator = await join({ store: mine, pollMs: 20, patienceMs: 0 })
    const other = await join({ store: memoryStore(database) })
    await other.onJobStart('before', 'normal', ['m'])
    const ready = coordinator.ready$.subscribe()
    await coordinator.onJobStart('a', 'normal', ['m'])
    ready.unsubscribe()
    left = 4
    await other.onJobComplete('before', 'normal')
    await expect.poll(() => eventsOf(plain)).toContain('requeued a')
    expect(left).toBeLessThan(0)
  })
})

describe('after the event loop stood still', () => {
  it('nothing is begun under a lease that is over, though no timer has said so yet', async () => {
    const coordinator = await join({ leaseMs: 60_000 })
    const answer = await coordinator.onJobStart('a', 'normal', ['m'])
    const lease = answer.allowed ? answer.lease : null
    if (lease === null) throw new Error('it was not let through')
    expect(coordinator.attempt(lease)).toBeDefined()
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 59_500)
    expect(coordinator.attempt(lease)).toBeUndefined()
    clock.mockRestore()
    await sleep(0)
  })
})

describe('a coordinator that is closed while it runs a workflow', () => {
  it('tells it to stop before it gives up the lease, since others may start it then', async () => {
    const database = memoryDatabase()
    const store = memoryStore(database)
    const begun = Promise.withResolvers<AbortSignal>()
    const told: string[] = []
    const leave: LogStore['leave'] = async (...of) => {
      told.push('lease given up')
      await store.leave(...of)
    }
    const coordinator = await createCoordinator({ store: { ...store, leave }, logger: silentLogger })
    const runStep = (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
      new Promise((_resolve, stop) => {
        signal.addEventListener('abort', () => {
          told.push('step told to stop')
          stop(signal.reason)
        })
        begun.resolve(signal)
      })
    const manager = createWorkflowManager({ coordinator, runStep })
    const run = manager.executeWorkflow('a', { steps: [{ default_model: 'm' }] }, { wait: true })
    const ended = expect(run).rejects.toMatchObject({ code: 'closed' })
    await begun.promise
    await coordinator.close()
    await ended
    expect(told).toEqual(['step told to stop', 'lease given up'])
  })
})

describe('the end of a job', () => {
  it('is refused under another type than it has', async () => {
    const coordinator = await join()
    await coordinator.onJobStart('a', 'workflow', ['m'])
    const wrong = coordinator.onJobComplete('a', 'normal')
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_input', message: /type workflow, not normal/ })
    const none = coordinator.onJobComplete('a', 'other' as 'normal')
    await expect(none).rejects.toMatchObject({ code: 'invalid_input' })
    await coordinator.onJobComplete('a', 'workflow')
  })

  it('says of a wrong token whether a newer attempt has the job, or nobody ever had that one', async () => {
    const coordinator = await join()
    const answer = await coordinator.onJobStart('a', 'normal', ['m'], { attempts: 3 })
    const token = answer.allowed ? (answer.lease?.fencingToken ?? 0) : 0
    const end = (fencingToken: number) => coordinator.onJobComplete('a', 'normal', { fencingToken })
    await expect(end(token - 1)).rejects.toMatchObject({ code: 'stale_token', message: /a newer attempt/ })
    await expect(end(token + 1)).rejects.toMatchObject({ code: 'stale_token', message: /no attempt of it/ })
  })
})

describe('a live job', () => {
  it('is the same with the same payload, and another with another', async () => {
    const coordinator = await join()
    const put = (payload?: unknown) =>
      coordinator.enqueue([{ jobId: 'a', models: ['m'], ...(payload === undefined ? {} : { payload }) }])
    await put({ x: 1, y: [{ b: 1, a: 2 }] })
    await put({ y: [{ a: 2, b: 1 }], x: 1 })
    await put()
    await expect(put({ x: 2 })).rejects.toMatchObject({ code: 'job_exists', message: /another payload/ })
    expect((await coordinator.data(['a']))[0]?.payload).toEqual({ x: 1, y: [{ b: 1, a: 2 }] })
  })

  it('of before, of whose payload no hash is known, is left as it is', async () => {
    const written = memoryStore()
    const before = {
      ...written,
      append: (request: Parameters<typeof written.append>[0]) =>
        written.append({ ...request, events: request.events.map(withoutHash) }),
    }
    const first = await join({ store: before })
    await first.enqueue([{ jobId: 'a', models: ['m'], payload: 1 }])
    const coordinator = await join({ store: written })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: 2 }])
    expect((await coordinator.data(['a']))[0]?.payload).toBe(1)
  })
})

function withoutHash<E extends { readonly type: string }>(event: E): E {
  if (event.type !== 'queued' || !('spec' in event)) return event
  const { payloadHash: _, ...spec } = event.spec as { readonly payloadHash?: number }
  return { ...event, spec }
}
