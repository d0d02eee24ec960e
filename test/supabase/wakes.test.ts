/** Wake-ups by Realtime: what comes, what is lost, and what is done about it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { type SupabaseOptions, supabaseClient } from '../../src/adapter/supabase/index.ts'
import { WakeChannel } from '../../src/adapter/supabase/wake-channel.ts'
import { type Coordinator, createCoordinator } from '../../src/coordinator/index.ts'
import { appendNow, queuedEvent } from '../../src/testing/index.ts'
import { clientOf } from '../dev/support.ts'
import { startCut } from './cut.ts'
import { type Project, startMigrated, storeOn } from './support.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated('alter publication supabase_realtime add table job_queue_state')
})
afterAll(() => project.close())

/** Longer than any test: nobody finds anything by asking. */
const NEVER = 3_600_000
const silent = { info: () => {}, warn: () => {}, error: () => {} }
let queues = 0
const freshQueue = () => `wakes-${++queues}`

async function join(queue: string, url = project.url, options: SupabaseOptions = {}): Promise<Coordinator> {
  const store = storeOn({ url, keys: project.keys }, { pollMs: NEVER, ...options })
  const times = { leaseMs: NEVER, pollMs: NEVER }
  const coordinator = await createCoordinator({ store, queue, logger: silent, ...times })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  return coordinator
}

/** A job that waits for another one in the second process is started by a wake-up alone. */
async function handOver(from: Coordinator, to: Coordinator, id: string): Promise<void> {
  await from.onJobStart(`${id}-first`, 'normal', ['m'])
  const waiting = to.onJobStart(`${id}-second`, 'normal', ['m'], { wait: true })
  await expect.poll(() => from.state().waitingCount, { timeout: 10_000 }).toBe(1)
  await from.onJobComplete(`${id}-first`, 'normal')
  expect(await waiting).toMatchObject({ allowed: true })
  await to.onJobComplete(`${id}-second`, 'normal')
}

describe('another process', () => {
  it.each(['broadcast', 'postgres_changes'] as const)('is woken by %s', async (wake) => {
    const queue = freshQueue()
    const [a, b] = [await join(queue, project.url, { wake }), await join(queue, project.url, { wake })]
    await handOver(a, b, 'x')
    await handOver(b, a, 'y')
  })

  it('is woken by a process that has a connection to the database', async () => {
    const queue = freshQueue()
    const b = await join(queue)
    const store = postgresStore(project.databaseUrl)
    const a = await createCoordinator({ store, queue, logger: silent })
    onTestFinished(async () => {
      await a.close()
      await store.close()
    })
    await handOver(a, b, 'x')
  })

  it('asks while Realtime is cut, and is woken again when it is back', { timeout: 60_000 }, async () => {
    const queue = freshQueue()
    const cut = await startCut(project.url)
    const [a, b] = [await join(queue, cut.url, { pollMs: 100 }), await join(queue, cut.url, { pollMs: 100 })]
    await expect.poll(() => cut.quietFor(400), { timeout: 10_000 }).toBe(true)
    cut.cut()
    for (let n = 0; n < 5; n++) await handOver(a, b, `cut-${n}`)
    cut.heal()
    // Whoever has joined again asks no more.
    await expect.poll(() => cut.quietFor(400), { timeout: 30_000 }).toBe(true)
    for (let n = 0; n < 5; n++) await handOver(a, b, `healed-${n}`)
  })

  it('finds what was appended between SUBSCRIBED and the first change', async () => {
    const late = await startMigrated('alter publication supabase_realtime add table job_queue_state', {
      changesAfterMs: 1_500,
    })
    onTestFinished(() => late.close())
    const store = storeOn(late, { wake: 'postgres_changes', pollMs: NEVER })
    onTestFinished(() => store.close())
    await store.open('q')
    const woken: (number | undefined)[] = []
    await store.listen('q', (version) => woken.push(version))
    const atSubscribed = woken.length
    await appendNow(store, 'q', [queuedEvent('a')])
    await expect.poll(() => woken.length, { timeout: 10_000 }).toBeGreaterThan(atSubscribed)
  })
})

/** The versions that a plain client hears of. */
async function listenTo(queue: string): Promise<number[]> {
  const heard: number[] = []
  const channel = clientOf(project, project.keys.secret)
    .channel(`interlock:${queue}`, { config: { private: true } })
    .on('broadcast', { event: 'wake' }, ({ payload }) => heard.push(payload.version))
  await new Promise<void>((resolve) => channel.subscribe((status) => status === 'SUBSCRIBED' && resolve()))
  return heard
}

describe('the database', () => {
  it('sends a few messages a second at most, with queue and version and nothing else', async () => {
    const queue = freshQueue()
    const heard = await listenTo(queue)
    const store = storeOn(project, { wake: 'poll' })
    onTestFinished(() => store.close())
    const begun = performance.now()
    for (let n = 0; n < 40; n++) await appendNow(store, queue, [queuedEvent(`job-${n}`)])
    // One in 250 ms, and what is urgent up to 3 ahead of that.
    const most = Math.ceil((performance.now() - begun) / 250) + 1 + 3
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    expect(heard.length).toBeLessThanOrEqual(most)
    // The last version is not told of; whoever heard the message before it looks again.
    const b = await join(queue)
    await expect.poll(() => b.state().version).toBe(40)
  })

  it('tells of what somebody may wait for at once, and of the rest by turns', async () => {
    const queue = freshQueue()
    const one = await join(queue)
    await one.setPolicy('by-model')
    await one.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: [jobId] })))
    await sleep(1_000)
    const heard = await listenTo(queue)
    const claim = { max: 1, kinds: null }
    const versions: number[] = []
    for (let n = 0; n < 3; n++) {
      await one.claim(claim)
      versions.push(one.state().version)
    }
    await one.enqueue([{ jobId: 'd', models: ['d'] }])
    versions.push(one.state().version)
    await expect.poll(() => heard, { timeout: 150, interval: 10 }).toEqual([versions[0], versions[3]])
  })

  it('tells of what comes over a connection by turns, and that it did', async () => {
    const queue = freshQueue()
    const store = storeOn(project, { wake: 'poll' })
    onTestFinished(() => store.close())
    await store.open(queue)
    const heard = await listenTo(queue)
    const direct = postgresStore(project.databaseUrl)
    onTestFinished(() => direct.close())
    for (let n = 0; n < 3; n++) await appendNow(direct, queue, [queuedEvent(`job-${n}`)])
    await expect.poll(() => heard).toEqual([1])
  })

  it('goes on when Realtime fails', async () => {
    const broken = await startMigrated()
    onTestFinished(() => broken.close())
    await broken.query('drop function realtime.send(jsonb, text, text, boolean)')
    const store = storeOn(broken, { wake: 'poll' })
    onTestFinished(() => store.close())
    expect(await appendNow(store, 'q', [queuedEvent('a')])).toMatchObject({ ok: true })
  })
})

describe('a channel', () => {
  const opened = async (queue: string, more: { silenceMs?: number } = {}) => {
    const client = supabaseClient(project.url, project.keys.secret)
    let wakes = 0
    const channel = new WakeChannel({
      client,
      queue,
      source: 'broadcast',
      pollMs: NEVER,
      onWake: () => wakes++,
      ...more,
    })
    await channel.open()
    onTestFinished(async () => {
      await channel.close()
      await client.realtime.disconnect()
    })
    return { client, channel, wakes: () => wakes }
  }

  it('that does not tell the news is joined anew', async () => {
    const { channel, wakes } = await opened(freshQueue(), { silenceMs: 100 })
    const before = wakes()
    channel.saw(5)
    await new Promise((resolve) => setTimeout(resolve, 150))
    channel.saw(6)
    await expect.poll(wakes, { timeout: 5_000 }).toBeGreaterThan(before)
  })

  it('that the program closes behind our back is opened anew', async () => {
    const { client, wakes } = await opened(freshQueue())
    const before = wakes()
    await client.removeAllChannels()
    await expect.poll(wakes, { timeout: 5_000 }).toBeGreaterThan(before)
  })
})
