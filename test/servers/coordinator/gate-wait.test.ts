import { describe, expect, it } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { eventsOf, join, keepingLogger, memoryStore } from './support.ts'

const wait = { wait: true }
const cutOff = () => Promise.reject(new InterlockError('store_unavailable', 'cut off'))

/** A store of which one process can be cut off, and the others not. */
function cuttable() {
  const store = memoryStore()
  const state = { away: false }
  const beat: typeof store.beat = (what) => (state.away ? cutOff() : store.beat(what))
  return { store, cut: { ...store, beat }, state }
}

describe('calls that wait for one job', () => {
  it('in one process are all let through by its start', async () => {
    const here = await join()
    await here.onJobStart('A', 'normal', ['m'])
    const both = [here.onJobStart('B', 'normal', ['m'], wait), here.onJobStart('B', 'normal', ['m'], wait)]
    await expect.poll(() => here.state().waitingCount).toBe(1)
    await here.onJobComplete('A', 'normal')
    const [first, second] = await Promise.all(both)
    expect(first).toMatchObject({ allowed: true, lease: { jobId: 'B' } })
    expect(second).toEqual(first)
  })

  it('give up one by one, and none for another', async () => {
    const here = await join()
    await here.onJobStart('A', 'normal', ['m'])
    const giveUp = new AbortController()
    const first = here.onJobStart('B', 'normal', ['m'], { wait: true, signal: giveUp.signal })
    const second = here.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => here.state().waitingCount).toBe(1)
    giveUp.abort(new Error('no longer'))
    await expect(first).rejects.toThrow('no longer')
    await here.onJobComplete('A', 'normal')
    expect(await second).toMatchObject({ allowed: true })
  })

  it('are not refused with one that is', async () => {
    const here = await join()
    await here.onJobStart('A', 'normal', ['m'])
    const first = here.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => here.state().waitingCount).toBe(1)
    await expect(here.onJobStart('B', 'normal', ['n'], wait)).rejects.toMatchObject({ code: 'job_exists' })
    await here.onJobComplete('A', 'normal')
    expect(await first).toMatchObject({ allowed: true })
  })

  it('share no start where each would run the job', async () => {
    const here = await join()
    await here.onJobStart('A', 'normal', ['m'])
    const sole = { wait: true, sole: true }
    const first = here.onJobStart('B', 'normal', ['m'], sole)
    const second = here.onJobStart('B', 'normal', ['m'], sole)
    const refused = expect(second).rejects.toMatchObject({ code: 'not_holder' })
    await expect.poll(() => here.state().waitingCount).toBe(1)
    await here.onJobComplete('A', 'normal')
    expect(await first).toMatchObject({ allowed: true })
    await refused
  })

  it('are told that another process has it', async () => {
    const store = memoryStore()
    const [here, there] = [await join({ store }), await join({ store })]
    await here.onJobStart('A', 'normal', ['m'])
    const first = here.onJobStart('B', 'normal', ['m'], wait)
    const refused = expect(first).rejects.toMatchObject({ code: 'not_holder' })
    await expect.poll(() => there.state().waitingCount).toBe(1)
    const second = there.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => eventsOf(store)).toContain('asked B')
    await here.onJobComplete('A', 'normal')
    expect(await second).toMatchObject({ allowed: true })
    await refused
  })

  it('get it back when the process that asked last gives up', async () => {
    const store = memoryStore()
    const [here, there] = [await join({ store, pollMs: 20 }), await join({ store })]
    await here.onJobStart('A', 'normal', ['m'])
    const first = here.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => there.state().waitingCount).toBe(1)
    const giveUp = new AbortController()
    const second = there.onJobStart('B', 'normal', ['m'], { wait: true, signal: giveUp.signal })
    const gone = expect(second).rejects.toThrow()
    await expect.poll(() => eventsOf(store)).toContain('asked B')
    giveUp.abort()
    await gone
    await here.onJobComplete('A', 'normal')
    expect(await first).toMatchObject({ allowed: true })
  })
})

describe('a process that waits and loses its lease', () => {
  it('asks again under its next id', async () => {
    const { store, cut, state } = cuttable()
    const there = await join({ store })
    const here = await join({ store: cut, leaseMs: 600, graceMs: 100, pollMs: 50 })
    await there.onJobStart('A', 'normal', ['m'])
    const waiting = here.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => there.state().waitingCount).toBe(1)
    const { workerId } = here
    state.away = true
    await expect.poll(() => here.workerId, { timeout: 10_000 }).not.toBe(workerId)
    state.away = false
    await expect.poll(() => here.health().ok, { timeout: 10_000 }).toBe(true)
    await there.onJobComplete('A', 'normal')
    expect(await waiting).toMatchObject({ allowed: true })
    expect(there.state().active()).toMatchObject([{ jobId: 'B', workerId: here.workerId }])
  })

  it('gives back what was started for its former id, at no cost of an attempt', async () => {
    const { store, cut, state } = cuttable()
    const lives = { graceMs: 60_000, pollMs: 50 }
    const there = await join({ store, ...lives })
    // The store believes the lease for longer than its process does.
    const beat: typeof store.beat = (what) => cut.beat({ ...what, ttlMs: 60_000 })
    const here = await join({ store: { ...cut, beat }, leaseMs: 600, ...lives })
    await there.onJobStart('A', 'normal', ['m'])
    const waiting = here.onJobStart('B', 'normal', ['m'], wait)
    await expect.poll(() => there.state().waitingCount).toBe(1)
    const { workerId } = here
    state.away = true
    await expect.poll(() => here.workerId, { timeout: 10_000 }).not.toBe(workerId)
    await there.onJobComplete('A', 'normal')
    state.away = false
    expect(await waiting).toMatchObject({ allowed: true })
    expect(there.state().active()).toMatchObject([{ jobId: 'B', workerId: here.workerId }])
  })
})

describe('a call that waits when the process closes', () => {
  it('is rejected by close()', async () => {
    const store = memoryStore()
    const there = await join({ store })
    const here = await createCoordinator({ store, logger: keepingLogger() })
    await there.onJobStart('A', 'normal', ['m'])
    const both = [1, 2].map(() => here.onJobStart('B', 'normal', ['m'], wait))
    const told = Promise.all(both.map((call) => expect(call).rejects.toMatchObject({ code: 'closed' })))
    await expect.poll(() => there.state().waitingCount).toBe(1)
    await here.close()
    await told
  })

  it('asks for its job no more, before anything else ends', async () => {
    const store = memoryStore()
    const there = await join({ store })
    let letGo = () => {}
    const slow = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const project: typeof store.project = async (...args) => {
      await slow
      return store.project(...args)
    }
    const here = await createCoordinator({ store: { ...store, project }, logger: keepingLogger() })
    await there.onJobStart('A', 'normal', ['m'])
    const waiting = here.onJobStart('B', 'normal', ['m'], wait)
    const told = expect(waiting).rejects.toMatchObject({ code: 'closed' })
    await expect.poll(() => there.state().waitingCount).toBe(1)
    const closing = here.close()
    await told
    await expect.poll(() => eventsOf(store)).toContain('asked B')
    await there.onJobComplete('A', 'normal')
    letGo()
    await closing
    expect(there.state().waiting()).toMatchObject([{ jobId: 'B', attempt: 0 }])
  })

  it('gives back what was started for it and what it has not heard of, at no cost of an attempt', async () => {
    const store = memoryStore()
    const there = await join({ store })
    const listen: typeof store.listen = async () => async () => {}
    const deaf = { store: { ...store, listen }, logger: keepingLogger(), pollMs: 3_600_000 }
    const here = await createCoordinator(deaf)
    await there.onJobStart('A', 'normal', ['m'])
    // It has missed that, so it decides for all for a moment. Meanwhile it would carry out the end of A, and hear of its start.
    const hasResigned = new Promise<void>((resolve) => {
      void store.listen('default', (wake) => wake.type === 'resigned' && resolve())
    })
    const told = expect(here.onJobStart('B', 'normal', ['m'], wait)).rejects.toMatchObject({ code: 'closed' })
    await hasResigned
    await there.onJobComplete('A', 'normal')
    expect(there.state().active()).toMatchObject([{ jobId: 'B', workerId: here.workerId }])
    await here.close()
    await told
    await there.catchUp()
    expect(await there.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: true })
  })

  it('gives back what is started while it closes', async () => {
    const store = memoryStore()
    const there = await join({ store })
    const here = await createCoordinator({ store, logger: keepingLogger() })
    const told = expect(here.onJobStart('A', 'normal', ['m'])).rejects.toMatchObject({ code: 'closed' })
    await here.close()
    await told
    await there.catchUp()
    expect(there.state().waiting()).toMatchObject([{ jobId: 'A', code: 'offered' }])
  })

  it('gives back what was announced on ready$ and not taken up', async () => {
    const store = memoryStore()
    const there = await join({ store })
    const here = await createCoordinator({ store, logger: keepingLogger() })
    const announced = Promise.withResolvers<void>()
    here.ready$.subscribe(() => announced.resolve())
    await there.onJobStart('A', 'normal', ['m'])
    expect(await here.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: false })
    await there.onJobComplete('A', 'normal')
    await announced.promise
    await here.close()
    await there.catchUp()
    expect(there.state()).toMatchObject({ activeCount: 0, waitingCount: 1 })
    expect(await eventsOf(store)).toContain('requeued B')
  })

  it('is told that the log went back (log_went_back)', async () => {
    const [store, older] = [memoryStore(), memoryStore()]
    await older.open('default')
    let restored = false
    const read: typeof store.read = (...args) => (restored ? older : store).read(...args)
    const here = await join({ store: { ...store, read } })
    await here.onJobStart('A', 'normal', ['m'])
    const told = expect(here.onJobStart('B', 'normal', ['m'], wait)).rejects.toMatchObject({
      code: 'log_went_back',
    })
    await expect.poll(() => here.state().waitingCount).toBe(1)
    restored = true
    await here.catchUp()
    await told
  })
})
