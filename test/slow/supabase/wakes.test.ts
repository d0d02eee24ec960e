// Slow: what comes and does not come within half a second.
/** Wake-ups by Realtime: what comes, what is lost, and what is done about it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { Wake } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import {
  type SupabaseOptions,
  supabaseClient,
  supabaseStore,
} from '../../../src/engine/store/supabase/index.ts'
import { WakeChannel, type WakeChannelOptions } from '../../../src/engine/store/supabase/wake-channel.ts'
import { appendNow, queuedEvent } from '../../servers/contract/hand-made.ts'
import { type Project, startMigrated, storeOn, topicOf } from '../../servers/supabase/support.ts'
import { atEnd, eventually } from '../../support/this-test.ts'
import { startCut } from './cut.ts'

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
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return coordinator
}

/** A job that waits for another one in the second process is started by a wake-up alone. */
async function handOver(from: Coordinator, to: Coordinator, id: string): Promise<void> {
  await from.onJobStart(`${id}-first`, 'normal', ['m'])
  const waiting = to.onJobStart(`${id}-second`, 'normal', ['m'], { wait: true })
  await eventually(() => from.state().waitingCount, { timeout: 10_000 }).toBe(1)
  await from.onJobComplete(`${id}-first`, 'normal')
  expect(await waiting).toMatchObject({ allowed: true })
  await to.onJobComplete(`${id}-second`, 'normal')
}

describe.concurrent('another process with supabaseStore', () => {
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
    atEnd(async () => {
      await a.close()
      await store.close()
    })
    await handOver(a, b, 'x')
  })

  it('is woken as well when its store shares a client, and stays so when the other store is closed', async () => {
    const queue = freshQueue()
    const client = supabaseClient(project.url, project.keys.secret)
    atEnd(async () => void (await client.realtime.disconnect()))
    const warnings: string[] = []
    const logger = { ...silent, warn: (message: unknown) => void warnings.push(String(message)) }
    const openOver = async () => {
      const store = supabaseStore(client, { pollMs: NEVER })
      const times = { leaseMs: NEVER, pollMs: NEVER }
      return { store, coordinator: await createCoordinator({ store, queue, logger, ...times }) }
    }
    const [a, b] = [await openOver(), await openOver()]
    // The second join of a topic on one connection would end the first, and the store would ask instead.
    expect(warnings).toEqual([])
    await handOver(a.coordinator, b.coordinator, 'x')
    await b.coordinator.close()
    await b.store.close()
    const far = await join(queue)
    await handOver(far, a.coordinator, 'y')
    await a.coordinator.close()
    await a.store.close()
  })

  it('asks while Realtime is cut, and is woken again when it is back', { timeout: 60_000 }, async () => {
    const queue = freshQueue()
    const cut = await startCut(project.url)
    const [a, b] = [await join(queue, cut.url, { pollMs: 100 }), await join(queue, cut.url, { pollMs: 100 })]
    await eventually(() => cut.quietFor(400), { timeout: 10_000 }).toBe(true)
    cut.cut()
    for (let n = 0; n < 5; n++) await handOver(a, b, `cut-${n}`)
    cut.heal()
    // A process that has joined again asks no more.
    await eventually(() => cut.quietFor(400), { timeout: 30_000 }).toBe(true)
    for (let n = 0; n < 5; n++) await handOver(a, b, `healed-${n}`)
  })

  it('finds what was appended between SUBSCRIBED and the first change', async () => {
    const late = await startMigrated('alter publication supabase_realtime add table job_queue_state', {
      changesAfterMs: 1_500,
    })
    atEnd(() => late.close())
    const store = storeOn(late, { wake: 'postgres_changes', pollMs: NEVER })
    atEnd(() => store.close())
    await store.open('q')
    const woken: Wake[] = []
    await store.listen('q', (wake) => woken.push(wake))
    const atSubscribed = woken.length
    await appendNow(store, 'q', [queuedEvent('a')])
    await eventually(() => woken.length, { timeout: 10_000 }).toBeGreaterThan(atSubscribed)
  })
})

describe.concurrent('a channel', () => {
  const opened = async (
    queue: string,
    more: Partial<WakeChannelOptions> = {},
    url = project.url,
    key = project.keys.secret,
  ) => {
    const client = supabaseClient(url, key)
    let wakes = 0
    const concerns: unknown[] = []
    const channel = new WakeChannel({
      client,
      queue,
      topic: () => topicOf(project, queue),
      source: 'broadcast',
      pollMs: NEVER,
      messagesPerSecond: 6,
      onWake: (wake) => {
        wakes++
        if (wake.type === 'appended') concerns.push(wake.concern)
      },
      ...more,
    })
    await channel.open()
    atEnd(async () => {
      await channel.close()
      await client.realtime.disconnect()
    })
    return { client, channel, wakes: () => wakes, concerns: () => concerns }
  }

  it('does not count as dead because of what this process announced itself', async () => {
    const { channel, wakes } = await opened(freshQueue(), { silenceMs: 100 })
    const before = wakes()
    for (const version of [5, 6]) {
      channel.saw(version)
      channel.appended(version, 'free')
      // By then it has told of it.
      await sleep(500)
    }
    channel.saw(6)
    await sleep(500)
    expect(wakes()).toBe(before)
  })

  it('takes a beat that knows more than was announced as news for all', async () => {
    const { channel, concerns } = await opened(freshQueue())
    channel.appended(5, 'free')
    await sleep(500)
    channel.beaten(5)
    channel.beaten(6)
    expect(concerns()).toEqual(['nobody', 'all'])
  })

  it('that cannot be joined is reported once, and the store polls', { timeout: 20_000 }, async () => {
    const cut = await startCut(project.url)
    cut.cut()
    const warnings: string[] = []
    const { wakes } = await opened(
      freshQueue(),
      { pollMs: 200, warn: (message) => warnings.push(message) },
      cut.url,
    )
    await eventually(() => warnings, { timeout: 10_000 }).toHaveLength(1)
    expect(warnings[0]).toMatch(/^No wake-ups: .+ polls the database every 200 ms/)
    const before = wakes()
    await sleep(500)
    expect(wakes()).toBeGreaterThan(before)
    expect(warnings).toHaveLength(1)
  })

  it('of changes that are not published is reported once, and the store polls', {
    timeout: 20_000,
  }, async () => {
    const bare = await startMigrated()
    atEnd(() => bare.close())
    const warnings: string[] = []
    const { wakes } = await opened(
      'q',
      { source: 'postgres_changes', pollMs: 200, warn: (message) => warnings.push(message) },
      bare.url,
      bare.keys.secret,
    )
    await eventually(() => warnings, { timeout: 10_000 }).toHaveLength(1)
    expect(warnings[0]).toContain('alter publication supabase_realtime add table job_queue_state')
    const before = wakes()
    await sleep(500)
    expect(wakes()).toBeGreaterThan(before)
  })

  it('that does not announce an append is joined again', async () => {
    const { channel, wakes } = await opened(freshQueue(), { silenceMs: 100 })
    const before = wakes()
    channel.saw(5)
    await new Promise((resolve) => setTimeout(resolve, 150))
    channel.saw(6)
    await eventually(wakes, { timeout: 5_000 }).toBeGreaterThan(before)
  })

  it('that the program itself closes is opened again', async () => {
    const { client, wakes } = await opened(freshQueue())
    const before = wakes()
    await client.removeAllChannels()
    await eventually(wakes, { timeout: 5_000 }).toBeGreaterThan(before)
  })
})
