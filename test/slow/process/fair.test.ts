// Slow, 34 s: two processes, and how many jobs each of them gets.
import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { allEnded, attemptsOf, judge, scene, startWorker, steady } from '../../servers/process/support.ts'

const started = (events: readonly RecordedEvent[], model: string) =>
  events.filter((event) => event.type === 'started' && event.models.includes(model))

/**
 * Each job has one attempt, and ran. On a busy machine a process may not take up a start in time: it gives it back, which costs
 * no attempt, and the job starts again.
 */
function expectEachRan(events: readonly RecordedEvent[], jobs: number): void {
  const again = events.flatMap((event) => (event.type === 'requeued' ? [event.reason] : []))
  expect(again.filter((reason) => reason !== 'unacknowledged')).toEqual([])
  expect(attemptsOf(events)).toMatchObject({ open: [], ends: { completed: jobs } })
}

describe('four models for each slot of two worker processes', () => {
  it('are worked on by both, though each end starts the next job of its model', async () => {
    const { url, client, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    const jobs = Array.from({ length: 480 }, (_, n) => ({
      jobId: `job-${n}`,
      models: [`model-${n % 48}`],
      attempts: 1,
      payload: { ms: 20 },
    }))
    const each = { concurrency: 6, ...steady }
    await startWorker(url, each)
    await startWorker(url, each)
    // Only now: on a busy machine, the first one could have done most of them before the second one is there.
    await coordinator.enqueue(jobs)
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    expectEachRan(events, jobs.length)
    const { rows } = await client.query('select count(*)::int as ran from runs group by pid order by 1')
    expect(rows).toHaveLength(2)
    expect(rows[0].ran).toBeGreaterThan(jobs.length / 4)
  })
})

describe('ten models, and handlers that compute', () => {
  it('are worked on by both of two processes, though one of them has slots for all', async () => {
    const { url, client, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    const jobs = Array.from({ length: 200 }, (_, n) => ({
      jobId: `job-${n}`,
      models: [`model-${n % 10}`],
      attempts: 1,
      payload: { burnMs: 40 },
    }))
    const each = { concurrency: 10, ...steady }
    await startWorker(url, each)
    await startWorker(url, each)
    await coordinator.enqueue(jobs)
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    expectEachRan(events, jobs.length)
    const { rows } = await client.query('select count(*)::int as ran from runs group by pid order by 1')
    expect(rows).toHaveLength(2)
    expect(rows[0].ran).toBeGreaterThan(jobs.length / 4)
  })
})

describe('a model that is paused for 3 s under load', () => {
  it('starts none of its jobs, while others flow, and no attempt is used up', async () => {
    const { url, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    await Promise.all([startWorker(url, steady), startWorker(url, steady)])
    const jobs = Array.from({ length: 80 }, (_, n) => ({
      jobId: `job-${n}`,
      models: [n % 2 === 0 ? 'paused' : 'open'],
      attempts: 1,
      payload: { ms: 80 },
    }))
    await coordinator.enqueue(jobs)
    await expect.poll(() => coordinator.metrics().ended.completed, { timeout: 20_000 }).toBeGreaterThan(4)
    const until = new Date(coordinator.now() / 1_000 + 3_000)
    await coordinator.pauseModel('paused', { reason: 'provider_down', until })
    expect(
      coordinator
        .state()
        .waiting()
        .filter(({ code }) => code === 'model_paused').length,
    ).toBeGreaterThan(0)
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    const pausedAt = events.find(({ type }) => type === 'model_paused')?.at ?? Number.NaN
    const resumedAt = events.find(({ type }) => type === 'model_resumed')?.at ?? Number.NaN
    expect(resumedAt).toBeGreaterThanOrEqual(until.getTime() * 1_000)
    const during = (model: string) =>
      started(events, model).filter(({ at }) => at > pausedAt && at < resumedAt).length
    expect(during('paused')).toBe(0)
    expect(during('open')).toBeGreaterThan(5)
    expectEachRan(events, jobs.length)
  })
})

describe('a rate of 5 starts a second', () => {
  it('is kept in every window of a second, and used to the full', async () => {
    const { url, coordinator, store } = await scene()
    await coordinator.setPolicy({
      maxActive: null,
      capacity: { limited: 50 },
      rate: { limited: { starts: 5, perSeconds: 1 } },
    })
    await Promise.all([1, 2].map(() => startWorker(url, { concurrency: 10, ...steady })))
    await coordinator.enqueue(
      Array.from({ length: 24 }, (_, n) => ({ jobId: `job-${n}`, models: ['limited'] })),
    )
    await allEnded(coordinator)
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    const times = started(events, 'limited').map(({ at }) => at)
    expect(times).toHaveLength(24)
    const inWindow = times.map((at, n) => times.slice(n).filter((other) => other - at <= 1_000_000).length)
    // A process wakes by itself when a window opens: nothing else happens that could wake it.
    expect(Math.max(...inWindow)).toBe(5)
  })
})

describe('a customer with many jobs at once (fairShare)', () => {
  it("delays nobody else: the other customer's wait is one job long", async () => {
    const { url, coordinator, store } = await scene()
    await coordinator.setPolicy({ maxActive: null, fairShare: { spacingSeconds: 60 } })
    const flood = Array.from({ length: 5_000 }, (_, n) => ({
      jobId: `flood-${n}`,
      models: ['flux-dev'],
      fairKey: 'customer-1',
    }))
    await coordinator.enqueue(flood)
    const { child } = await startWorker(url, { concurrency: 1, ...steady })
    await expect.poll(() => coordinator.metrics().ended.completed, { timeout: 20_000 }).toBeGreaterThan(10)
    await coordinator.enqueue([{ jobId: 'other', models: ['flux-dev'], fairKey: 'customer-2' }])
    await expect
      .poll(async () => (await coordinator.explain('other'))?.code, { timeout: 20_000 })
      .toBe('completed')
    child.kill('SIGTERM')
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    const of = (type: string) =>
      events.findIndex((event) => event.type === type && 'jobId' in event && event.jobId === 'other')
    const passed = events.slice(of('queued'), of('started')).filter(({ type }) => type === 'started')
    expect(passed.length).toBeLessThanOrEqual(1)
  })
})
