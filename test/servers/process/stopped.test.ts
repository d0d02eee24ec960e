import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { allEnded, attemptsOf, judge, overlaps, scene, startWorker, steady } from './support.ts'

describe('stopping workers', () => {
  it('one after the other under load, as a deploy does: nothing lost, nothing doubled, all exit 0', async () => {
    const { url, client, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    const start = () => startWorker(url, steady)
    const workers = await Promise.all([1, 2, 3, 4].map(start))
    const jobs = Array.from({ length: 120 }, (_, n) => ({
      jobId: `job-${n}`,
      models: [`model-${n % 8}`],
      attempts: 1,
      payload: { ms: 80 },
    }))
    await coordinator.enqueue(jobs)
    for (const old of [...workers]) {
      await sleep(100)
      old.child.kill('SIGTERM')
      const fresh = start()
      expect(await old.ended).toBe(0)
      workers.push(await fresh)
    }
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    // Each completed in one attempt that cost something: nothing was lost and nothing ran twice. What was started for a
    // worker in the moment in which it was told to stop went back before its handler began.
    expect(attemptsOf(events)).toMatchObject({ open: [], ends: { completed: jobs.length } })
    const failures = events.flatMap((event) => (event.type === 'failed' ? [event.code] : []))
    expect(failures.filter((code) => code !== 'released')).toEqual([])
    expect((await client.query('select from runs')).rowCount).toBe(jobs.length)
    expect(await overlaps(client)).toBe(0)
  })

  it('at the deadline gives back what does not end, at no cost of an attempt', async () => {
    const { url, coordinator, store } = await scene()
    const { child, ended } = await startWorker(url, steady)
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1, payload: { ms: 3_600_000 } }])
    await expect.poll(() => coordinator.state().activeCount, { timeout: 10_000 }).toBe(1)
    child.kill('SIGTERM')
    await sleep(100)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await coordinator.catchUp()
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 1 })
    expect((await judge(store)).violations).toEqual([])
  })
})

describe('a handler that hangs', () => {
  it('ends by its time limit, and its worker goes on', async () => {
    const { url, coordinator, store } = await scene()
    await startWorker(url, { concurrency: 1, ...steady })
    await coordinator.enqueue([
      { jobId: 'hangs', models: ['m'], attempts: 2, timeoutMs: 300, payload: { act: 'hang' } },
      { jobId: 'next', models: ['m'] },
    ])
    await allEnded(coordinator)
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    expect(attemptsOf(events).ends).toEqual({ failed: 2, completed: 1 })
    const codes = events.flatMap((event) => (event.type === 'failed' ? [event.code] : []))
    expect(codes).toEqual(['timed_out', 'timed_out'])
  })
})
