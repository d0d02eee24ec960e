import { setImmediate } from 'node:timers/promises'
import { firstValueFrom, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/engine/core/index.ts'
import { join, memoryStore } from './support.ts'

const claim = { max: 1, kinds: null }

describe('pull', () => {
  it('claims in line order, and hands over with the end', async () => {
    const coordinator = await join()
    await coordinator.enqueue(['A', 'B', 'C'].map((jobId) => ({ jobId, models: ['m'] })))
    const [a] = await coordinator.claim({ max: 5, kinds: null })
    expect(a).toMatchObject({ lease: { jobId: 'A' }, attempt: 1 })
    const [b] = await coordinator.complete(a?.lease ?? never(), { claim })
    expect(b?.lease.jobId).toBe('B')
    expect(await coordinator.complete(b?.lease ?? never())).toEqual([])
    expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'C', code: 'offered' }])
  })

  it('takes only kinds it has a handler for', async () => {
    const coordinator = await join()
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'A', kind: 'x', models: ['m'] },
      { jobId: 'B', kind: 'y', models: ['n'] },
    ])
    expect(await coordinator.claim({ max: 5, kinds: ['y'] })).toMatchObject([{ lease: { jobId: 'B' } }])
  })

  it('retries while attempts are left, and keeps the position', async () => {
    const coordinator = await join()
    await coordinator.enqueue([
      { jobId: 'A', models: ['m'], attempts: 2 },
      { jobId: 'B', models: ['m'] },
    ])
    const [first] = await coordinator.claim(claim)
    const [second] = await coordinator.fail(first?.lease ?? never(), { claim })
    expect(second).toMatchObject({ lease: { jobId: 'A' }, attempt: 2 })
    const [next] = await coordinator.fail(second?.lease ?? never(), { claim })
    expect(next?.lease.jobId).toBe('B')
    await expect(coordinator.complete(first?.lease ?? never())).rejects.toMatchObject({
      code: 'job_not_active',
    })
  })

  it.each([
    [50, 1],
    [501, 2],
  ])('appends what is sent in one breath together: %i commands in %i appends', async (commands, appends) => {
    const coordinator = await join()
    await coordinator.setPolicy('by-model')
    const before = coordinator.health().counts.appends
    await Promise.all(
      Array.from({ length: commands }, (_, i) =>
        coordinator.enqueue([{ jobId: `j${i}`, models: [`m${i}`] }]),
      ),
    )
    expect(coordinator.health().counts.appends).toBe(before + appends)
  })

  it('loses nothing and doubles nothing with four processes on one queue', async () => {
    const store = memoryStore()
    const all = await Promise.all([1, 2, 3, 4].map(() => join({ store })))
    const [first] = all
    await first?.setPolicy('by-model')
    const ended: string[] = []
    const jobs = Array.from({ length: 200 }, (_, i) => ({
      jobId: `j${i}`,
      models: [`m${i % 7}`, `n${i % 3}`],
    }))
    await first?.enqueue(jobs)
    await Promise.all(
      all.map(async (coordinator) => {
        while (coordinator.state().waitingCount + coordinator.state().activeCount > 0) {
          // This store answers at once: a loop without a turn of its own keeps the timers of all four waiting, for ever if it is unlucky.
          await setImmediate()
          for (const { lease } of await coordinator.claim({ max: 2, kinds: null })) {
            await coordinator.complete(lease)
            ended.push(lease.jobId)
          }
        }
      }),
    )
    expect(ended.toSorted()).toEqual(jobs.map(({ jobId }) => jobId).toSorted())
  })

  it('shows every event once, in order, and the log replays to the same state', async () => {
    const coordinator = await join()
    const seen = new Promise((resolve) => coordinator.events$.pipe(toArray()).subscribe(resolve))
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const [a] = await coordinator.claim(claim)
    await coordinator.complete(a?.lease ?? never())
    const { version } = coordinator.state()
    await coordinator.close()
    const events = (await seen) as Parameters<typeof replay>[0]
    expect([...events].map(({ seq }) => seq)).toEqual(Array.from({ length: version }, (_, i) => i + 1))
    expect(replay(events).jobs.size).toBe(0)
  })

  it('drains: nothing starts until it is resumed', async () => {
    const coordinator = await join()
    await coordinator.enqueue([
      { jobId: 'A', models: ['m'] },
      { jobId: 'B', models: ['m'] },
    ])
    const [a] = await coordinator.claim(claim)
    await coordinator.drain()
    expect(await coordinator.complete(a?.lease ?? never(), { claim })).toEqual([])
    expect(coordinator.state()).toMatchObject({ status: 'draining', drainedAt: expect.any(Date) })
    expect(await coordinator.explain('B')).toMatchObject({ code: 'draining' })
    await coordinator.resume()
    expect(await coordinator.claim(claim)).toMatchObject([{ lease: { jobId: 'B' } }])
  })

  it('pauses a model, and resumes it (model_paused)', async () => {
    const coordinator = await join()
    const until = new Date(Date.now() + 60_000)
    await coordinator.pauseModel('m', { reason: 'provider_down', until })
    const { waiting } = await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    expect(waiting).toMatchObject([{ jobId: 'A', code: 'model_paused', until: until.getTime() * 1_000 }])
    const { workerId } = coordinator
    expect(coordinator.state().paused).toMatchObject([
      { model: 'm', reason: 'provider_down', until, by: workerId },
    ])
    expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'A', code: 'model_paused', until }])
    await coordinator.resumeModel('m')
    expect(await coordinator.claim(claim)).toMatchObject([{ lease: { jobId: 'A' } }])
    await expect(coordinator.pauseModel('m', { reason: 'Quota!' })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })

  it('resumes a model by itself when its pause ends, and wakes the processes that claim', async () => {
    const coordinator = await join({ pollMs: 60_000 })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await coordinator.pauseModel('m', { reason: 'provider_down', until: new Date(Date.now() + 100) })
    await firstValueFrom(coordinator.wake$)
    expect(await coordinator.claim(claim)).toMatchObject([{ lease: { jobId: 'A' } }])
  })

  it('starts what waited for a rate as soon as its window opens, whenever the next poll is', async () => {
    const coordinator = await join({ pollMs: 60_000 })
    await coordinator.setPolicy({ maxActive: null, rate: { m: { starts: 1, perSeconds: 0.2 } } })
    const at = async (jobId: string) => {
      await coordinator.onJobStart(jobId, 'normal', ['m'], { wait: true })
      const [job] = coordinator.state().active()
      await coordinator.onJobComplete(jobId, 'normal')
      return job?.startedAt.getTime() ?? 0
    }
    const first = await at('A')
    expect((await at('B')) - first).toBeGreaterThanOrEqual(200)
  })

  it('detaches an attempt from its process until a time of its own', async () => {
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const [a] = await coordinator.claim(claim)
    const until = new Date(Date.now() + 60_000)
    await coordinator.detach(a?.lease ?? never(), { until })
    expect(coordinator.state().active()).toMatchObject([{ jobId: 'A', workerId: null, detachedUntil: until }])
    await expect(coordinator.onJobComplete('A', 'normal')).rejects.toMatchObject({ code: 'not_holder' })
    await coordinator.complete(a?.lease ?? never())
    const late = coordinator.detach(a?.lease ?? never(), { until: new Date(Number.NaN) })
    await expect(late).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('lets a worker look again as soon as an offer ahead has run out, whenever the next poll is', async () => {
    const coordinator = await join({ pollMs: 60_000 })
    await coordinator.setPolicy({ offerMs: 100 })
    await coordinator.enqueue([{ jobId: 'A', models: ['a'], kind: 'rare' }])
    const asked = coordinator.onJobStart('B', 'normal', ['b'], { wait: true })
    expect(await asked).toMatchObject({ allowed: true, lease: { jobId: 'B' } })
  })

  it('runs the machine beside the queue, event by event', async () => {
    const coordinator = await join()
    const machine = coordinator.machine()
    const states: unknown[] = []
    machine.subscribe(({ value }) => states.push(value))
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    const [a] = await coordinator.claim(claim)
    await coordinator.drain()
    await coordinator.complete(a?.lease ?? never())
    expect(states).toEqual([
      'idle',
      'running',
      { draining: 'emptying' },
      { draining: 'emptying' },
      { draining: 'drained' },
    ])
    expect(machine.ledger.version).toBe(coordinator.state().version)
  })

  it('says why a job waits: no worker has a handler for it', async () => {
    const coordinator = await join()
    coordinator.offering(['other'], 1)
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    expect(await coordinator.explain('A')).toMatchObject({ code: 'no_worker', blockedBy: null, position: 0 })
    expect(await coordinator.explain('never')).toBeUndefined()
  })
})

function never(): never {
  throw new Error('nothing was started')
}
