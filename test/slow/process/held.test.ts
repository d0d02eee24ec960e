// Slow: kills a worker, and waits for its lease and what is held after it.
import { describe, expect, it } from 'vitest'
import { allEnded, judge, scene, startWorker, steady } from '../../servers/process/support.ts'
import { eventually } from '../../support/this-test.ts'

describe.concurrent('holdAfterLossSeconds', () => {
  it('keeps a model back for so long after its holder was lost: its run may still go on at the provider', async () => {
    const { url, coordinator, store } = await scene()
    await coordinator.setPolicy({ maxActive: null, holdAfterLossSeconds: { held: 3 } })
    const holder = await startWorker(url)
    await coordinator.enqueue([
      { jobId: 'lost', models: ['held'], attempts: 1, payload: { ms: 60_000 } },
      { jobId: 'next', models: ['held'] },
    ])
    await eventually(() => coordinator.state().activeCount, { timeout: 10_000 }).toBe(1)
    await startWorker(url)
    holder.child.kill('SIGKILL')
    await eventually(() => coordinator.state().waiting()[0]?.code, { timeout: 10_000 }).toBe('model_paused')
    await allEnded(coordinator)
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    const at = (type: string, jobId: string) =>
      events.find((event) => event.type === type && 'jobId' in event && event.jobId === jobId)?.at ??
      Number.NaN
    const waited = (at('started', 'next') - at('lease_expired', 'lost')) / 1_000
    expect(waited).toBeGreaterThanOrEqual(3_000)
  })
})

describe.concurrent('a detached job', () => {
  it('outlives its worker, keeps its models, and is ended from another process by its fencing token', async () => {
    const { url, coordinator, store } = await scene()
    const { child, ended } = await startWorker(url, steady)
    await coordinator.enqueue([
      { jobId: 'away', models: ['m'], payload: { act: 'detach' } },
      { jobId: 'next', models: ['m'] },
    ])
    await eventually(() => coordinator.state().active()[0]?.workerId, { timeout: 10_000 }).toBeNull()
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await startWorker(url, steady)
    const [active] = coordinator.state().active()
    expect(active).toMatchObject({ jobId: 'away' })
    const fencingToken = active?.fencingToken ?? 0
    await expect(
      coordinator.onJobComplete('away', 'normal', { fencingToken: fencingToken - 1 }),
    ).rejects.toMatchObject({ code: 'stale_token' })
    // The webhook of the provider, in whatever process it arrives.
    await coordinator.onJobComplete('away', 'normal', { fencingToken })
    await allEnded(coordinator)
    expect((await judge(store)).violations).toEqual([])
  })

  it('that nobody ends fails at its own deadline', async () => {
    const { url, coordinator, store } = await scene()
    await startWorker(url, steady)
    await coordinator.enqueue([
      { jobId: 'away', models: ['m'], attempts: 1, payload: { act: 'detach', ms: 1_500 } },
    ])
    await allEnded(coordinator)
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'failed', code: 'timed_out', final: true })
  })
})
