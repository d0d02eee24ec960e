import { describe, expect, it } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { eventsOf, join, keepingLogger, memoryStore } from './support.ts'

/** A store that can be cut off from the process that was given `cut`, while others still reach it. */
function cuttable() {
  const store = memoryStore()
  const state = { away: false }
  const guarded = Object.fromEntries(
    Object.entries(store).map(([name, call]) => [
      name,
      typeof call !== 'function'
        ? call
        : (...args: unknown[]) =>
            state.away
              ? Promise.reject(new InterlockError('store_unavailable', 'cut off'))
              : (call as (...args: unknown[]) => unknown).apply(store, args),
    ]),
  )
  return { store, cut: { ...store, ...guarded } as typeof store, state }
}

const quick = { patienceMs: 20, pollMs: 20 }

describe("onUnavailable: 'bypass'", () => {
  it('lets jobs run while the database is away, says so, and records it when it is back', async () => {
    const { store, cut, state } = cuttable()
    const logger = keepingLogger()
    const here = await join({ store: cut, onUnavailable: 'bypass', logger, ...quick })
    state.away = true
    expect(await here.onJobStart('A', 'normal', ['m'])).toEqual({
      allowed: true,
      lease: null,
      bypassed: true,
    })
    await here.onJobComplete('A', 'normal')
    expect(here.health()).toMatchObject({ ok: false, reachable: false })
    expect(logger.lines).toContainEqual(
      expect.stringMatching(/Database unreachable, job A \(normal\) runs without the coordinator/),
    )
    state.away = false
    await expect.poll(() => eventsOf(store)).toEqual(['bypassed A'])
    expect(await here.onJobStart('B', 'normal', ['m'])).toMatchObject({
      allowed: true,
      lease: { jobId: 'B' },
    })
  })

  it('frees a job whose end could not be reported', async () => {
    const { store, cut, state } = cuttable()
    const here = await join({ store: cut, onUnavailable: 'bypass', ...quick })
    await here.onJobStart('A', 'normal', ['m'])
    state.away = true
    await here.onJobComplete('A', 'normal')
    state.away = false
    await expect.poll(() => eventsOf(store)).toEqual(['queued A', 'started A', 'completed A'])
  })

  it('reports what is left before it closes', async () => {
    const store = memoryStore()
    const here = await join({ store, mode: 'observe', pollMs: 3_600_000 })
    await here.onJobStart('A', 'normal', ['m'])
    expect(await here.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: true, lease: null })
    await here.onJobComplete('A', 'normal')
    await here.onJobComplete('B', 'normal')
    await here.close()
    expect((await eventsOf(store)).at(-1)).toBe('cancelled B')
  })

  it('closes although the database is away', async () => {
    const { cut, state } = cuttable()
    const here = await join({ store: cut, onUnavailable: 'bypass', ...quick })
    state.away = true
    await here.onJobStart('A', 'normal', ['m'])
    await here.close()
    expect(here.health()).toMatchObject({ reachable: false })
  })

  it('takes a job out of line that stood there before it ran outside', async () => {
    const { store, cut, state } = cuttable()
    const [here, there] = [
      await join({ store: cut, onUnavailable: 'bypass', ...quick }),
      await join({ store }),
    ]
    await there.onJobStart('A', 'normal', ['m'])
    expect(await here.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: false })
    state.away = true
    expect(await here.onJobStart('B', 'normal', ['m'])).toMatchObject({ allowed: true, bypassed: true })
    await here.onJobComplete('B', 'normal')
    state.away = false
    await expect.poll(() => there.state().waitingCount).toBe(0)
    expect((await eventsOf(store)).at(-1)).toBe('cancelled B')
  })

  it('begins without the database, and joins the queue when it is there', async () => {
    const { cut, state } = cuttable()
    state.away = true
    const here = await join({ store: cut, onUnavailable: 'bypass', ...quick })
    expect(await here.onJobStart('A', 'normal', ['m'])).toMatchObject({ bypassed: true })
    state.away = false
    await expect
      .poll(() => here.onJobStart('B', 'normal', ['m']), { timeout: 3_000, interval: 100 })
      .toMatchObject({ allowed: true, lease: { jobId: 'B' } })
  })

  it('blocks unless it is asked to bypass (store_unavailable)', async () => {
    const { cut, state } = cuttable()
    const here = await join({ store: cut, ...quick })
    state.away = true
    await expect(here.onJobStart('A', 'normal', ['m'])).rejects.toMatchObject({ code: 'store_unavailable' })
    state.away = false
    await expect(join({ store: cut, onUnavailable: 'never' as never })).rejects.toThrow(
      /onUnavailable must be 'block' or 'bypass'/,
    )
  })
})

describe("mode: 'observe'", () => {
  it('answers and records what it would decide, and blocks nothing', async () => {
    const store = memoryStore()
    const logger = keepingLogger()
    const here = await join({ store, mode: 'observe', logger })
    expect(await here.onJobStart('A', 'normal', ['m'])).toMatchObject({
      allowed: true,
      lease: { jobId: 'A' },
    })
    expect(await here.onJobStart('B', 'normal', ['m'], { wait: true })).toEqual({
      allowed: true,
      lease: null,
      bypassed: true,
      observed: expect.objectContaining({ code: 'model_in_use', blockedBy: ['A'] }),
    })
    await here.onJobComplete('B', 'normal')
    await expect.poll(() => here.state().waitingCount).toBe(0)
    await here.onJobComplete('A', 'normal')
    expect(here.state().activeCount).toBe(0)
    expect(await eventsOf(store)).toEqual([
      'queued A',
      'started A',
      'queued B',
      'conflict B',
      'cancelled B',
      'completed A',
    ])
    expect(logger.lines).toContainEqual(
      expect.stringContaining('Observing: job B runs although it would wait'),
    )
  })
})
