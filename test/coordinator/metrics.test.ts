import { describe, expect, it } from 'vitest'
import { join } from './support.ts'

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
