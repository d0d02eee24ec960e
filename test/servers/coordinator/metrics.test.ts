import { describe, expect, it, vi } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { join, memoryStore } from './support.ts'

describe('metrics', () => {
  it('are plain numbers of what waits, for how long, and what ended', async () => {
    const coordinator = await join({ pollMs: 20 })
    await coordinator.enqueue([
      { jobId: 'A', models: ['m'] },
      { jobId: 'B', models: ['m'] },
      { jobId: 'later', models: ['m'], runAt: new Date(Date.now() + 60_000) },
    ])
    await expect.poll(() => coordinator.metrics().oldestOfferMs).toBeGreaterThanOrEqual(50)
    expect(coordinator.metrics()).toMatchObject({
      activeCount: 0,
      waitingCount: 3,
      offeredCount: 1,
      lagEvents: 0,
    })
    expect(coordinator.metrics().oldestWaitingMs).toBeGreaterThanOrEqual(50)
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('nothing was started')
    await coordinator.complete(started.lease)
    expect(coordinator.metrics()).toMatchObject({ ended: { completed: 1, failed: 0 }, waitingCount: 2 })
    await expect.poll(() => coordinator.metrics().lagMs).toBeLessThan(20)
  })

  it('count a job that failed once, and no attempt that another one follows', async () => {
    const coordinator = await join({ pollMs: 20 })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 2 }])
    const next = async () => {
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started === undefined) throw new Error('nothing was started')
      return started.lease
    }
    await coordinator.release(await next(), 'later')
    await coordinator.fail(await next())
    expect(coordinator.metrics()).toMatchObject({ ended: { failed: 0 }, died: 0 })
    await coordinator.fail(await next())
    expect(coordinator.metrics()).toMatchObject({ ended: { failed: 1 }, died: 1 })
  })
})

describe('vitals', () => {
  it('say what a process knows of itself, and ask nobody', async () => {
    const store = memoryStore()
    const coordinator = await join({ store, pollMs: 3_600_000 })
    const { leaseMs, ...vitals } = coordinator.vitals()
    expect(leaseMs).toBeGreaterThan(0)
    expect(vitals).toMatchObject({
      ...{ workerId: coordinator.workerId, ok: true, reachable: true, freeSlots: 0, staleWrites: 0 },
      ...{ counts: { lost: 0, retried: 0 }, log: { lastSeq: 0, archivedSeq: 0 }, intake: null },
      catchUp: { events: 0 },
    })
    const unanswered = vi.spyOn(store, 'append')
    unanswered.mockRejectedValueOnce(new InterlockError('store_unavailable', 'for this test'))
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('nothing was started')
    const { fencingToken, ...lease } = started.lease
    const stale = coordinator.complete({ ...lease, fencingToken: fencingToken - 1 })
    await expect(stale).rejects.toMatchObject({ code: 'stale_token' })
    await coordinator.takeIn({ max: 10 })
    const other = await join({ store, pollMs: 3_600_000 })
    await other.enqueue([{ jobId: 'B', models: ['m'] }])
    await coordinator.catchUp()
    expect(coordinator.vitals()).toMatchObject({
      ...{ staleWrites: 1, counts: { retried: 1 }, log: { lastSeq: 3 + 1 } },
      ...{ intake: { rows: 0, ms: expect.any(Number) } },
    })
    const reads = vi.spyOn(store, 'read')
    coordinator.vitals()
    expect(reads).not.toHaveBeenCalled()
  })
})
