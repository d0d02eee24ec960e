// Slow, waits 20 s: requests in so many seconds.
/** Each request has its price: who reads what others did, and when; and who follows with the user's tables. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { nextOpeningAt, type Started } from '../../../src/engine/core/index.ts'
import { concernOf } from '../../../src/engine/store/supabase/concern.ts'
import { supabaseStore } from '../../../src/engine/store/supabase/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { type Project, startMigrated, storeOn, topicOf } from '../../servers/supabase/support.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

/** Longer than any test: no heartbeat and no poll tells of anything. */
const NEVER = 3_600_000
const silent = { info: () => {}, warn: () => {}, error: () => {} }
let queues = 0

async function join(
  queue: string,
  counts: Record<string, number> = {},
  leaseMs = NEVER,
): Promise<Coordinator> {
  const client = createClient(project.url, project.keys.secret, {
    auth: { persistSession: false },
    global: { fetch: countingIn(counts) },
  })
  const store = supabaseStore(client, { pollMs: NEVER })
  const coordinator = await createCoordinator({
    store,
    queue,
    logger: silent,
    leaseMs,
    pollMs: NEVER,
  })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
    await client.realtime.disconnect()
  })
  return coordinator
}

/** Counts calls by the name of their function. */
const countingIn =
  (counts: Record<string, number>): typeof fetch =>
  (input, init) => {
    const name = /rpc\/(\w+)/.exec(String(input))?.[1] ?? 'tables'
    counts[name] = (counts[name] ?? 0) + 1
    return fetch(input, init)
  }

/** A worker with a job that runs until it is told to stop. */
async function busyWorker(queue: string, counts: Record<string, number> = {}) {
  const coordinator = await join(queue, counts)
  const running = Promise.withResolvers<AbortSignal>()
  const handler = (_: unknown, { signal }: { signal: AbortSignal }) => {
    running.resolve(signal)
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
  const worker = createJobWorker({ coordinator, handlers: { long: handler } })
  worker.start()
  atEnd(async () => void (await worker.drain({ timeoutMs: 0 })))
  return { coordinator, signal: running.promise }
}

describe.concurrent('a worker whose slots are taken', () => {
  it('does not read what others do, is told at once when it is asked to stop, and reads when it appends', async () => {
    const queue = `frugal-${++queues}`
    const other = await join(queue)
    await other.setPolicy('by-model')
    await other.enqueue([{ jobId: 'long', models: ['a'], kind: 'long' }])
    const counts: Record<string, number> = {}
    const { coordinator, signal } = await busyWorker(queue, counts)
    const stop = await signal
    await sleep(1_500)
    counts['job_queue_read'] = 0
    for (let n = 0; n < 5; n++) {
      await other.enqueue([{ jobId: `short-${n}`, models: ['b'], kind: 'short' }])
      const [started] = await other.claim({ max: 1, kinds: ['short'] })
      await other.complete((started as Started).lease)
      await sleep(300)
    }
    // One at most, as what it knows is older than 5 s.
    expect(counts['job_queue_read']).toBeLessThanOrEqual(1)
    await other.cancel('long')
    await eventually(() => stop.aborted, { timeout: 10_000 }).toBe(true)
    await eventually(() => coordinator.state().version, { timeout: 10_000 }).toBe(20)
  })

  it('reads at once what others do while a subscriber in it follows the queue', async () => {
    const queue = `frugal-${++queues}`
    const other = await join(queue)
    await other.setPolicy('by-model')
    await other.enqueue([{ jobId: 'long', models: ['a'], kind: 'long' }])
    const { coordinator, signal } = await busyWorker(queue)
    await signal
    const seen: string[] = []
    const watch = coordinator.events$.subscribe(({ type }) => seen.push(type))
    atEnd(() => watch.unsubscribe())
    await other.enqueue([{ jobId: 'short', models: ['b'], kind: 'short' }])
    await eventually(() => seen, { timeout: 10_000 }).toEqual(['queued'])
  })
})

it.concurrent('asks the database nothing when an offer runs out and nothing has to be written', async () => {
  const queue = `frugal-${++queues}`
  const counts: Record<string, number> = {}
  const one = await join(queue, counts)
  await one.setPolicy('by-model')
  // What it reads as it joins is over.
  await sleep(1_000)
  // Both are offered to all, and nobody takes them: when an offer has run out, nothing changes.
  await one.enqueue([{ jobId: 'first', models: ['m'], kind: 'a' }])
  const reads = counts['job_queue_read']
  await one.enqueue([{ jobId: 'second', models: ['n'], kind: 'b' }])
  const opening = nextOpeningAt(one.ledger(), 0)
  expect(opening).toBeDefined()
  await sleep((opening ?? 0) / 1_000 - Date.now() + 500)
  expect(counts['job_queue_read']).toBe(reads)
})

it.concurrent('a message says which processes an append concerns, as the appending process sees it', async () => {
  const queue = `frugal-${++queues}`
  const received = new Map<number, string>()
  const channel = clientOf(project, project.keys.secret)
    .channel(await topicOf(project, queue), { config: { private: true } })
    .on('broadcast', { event: 'wake' }, ({ payload }) => {
      if ('direct' in payload) received.set(payload.version, payload.concerns)
    })
  await new Promise<void>((resolve) => channel.subscribe((status) => status === 'SUBSCRIBED' && resolve()))
  const one = await join(queue)
  let held: readonly Started[] = []
  const lease = () => (held[0] as Started).lease
  const claim = { max: 1, kinds: null }
  const steps: readonly (readonly [concern: string, step: () => Promise<unknown>])[] = [
    ['free', () => one.enqueue(['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'] })))],
    ['nobody', async () => (held = await one.claim(claim))],
    ['nobody', async () => (held = await one.complete(lease(), { claim }))],
    ['free', () => one.complete(lease())],
    ['nobody', async () => (held = await one.claim(claim))],
    ['free', () => one.fail(lease())],
    ['nobody', async () => (held = await one.claim(claim))],
    ['all', () => one.cancel('c')],
    ['all', async () => (held = await one.confirmCancel(lease(), { claim }))],
    ['nobody', () => one.complete(lease())],
    ['all', () => one.setPolicy({ maxActive: 3 })],
  ]
  const store = storeOn(project, { wake: 'poll' })
  atEnd(() => store.close())
  for (const [concern, step] of steps) {
    // In 170 ms one message is sent.
    await sleep(300)
    const before = one.state().version
    await step()
    const { version } = one.state()
    await eventually(() => received.get(version), { timeout: 10_000 }).toBe(concern)
    expect(concernOf((await store.read(queue, before, 100)).events)).toBe(concern)
  }
})

it('a worker that appends all the time sends no heartbeats of its own, and keeps its lease', async () => {
  const queue = `frugal-${++queues}`
  const other = await join(queue)
  await other.setPolicy('by-model')
  await other.enqueue(Array.from({ length: 60 }, (_, n) => ({ jobId: `job-${n}`, models: ['m'] })))
  const counts: Record<string, number> = {}
  const coordinator = await join(queue, counts, 900)
  const lost: string[] = []
  const watch = coordinator.leaseLost$.subscribe(({ workerId }) => lost.push(workerId))
  atEnd(() => watch.unsubscribe())
  const times: number[] = []
  const times$ = coordinator.events$.subscribe(({ at }) => times.push(at))
  atEnd(() => times$.unsubscribe())
  const worker = createJobWorker({ coordinator, handlers: { normal: () => sleep(30) } })
  await sleep(0)
  counts['job_queue_beat'] = 0
  worker.start()
  await eventually(() => coordinator.state().waitingCount + coordinator.state().activeCount).toBe(0)
  // Longer than two leases: three beats to each of them.
  expect(lost).toEqual([])
  // On a busy machine there are times without an append: then it sends one all the same.
  const without = times.slice(1).map((at, n) => Math.floor((at - (times[n] ?? at)) / 200_000))
  expect(counts['job_queue_beat']).toBeLessThanOrEqual(2 + without.reduce((sum, beats) => sum + beats, 0))
  await worker.drain()
})

it('the rows of `jobs` follow once a second, whichever process appended, and all in the end', async () => {
  const queue = `frugal-${++queues}`
  await project.query(
    "insert into jobs (job_id, model) select 'row-' || n, 'm' || n from generate_series(0, 39) n",
  )
  const counts: Record<string, number> = {}
  const both = [await join(queue, counts), await join(queue, counts)]
  const begun = performance.now()
  for (let n = 0; n < 40; n++) {
    await both[n % 2]?.enqueue([{ jobId: `row-${n}`, models: [`m${n}`] }])
    await sleep(60)
  }
  const seconds = Math.ceil((performance.now() - begun) / 1_000)
  const unwritten = async () =>
    (await project.query("select 1 from jobs where job_id like 'row-%' and queued_at is null")).length
  await eventually(unwritten, { timeout: 15_000 }).toBe(0)
  // At once after a quiet moment, once in each second, and once by each in case that the other is gone.
  expect(counts['job_queue_project']).toBeLessThanOrEqual(2 * seconds + 3)
})

describe.concurrent('many workers that are idle', () => {
  const WORKERS = 6
  const JOBS = 10
  /**
   * Their requests of one name for a job, while one after the other arrives, and each is over before the next. Of the job in the
   * middle: while the machine does something else, messages are late, and then more of them try.
   */
  async function requestsOf(
    queue: string,
    arrive: (jobId: string) => Promise<unknown>,
    intake = false,
  ): Promise<(name: string) => number> {
    const counts: Record<string, number> = {}
    const ofJobs: Record<string, number>[] = []
    const done = new Set<string>()
    const handler = async ({ jobId }: { jobId: string }) => void done.add(jobId)
    for (let n = 0; n < WORKERS; n++) {
      const worker = createJobWorker({
        ...{ coordinator: await join(queue, counts), handlers: { normal: handler }, intake },
      })
      worker.start()
      atEnd(async () => void (await worker.drain()))
    }
    await sleep(1_500)
    for (let n = 0; n < JOBS; n++) {
      for (const name of Object.keys(counts)) counts[name] = 0
      await arrive(`${queue}-${n}`)
      await eventually(() => done.has(`${queue}-${n}`)).toBe(true)
      await sleep(300)
      ofJobs.push({ ...counts })
    }
    return (name) => ofJobs.map((job) => job[name] ?? 0).toSorted((a, b) => a - b)[JOBS / 2] ?? 0
  }

  it('do not all try to start the same job', async () => {
    const queue = `frugal-${++queues}`
    const submitter = await join(queue)
    await submitter.setPolicy('by-model')
    const requests = await requestsOf(queue, (jobId) => submitter.enqueue([{ jobId, models: ['m'] }]))
    // Each job is started and ended. If all tried, all but one would lose with each job, and then read.
    expect(requests('job_queue_append')).toBeLessThan(2 + (WORKERS - 1) / 2)
    expect(requests('job_queue_read')).toBeLessThan(1)
  })

  it('do not all look for the same row', async () => {
    const queue = 'default'
    const submitter = await join(queue)
    await submitter.setPolicy('by-model')
    const insert = (jobId: string) =>
      project.query(`insert into jobs (job_id, model) values ('${jobId}', 'm')`)
    const requests = await requestsOf(queue, insert, true)
    // If all looked, twice for each message.
    expect(requests('job_queue_claim_arrivals')).toBeLessThan((WORKERS * 2) / 2)
    expect(requests('job_queue_incoming')).toBeLessThan(WORKERS / 2)
  })
})
