// Slow, waits 17 s: two servers; commits that wait for a standby.
import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { KnownEvent } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { interlock } from '../../servers/cli/support.ts'
import { joined } from '../../servers/contract/support.ts'
import { withClient } from '../../support/postgres-cluster.ts'
import { type ReplicatedPostgres, replicated } from '../../support/replicated-postgres.ts'
import { atEnd, eventually } from '../../support/this-test.ts'
import { routeTo } from '../../support/way.ts'

const waiting = "wait_event = 'SyncRep'"

/** Resolves when a commit waits for the standby. */
const commitWaits = (pair: ReplicatedPostgres) =>
  eventually(() =>
    withClient(pair.primary().url, async (client) => {
      return (await client.query(`select from pg_stat_activity where ${waiting}`)).rowCount
    }),
  ).toBeGreaterThan(0)

const queuedJobs = (url: string) =>
  withClient(url, async (client) => {
    const text = "select job_id from job_queue_log where event_type = 'queued' order by seq"
    return (await client.query<{ job_id: string }>(text)).rows.map(({ job_id: id }) => id)
  })

describe.concurrent('a commit whose wait for the standby is cancelled', () => {
  it('is not acknowledged before a standby has it, though everybody can read it, and is done once', async () => {
    const pair = await replicated({ synchronous: true })
    const { coordinator, store } = await joined(pair.url)
    await coordinator.enqueue([{ jobId: 'before', models: ['m'] }])
    await pair.other().kill()
    let isAcknowledged = false
    const enqueued = coordinator.enqueue([{ jobId: 'a', models: ['m'] }]).then(() => (isAcknowledged = true))
    await commitWaits(pair)
    // Its own commit, and those that make up for it.
    for (let times = 0; times < 3; times++) {
      await withClient(pair.primary().url, (client) =>
        client.query(`select pg_cancel_backend(pid) from pg_stat_activity where ${waiting}`),
      )
      await commitWaits(pair)
    }
    expect(await queuedJobs(pair.primary().url)).toEqual(['before', 'a'])
    expect(isAcknowledged).toBe(false)

    const primary = postgresStore(pair.primary().url)
    atEnd(() => primary.close())
    // Long enough for the doctor, who takes a short wait for nothing.
    const findings = async () =>
      (await examine({ store: primary })).findings.filter(({ check }) => check === 'standby')
    await eventually(findings).toMatchObject([
      { level: 'problem', what: expect.stringMatching(/wait.? for a synchronous standby, the first for/) },
      { level: 'problem', what: expect.stringContaining('no such standby is connected') },
    ])

    await pair.other().restart()
    await enqueued
    expect(await queuedJobs(pair.other().url)).toEqual(['before', 'a'])
    expect((await store.read('default', 0, 10)).events.filter(({ type }) => type === 'queued')).toHaveLength(
      2,
    )
  })
})

describe.concurrent('a standby that is behind', () => {
  it('is not taken for a log that went back: the process waits until the address leads to the primary again', async () => {
    const pair = await replicated({ synchronous: false })
    // A name or proxy that leads to the wrong server for a moment.
    const way = await routeTo(pair.primary().url)
    const { coordinator } = await joined(`postgres://postgres@${way.host}/postgres`)
    const stopped: unknown[] = []
    coordinator.stopped$.subscribe((error) => stopped.push(error))
    await pair.cutOff()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    way.leadTo(pair.other().url)
    await eventually(() => coordinator.health().lastError).toMatch(/standby/)
    const enqueued = coordinator.enqueue([{ jobId: 'b', models: ['m'] }])
    await expect(coordinator.heartbeat({ jobId: 'a', fencingToken: 1, epoch: 1 })).rejects.toThrow(
      'read-only',
    )
    way.leadTo(pair.primary().url)
    await enqueued
    expect(await queuedJobs(pair.primary().url)).toEqual(['a', 'b'])
    expect(stopped).toEqual([])
  })
})

/** What a process knows that has read nothing. */
const nothing: KnownEvent = { version: 0, at: 0 }

describe.concurrent('what a process has read', () => {
  it('is confirmed when the standby has it, if commits wait for one', async () => {
    const pair = await replicated({ synchronous: true })
    const { store } = await joined(pair.url)
    await store.confirm?.('default', nothing)
    expect(await store.read('default', 0, 1)).toMatchObject({ isUnconfirmed: true })
    await pair.other().kill()
    let isConfirmed = false
    const confirmed = store.confirm?.('default', nothing).then(() => (isConfirmed = true))
    await commitWaits(pair)
    expect(isConfirmed).toBe(false)
    await pair.other().restart()
    await confirmed
  })

  it('is confirmed at once, if none does', async () => {
    const pair = await replicated({ synchronous: false })
    const { store } = await joined(pair.url)
    await pair.other().kill()
    expect(await store.read('default', 0, 1)).not.toHaveProperty('isUnconfirmed')
    expect(await store.confirm?.('default', nothing)).toBe(true)
  })

  it('is not confirmed by a server that lacks it, or has another event there', async () => {
    const pair = await replicated({ synchronous: false })
    const { coordinator, store } = await joined(pair.url)
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    const { events } = await store.read('default', 0, 10)
    const { seq: version = 0, at = 0 } = events.at(-1) ?? {}
    const confirmed = (known: KnownEvent) => store.confirm?.('default', known)
    expect(await confirmed({ version, at })).toBe(true)
    expect(await confirmed({ version: version + 1, at: at + 1 })).toBe(false)
    expect(await confirmed({ version, at: at - 1 })).toBe(false)
  })
})

describe.concurrent('a primary that is gone without a word', () => {
  it('is left for the one that takes over, though its sockets never break and its answers are waited for', async () => {
    const pair = await replicated({ synchronous: false })
    const { host, silence } = await routeTo(pair.primary().url)
    const second = new URL(pair.other().url).host
    const moved: string[] = []
    const connectionString = `postgres://postgres@${host},${second}/postgres`
    // Its own limit would be over long after this test.
    const store = postgresStore(
      { connectionString, query_timeout: 600_000 },
      { warn: (line) => moved.push(line), checkMs: 100 },
    )
    const coordinator = await createCoordinator({ store, logger: silentLogger, patienceMs: 600_000 })
    atEnd(async () => {
      await coordinator.close()
      await store.close()
    })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    await eventually(() => queuedJobs(pair.other().url)).toEqual(['a'])
    silence()
    const enqueued = coordinator.enqueue([{ jobId: 'b', models: ['m'] }])
    await Promise.all([pair.promote(), enqueued])
    expect(moved).toEqual([`${second} takes writes and is used from here on (before: ${host})`])
    expect(await queuedJobs(pair.primary().url)).toEqual(['a', 'b'])
  })
})

describe.concurrent('a primary that was replaced and does not know', () => {
  it('is left when its commits hang and another one takes writes, though it answers and its calls have all the time', async () => {
    const pair = await replicated({ synchronous: true })
    const [former, next] = [pair.primary().url, pair.other().url].map((url) => new URL(url).host)
    const moved: string[] = []
    const connectionString = `postgres://postgres@${former},${next}/postgres`
    const store = postgresStore(
      { connectionString, query_timeout: 600_000 },
      { warn: (line) => moved.push(line) },
    )
    atEnd(() => store.close())
    await store.open('before')
    // As when only the program dies that watches it: it goes on, and waits for a standby that is none any more.
    await pair.promote()
    await expect(store.open('after')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(moved).toEqual([`${next} takes writes and is used from here on (before: ${former})`])
    await store.open('after')
    const queues = (url: string) =>
      withClient(url, async (client) => {
        const { rows } = await client.query<{ queue: string }>(
          'select queue from interlock.job_queue_heads order by queue',
        )
        return rows.map(({ queue }) => queue)
      })
    expect(await queues(pair.primary().url)).toEqual(['after', 'before', 'default'])
  })

  it('is not left for a standby, nor for one that was promoted before it: they are asked again and again', async () => {
    const pair = await replicated({ synchronous: true })
    const setNames = (names: string) =>
      withClient(pair.primary().url, async (client) => {
        await client.query(`alter system set synchronous_standby_names = '${names}'`)
        await client.query('select pg_reload_conf()')
      })
    for (const isPromoted of [false, true]) {
      if (isPromoted) await pair.promote()
      const other = await routeTo(pair.other().url)
      const moved: string[] = []
      const hosts = `${new URL(pair.primary().url).host},${other.host}`
      const store = postgresStore(`postgres://postgres@${hosts}/postgres`, {
        warn: (line) => moved.push(line),
      })
      const coordinator = await createCoordinator({ store, logger: silentLogger, patienceMs: 600_000 })
      atEnd(async () => {
        await coordinator.close()
        await store.close()
      })
      await setNames('nobody')
      const enqueued = coordinator.enqueue([{ jobId: `${isPromoted}`, models: ['m'] }])
      await commitWaits(pair)
      const before = other.connections()
      await eventually(other.connections).toBeGreaterThan(before + 2)
      await setNames('')
      await enqueued
      expect(moved).toEqual([])
    }
  })
})

describe.concurrent('of two servers that take writes', () => {
  it('the one that is used is not left for one that was promoted before it, though it is slow to say what it is', async () => {
    const pair = await replicated({ synchronous: false })
    const former = new URL(pair.primary().url).host
    await pair.promote()
    const own = await routeTo(pair.primary().url)
    const moved: string[] = []
    const store = postgresStore(`postgres://postgres@${former},${own.host}/postgres`, {
      warn: (line) => moved.push(line),
    })
    atEnd(() => store.close())
    await store.open('a')
    own.greetLate(500)
    own.leadTo(pair.primary().url)
    await eventually(() => store.read('a', 0, 1).catch(() => null)).not.toBeNull()
    expect(moved).toEqual([])
  })

  it('the one that was promoted last is used, wherever it stands', async () => {
    const pair = await replicated({ synchronous: false })
    // The former primary goes on, and does not know.
    const former = new URL(pair.primary().url).host
    await pair.promote()
    const store = postgresStore(`postgres://postgres@${former},${new URL(pair.primary().url).host}/postgres`)
    atEnd(() => store.close())
    await store.open('later')
    const has = (url: string) =>
      withClient(url, async (client) => {
        return (await client.query("select from interlock.job_queue_heads where queue = 'later'")).rowCount
      })
    expect(await Promise.all([has(pair.primary().url), has(pair.other().url)])).toEqual([1, 0])
  })
})

describe.concurrent('the doctor', () => {
  const look = async (url: string) => {
    const store = postgresStore(url)
    try {
      await store.open('default')
      return await examine({ store })
    } finally {
      await store.close()
    }
  }

  it('names a standby, whether commits wait for it, and what a fail-over would lose', async () => {
    const pair = await replicated({ synchronous: true })
    const { url } = pair.primary()
    const { findings } = await look(url)
    expect(findings.filter(({ check }) => check === 'standby')).toEqual([])
    // What the server writes by itself comes to the standby a moment later than it is written.
    const server = { name: 'standby', state: 'streaming', isSynchronous: true, lagBytes: 0 }
    await eventually(async () => (await look(url)).standbys).toMatchObject({
      names: 'standby',
      synchronous: 1,
      servers: [server],
      atFailOver: 'kept',
    })
    const said = async () => (await interlock(['doctor', '--url', pair.url])).stdout
    await eventually(said).toContain('standby    synchronous standby, streaming, has everything')

    // As an owner without pg_read_all_stats.
    await withClient(url, (client) =>
      client.query(`create role limited;
        grant usage on schema interlock to limited;
        grant select on all tables in schema public, interlock to limited;
        grant execute on all functions in schema public, interlock to limited;
        alter function public.job_queue_checkup(text) owner to limited;`),
    )
    expect((await look(url)).standbys).toMatchObject({
      isHidden: true,
      atFailOver: 'unknown',
      servers: [{ state: null }],
    })
  })

  it('says where no commit waits', async () => {
    const pair = await replicated({ synchronous: false })
    const { standbys, findings } = await look(pair.primary().url)
    expect(standbys).toMatchObject({ names: '', synchronous: 0, atFailOver: 'may_be_lost' })
    expect(findings).toContainEqual(expect.objectContaining({ check: 'standby', level: 'note' }))
  })
})
