// Slow: two servers; beats that wait for a standby, and for a lock of another session.
/** A lease survives slowness: what a heartbeat waits for, what waits for it, and when it counts. */
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { WorkerBeat } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { appendNow, leaseExpiredEvent, queuedEvent } from '../../servers/contract/hand-made.ts'
import { connection, migratedDatabase, opened } from '../../servers/contract/support.ts'
import { withClient } from '../../support/postgres-cluster.ts'
import {
  isSo,
  type ReplicatedPostgres,
  replicated,
  someCommitWaits,
} from '../../support/replicated-postgres.ts'
import { slowLink } from '../../support/slow-link.ts'
import { atEnd } from '../../support/this-test.ts'

const beatOf = (more: Partial<WorkerBeat> = {}): WorkerBeat => ({
  ...{ queue: 'q', workerId: 'w', kinds: null, freeSlots: 1, release: '0', ttlMs: 60_000, graceMs: 0 },
  ...more,
})

/** Resolves when so many statements like this wait for a lock. */
const lockWaits = (sql: pg.Client, like: string, count: number) =>
  expect
    .poll(async () => {
      const { rows } = await sql.query<{ count: number }>(
        `select count(*)::integer as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
        [like],
      )
      return rows[0]?.count
    })
    .toBe(count)

describe('a heartbeat', () => {
  it('that takes a third of its ttl is an answer', async () => {
    const link = await slowLink(await migratedDatabase())
    const store = await opened(link.url)
    Object.assign(link, { delayUp: 1_000, delayDown: 1_000 })
    expect(await store.beat(beatOf({ ttlMs: 6_000 }))).toMatchObject({ alive: true })
  })

  it('waits behind no append, though every connection of the process is taken by one', async () => {
    const url = await migratedDatabase()
    // Long enough for what is asked here while they wait.
    const store = await opened({ connectionString: url, max: 1, options: '-c lock_timeout=60000' })
    atEnd(await store.listen('q', () => {}))
    await store.open('other')
    const sql = await connection(url)
    const holder = await connection(url)
    await holder.query('begin; select from interlock.job_queue_heads for update')
    const appends = ['q', 'other'].map((queue) => appendNow(store, queue, [queuedEvent('a')]))
    await lockWaits(sql, '%job_queue_append(%', 2)
    expect(await store.beat(beatOf())).toMatchObject({ alive: true })
    await lockWaits(sql, '%job_queue_append(%', 2)
    await holder.query('rollback')
    for (const { ok } of await Promise.all(appends)) expect(ok).toBe(true)
  })

  it('that is on its way is not expired, and holds up no append that would', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    await store.beat(beatOf({ ttlMs: 100 }))
    const sql = await connection(url)
    const isOver =
      "select expires_at < clock_timestamp() as ok from interlock.job_queue_workers where worker_id = 'w'"
    await expect.poll(() => isSo(sql, isOver)).toBe(true)
    // Whatever holds its row: a beat whose commit waits for a standby holds it as well, and is not seen yet.
    const holder = await connection(url)
    await holder.query(`
      begin;
      update interlock.job_queue_workers set expires_at = clock_timestamp() + interval '1 minute' where worker_id = 'w'`)
    const refused = await appendNow(store, 'q', [leaseExpiredEvent('a', 'w')])
    expect(refused).toMatchObject({ ok: false, reason: 'live_worker', workerIds: ['w'] })
    await holder.query('rollback')
    expect(await appendNow(store, 'q', [leaseExpiredEvent('a', 'w')])).toMatchObject({ ok: true })
  })
})

async function storeOf({ url }: ReplicatedPostgres) {
  const store = postgresStore(url)
  atEnd(() => store.close())
  await store.open('q')
  return store
}

const commitsWait = ({ primary }: ReplicatedPostgres, count = 1) =>
  expect
    .poll(
      () =>
        withClient(primary().url, async (client) => {
          const text = `select count(*)::integer as count from pg_stat_activity
                         where wait_event_type = 'IPC' and wait_event = 'SyncRep'`
          return (await client.query<{ count: number }>(text)).rows[0]?.count
        }),
      { timeout: 60_000 },
    )
    .toBeGreaterThanOrEqual(count)

/** `has` says whether it was answered. */
function answerOf<T>(promise: Promise<T>) {
  const state = { has: false }
  const answered = promise.then((answer) => {
    state.has = true
    return answer
  })
  answered.catch(() => {})
  return { answered, has: () => state.has }
}

describe('where commits wait for a standby, a heartbeat', { timeout: 60_000 }, () => {
  it('counts when the standby has it, whatever the role has set', async () => {
    const pair = await replicated({ synchronous: true })
    await withClient(pair.primary().url, (client) =>
      client.query('alter role postgres set synchronous_commit = off'),
    )
    const store = await storeOf(pair)
    expect(await store.beat(beatOf())).toMatchObject({ alive: true })
    await pair.cutOff()
    const beat = answerOf(store.beat(beatOf()))
    await commitsWait(pair)
    expect(beat.has()).toBe(false)
    await pair.reconnect()
    expect(await beat.answered).toMatchObject({ alive: true })
  })

  it('that waits holds up no other call', async () => {
    const pair = await replicated({ synchronous: true })
    const store = await storeOf(pair)
    atEnd(await store.listen('q', () => {}))
    await store.beat(beatOf())
    await pair.cutOff()
    const workers = ['a', 'b', 'c', 'd', 'e']
    const beats = workers.map((workerId) => answerOf(store.beat(beatOf({ workerId }))))
    await commitsWait(pair, workers.length)
    expect(await store.read('q', 0, 1)).toMatchObject({ version: 0 })
    expect(beats.some(({ has }) => has())).toBe(false)
    await pair.reconnect()
    for (const { answered } of beats) expect(await answered).toMatchObject({ alive: true })
  })

  it('is not confirmed when its wait is ended', async () => {
    const pair = await replicated({ synchronous: true })
    const store = await storeOf(pair)
    await store.beat(beatOf())
    await pair.cutOff()
    const beat = store.beat(beatOf())
    beat.catch(() => {})
    await commitsWait(pair)
    await withClient(pair.primary().url, (client) =>
      client.query("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"),
    )
    await expect(beat).rejects.toMatchObject({ details: { cause: 'unconfirmed' } })
  })

  it('is not confirmed while the server has been told that they are to wait, and they do not yet', async () => {
    const pair = await replicated({ synchronous: false })
    const store = await storeOf(pair)
    await store.beat(beatOf())
    const checkpointer = await pair.checkpointer()
    atEnd(() => checkpointer.goOn())
    await withClient(pair.primary().url, async (client) => {
      await client.query("alter system set synchronous_standby_names = 'standby'")
      await client.query('select pg_reload_conf()')
      await expect
        .poll(() => isSo(client, "select sync_state = 'sync' as ok from pg_stat_replication"))
        .toBe(true)
    })
    await pair.cutOff()
    await expect(store.beat(beatOf())).rejects.toMatchObject({ details: { cause: 'unconfirmed' } })
    checkpointer.goOn()
    await withClient(pair.primary().url, async (client) => {
      const commitNow = () => answerOf(client.query("select pg_logical_emit_message(true, 'test', '')"))
      let commit = commitNow()
      await expect
        .poll(() => {
          // One that is made before the checkpointer has read the settings does not wait.
          if (commit.has()) commit = commitNow()
          return withClient(pair.primary().url, (other) => isSo(other, someCommitWaits))
        })
        .toBe(true)
      await pair.reconnect()
      await commit.answered
    })
    expect(await store.beat(beatOf())).toMatchObject({ alive: true })
  })
})
