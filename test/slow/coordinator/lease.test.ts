// Slow: leases of less than a second run out.
import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { CoordinatorOptions } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { join, keepingLogger, memoryStore } from '../../servers/coordinator/support.ts'
import { eventually } from '../../support/this-test.ts'

// Long enough for a busy machine to send its beats in time.
const short = { leaseMs: 900, graceMs: 100, pollMs: 50 }

describe.concurrent('leases', () => {
  it('gives the job of a process that stopped beating to another; the first cannot end it any more: stale_token', async () => {
    const store = memoryStore()
    // A process that is cut off: its beats never reach the store again.
    let cut = false
    const beat: typeof store.beat = (what) =>
      cut ? Promise.reject(new InterlockError('store_unavailable', 'cut off')) : store.beat(what)
    const [lost, alive] = [
      await join({ store: { ...store, beat }, ...short }),
      await join({ store, ...short }),
    ]
    await lost.enqueue([{ jobId: 'A', models: ['m'] }])
    const [first] = await lost.claim({ max: 1, kinds: null })
    cut = true
    await eventually(() => alive.state().waitingCount, { timeout: 10_000 }).toBe(1)
    const [second] = await alive.claim({ max: 1, kinds: null })
    expect(second).toMatchObject({ lease: { jobId: 'A' }, attempt: 2 })
    if (first === undefined) throw new Error('nothing was started')
    await expect(lost.complete(first.lease)).rejects.toMatchObject({ code: 'stale_token' })
    expect(alive.state().active()).toMatchObject([{ jobId: 'A', workerId: alive.workerId }])
  })

  it('end with what their process serves, and it says so again under its next id', async () => {
    const store = memoryStore()
    let cut = false
    const beat: typeof store.beat = (what) =>
      cut ? Promise.reject(new InterlockError('store_unavailable', 'cut off')) : store.beat(what)
    const [lost, alive] = [
      await join({ store: { ...store, beat }, ...short }),
      await join({ store, ...short }),
    ]
    await alive.setPolicy({ capacity: { m: ['host1:0'] } })
    await lost.claim({ max: 1, serves: ['host1:*'] })
    const { workerId } = lost
    cut = true
    const last = async () => (await store.read('default', 0, 100)).events.at(-1)
    await eventually(last, { timeout: 10_000 }).toMatchObject({ type: 'worker_gone', workerId })
    cut = false
    await eventually(() => lost.health().leaseLost, { timeout: 10_000 }).toBe(false)
    await lost.claim({ max: 1, serves: ['host1:*'] })
    expect(await last()).toMatchObject({ type: 'worker_serves', workerId: lost.workerId })
    expect(lost.workerId).not.toBe(workerId)
  })

  it('outlive a beat that is never answered', async () => {
    const store = memoryStore()
    let beats = 0
    const beat: typeof store.beat = (what) => (++beats === 2 ? new Promise(() => {}) : store.beat(what))
    const here = await join({ store: { ...store, beat }, leaseMs: 3_000, pollMs: 50 })
    const { workerId } = here
    await eventually(() => beats, { timeout: 10_000 }).toBeGreaterThan(3)
    await eventually(() => here.health()).toMatchObject({ ok: true, workerId })
  })

  it('go on under the next id at once, though a beat of the last one hangs', async () => {
    const store = memoryStore()
    const state = { hangs: false }
    const beat: typeof store.beat = (what) => (state.hangs ? new Promise(() => {}) : store.beat(what))
    const here = await join({ store: { ...store, beat }, leaseMs: 600, graceMs: 100, pollMs: 50 })
    const { workerId } = here
    state.hangs = true
    await eventually(() => here.workerId, { timeout: 10_000 }).not.toBe(workerId)
    expect(here.health()).toMatchObject({ ok: false, leaseLost: true })
    state.hangs = false
    await eventually(() => here.health().leaseLost, { timeout: 10_000 }).toBe(false)
    await here.enqueue([{ jobId: 'A', models: ['m'] }])
    expect(await here.claim({ max: 1, kinds: null })).toMatchObject([{ lease: { jobId: 'A' } }])
  })

  it('that others have ended are lost with the event that says so, and one call brings the process back', async () => {
    const store = memoryStore()
    const beats: string[] = []
    const beat: typeof store.beat = (what) => {
      beats.push(what.workerId)
      return store.beat(what)
    }
    const refusals: string[] = []
    const append: typeof store.append = async (request) => {
      const answer = await store.append(request)
      if (!answer.ok) refusals.push(answer.reason)
      return answer
    }
    const here = await join({ store: { ...store, beat, append } })
    const { workerId } = here
    const signals: AbortSignal[] = []
    const worker = createJobWorker({
      coordinator: here,
      handlers: {
        normal: (_, { signal }) => {
          signals.push(signal)
          return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        },
      },
    })
    worker.start()
    await here.enqueue([{ jobId: 'A', models: ['m'] }])
    await eventually(() => signals.length).toBe(1)
    beats.splice(0)
    // As when its clock, or the whole machine, stood still meanwhile: it does not know that its time is up.
    await store.leave('default', workerId)
    const lost = firstValueFrom(here.leaseLost$)
    await join({ store })
    expect(await lost).toEqual({ workerId })
    await eventually(() => signals.length).toBe(2)
    expect(beats).toEqual([here.workerId])
    expect(worker.metrics()).toMatchObject({ lost: 1, completed: 0 })
    expect(here.vitals().staleWrites).toBe(0)
    expect(refusals).not.toContain('dead_worker')
    await worker.drain({ timeoutMs: 0 })
  })

  it('are lost once, when a beat says so, and the next id is registered before it starts anything', async () => {
    const store = memoryStore()
    const logger = keepingLogger()
    const state = { lost: false }
    const beat: typeof store.beat = async (what) => {
      const answer = await store.beat(what)
      if (!state.lost) return answer
      state.lost = false
      return { ...answer, alive: false }
    }
    const here = await join({ store: { ...store, beat }, logger, leaseMs: 3_000 })
    await here.enqueue([{ jobId: 'A', models: ['m'] }])
    const claimed = firstValueFrom(here.leaseLost$).then(() => here.claim({ max: 1, kinds: null }))
    state.lost = true
    expect(await claimed).toMatchObject([{ lease: { jobId: 'A' }, workerId: here.workerId }])
    expect(logger.lines.filter((line) => line.includes('Lease of worker'))).toHaveLength(1)
  })

  it('are left to run out when the database does not answer a process that leaves', async () => {
    const store = memoryStore()
    const logger = keepingLogger()
    const leaving = await join({ store: { ...store, leave: () => new Promise(() => {}) }, logger })
    await leaving.close()
    expect(logger.lines).toContainEqual(expect.stringContaining('Closed without waiting for the database'))
  })

  it('refuses options out of range, and names them (invalid_input)', async () => {
    const refused = (options: Partial<CoordinatorOptions>) => expect(join(options)).rejects
    await refused({ leaseMs: 5 }).toThrow(/leaseMs must be milliseconds from 100/)
    await refused({ pollMs: Number.NaN }).toMatchObject({
      code: 'invalid_input',
      details: { path: 'pollMs' },
    })
    await refused({ queue: '' }).toMatchObject({ code: 'invalid_input' })
  })
})

describe.concurrent('health', () => {
  it('of a process that sends no commands is good again after a beat that failed', async () => {
    const store = memoryStore()
    let beats = 0
    const cutOff = () => Promise.reject(new InterlockError('store_unavailable', 'cut off'))
    const beat: typeof store.beat = (what) => (++beats === 2 ? cutOff() : store.beat(what))
    const here = await join({ store: { ...store, beat }, leaseMs: 900, pollMs: 3_600_000 })
    await eventually(() => here.health().reachable, { timeout: 10_000, interval: 10 }).toBe(false)
    await eventually(() => here.health(), { timeout: 10_000 }).toMatchObject({ ok: true, lastError: null })
  })

  it('is good again after a read that failed', async () => {
    const store = memoryStore()
    const state = { away: false }
    const read: typeof store.read = (...args) =>
      state.away ? Promise.reject(new InterlockError('store_unavailable', 'cut off')) : store.read(...args)
    const here = await join({ store: { ...store, read }, leaseMs: 3_600_000, pollMs: 20, patienceMs: 10 })
    state.away = true
    await eventually(() => here.health().reachable).toBe(false)
    state.away = false
    await eventually(() => here.health()).toMatchObject({ ok: true, lastError: null })
  })

  it('knows a refusal from a database that is away', async () => {
    const store = memoryStore()
    const logger = keepingLogger()
    const held = Promise.withResolvers<void>()
    const state = { holds: false, appends: 0 }
    const append: typeof store.append = async (request) => {
      state.appends++
      if (state.holds) await held.promise
      return store.append(request)
    }
    const [here, there] = [await join({ store: { ...store, append }, logger }), await join({ store })]
    const ready = here.ready$.subscribe()
    await there.onJobStart('A', 'normal', ['m'])
    await here.onJobStart('B', 'normal', ['m'])
    ready.unsubscribe()
    state.holds = true
    const { appends } = state
    await there.onJobComplete('A', 'normal')
    // It gives back what nobody takes up any more, and comes too late with that.
    await eventually(() => state.appends).toBeGreaterThan(appends)
    const [{ fencingToken } = { fencingToken: 0 }] = there.state().active()
    await there.onJobComplete('B', 'normal', { fencingToken })
    held.resolve()
    await here.close()
    expect(here.health()).toMatchObject({ reachable: true, lastError: null })
    expect(logger.lines.filter((line) => line.includes('not active'))).toEqual([])
  })

  it('that have ended already are settled by the next process that joins, without a warning', async () => {
    const store = memoryStore()
    let cut = false
    const beat: typeof store.beat = (what) => (cut ? new Promise(() => {}) : store.beat(what))
    const lost = await join({ store: { ...store, beat }, ...short })
    await lost.enqueue([{ jobId: 'A', models: ['m'] }])
    await lost.claim({ max: 1, kinds: null })
    cut = true
    const isOver = async () => (await store.workers('default')).every(({ state }) => state === 'late')
    await eventually(isOver, { timeout: 10_000 }).toBe(true)
    const logger = keepingLogger()
    const next = await join({ store, logger, ...short })
    await eventually(() => next.state().activeCount, { timeout: 10_000 }).toBe(0)
    expect(logger.lines.join()).not.toContain('not been reached')
  })
})
