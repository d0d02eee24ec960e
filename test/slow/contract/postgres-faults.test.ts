// Slow: kills the server, terminates backends, pauses clients.
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { PostgresListener } from '../../../src/engine/store/postgres/listener.ts'
import { appendNow, queuedEvent, standOf, until, waitingRow } from '../../servers/contract/hand-made.ts'
import {
  appendArguments,
  connection,
  migrateDatabase,
  migratedDatabase,
  opened,
  rebuilding,
} from '../../servers/contract/support.ts'
import { startPostgres } from '../../support/postgres.ts'
import { createDatabase } from '../../support/postgres-database.ts'

const append = 'select public.job_queue_append($1, $2, $3, $4) as answer'
const others =
  'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'

/** Sets something for every later connection to this database, as an administrator may have. */
async function configure(url: string, setting: string): Promise<void> {
  const client = await connection(url)
  await client.query(`alter database "${client.database}" set ${setting}`)
}

describe('a client that is paused while it holds the lock (job_queue_turn)', () => {
  it('is cut off, and others append', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const paused = await connection(url)
    await paused.query('begin')
    await paused.query('select public.job_queue_turn($1, 0)', ['q'])
    // The first may have waited for more than the second by which times can be off: `clock`, to be decided again.
    await until('an append is taken', async () => (await appendNow(store, 'q', [queuedEvent('a')])).ok)
    await expect(paused.query('select 1')).rejects.toThrow()
  })

  it('makes others give up after the time they allow, with a code to try again by (contention)', async () => {
    const url = await migratedDatabase()
    await configure(url, "lock_timeout = '200ms'")
    const store = await opened(url)
    const holder = await connection(url)
    await holder.query("begin; select from interlock.job_queue_heads where queue = 'q' for update")
    await expect(appendNow(store, 'q', [queuedEvent('a')])).rejects.toMatchObject({ code: 'contention' })
    await expect(rebuilding(store)).rejects.toMatchObject({ code: 'contention' })
    await holder.query('rollback')
    expect((await appendNow(store, 'q', [queuedEvent('a')])).ok).toBe(true)
  })

  it('keeps a call through PostgREST, whose connections serve others too, for half a second', async () => {
    const url = await migratedDatabase()
    await opened(url)
    const [holder, rest] = [await connection(url), await connection(url)]
    const values = await appendArguments(rest, 0)
    await holder.query("begin; select from interlock.job_queue_heads where queue = 'q' for update")
    await rest.query("set request.method = 'POST'")
    const other = await connection(url)
    let otherEnded = false
    const waiting = other.query(append, values).finally(() => (otherEnded = true))
    await expect(rest.query(append, values)).rejects.toMatchObject({ code: '55P03' })
    expect(otherEnded).toBe(false)
    await holder.query('rollback')
    await waiting
  })
})

describe('an acknowledged append', () => {
  it('was written with synchronous_commit, whatever the database says', async () => {
    const url = await migratedDatabase()
    await configure(url, 'synchronous_commit = off')
    await opened(url)
    const client = await connection(url)
    const shown = async () => (await client.query('show synchronous_commit')).rows[0]
    expect(await shown()).toEqual({ synchronous_commit: 'off' })
    const values = await appendArguments(client, 0)
    await client.query('begin')
    await client.query(append, values)
    // What counts is the setting at commit: a SET clause on the function would be undone by now.
    expect(await shown()).toEqual({ synchronous_commit: 'on' })
    await client.query('commit')
    expect(await shown()).toEqual({ synchronous_commit: 'off' })
  })

  it('survives a killed server', { timeout: 60_000 }, async () => {
    await using server = await startPostgres({ fsync: true, settings: { synchronous_commit: 'off' } })
    await migrateDatabase(server.url)
    const store = await opened(server.url)
    for (let round = 1; round <= 3; round++) {
      for (let job = 0; job < 5; job++) await appendNow(store, 'q', [queuedEvent(`${round}-${job}`)])
      await server.kill()
      await server.restart()
      await until('the store has found its way back', () =>
        store.read('q', 0, 1).then(
          () => true,
          () => false,
        ),
      )
      expect((await store.read('q', 0, 1)).version).toBe(round * 5)
    }
    await store.close()
  })
})

describe('a backend that is terminated', () => {
  it('in the middle of an append has written nothing, and the lock is free', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const { at } = await standOf(store, 'q')
    await appendNow(store, 'q', [queuedEvent('a')], { jobs: [waitingRow('a', at)] })
    const [holder, watcher] = [await connection(url), await connection(url)]
    await holder.query("begin; select from job_queue_jobs where job_id = 'a' for update")
    const lost = appendNow(store, 'q', [queuedEvent('b')], { jobs: [waitingRow('a', at)] })
    const refused = expect(lost).rejects.toMatchObject({ code: 'store_unavailable' })
    const waiting = `${others} and wait_event_type = 'Lock' and query like '%job_queue_append%'`
    await until('the append waits', async () => (await watcher.query(waiting)).rows.length === 1)
    await watcher.query(`select pg_terminate_backend(pid) from (${waiting}) as w`)
    await refused
    await holder.query('rollback')
    expect((await store.read('q', 0, 10)).version).toBe(1)
    expect((await appendNow(store, 'q', [queuedEvent('b')])).ok).toBe(true)
  })

  it('while idle or listening ends no process; the listener comes back and wakes', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    let woken = 0
    await store.listen('q', () => woken++)
    const killer = await connection(url)
    await killer.query(`select pg_terminate_backend(pid) from (${others}) as o`)
    await until('it listens again, and everybody looks once', () => woken >= 1)
    woken = 0
    await until('it reads again', () =>
      store.read('q', 0, 1).then(
        () => true,
        () => false,
      ),
    )
    await appendNow(store, 'q', [queuedEvent('a')])
    await until('it is woken', () => woken >= 1)
  })

  it('while rows are made again fails that only', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const killer = await connection(url)
    const failing = rebuilding(store, () => {
      throw new Error('making them failed')
    })
    await expect(failing).rejects.toThrow('making them failed')
    await killer.query(`select pg_terminate_backend(pid) from (${others}) as o`)
    await until('it gets through', () =>
      rebuilding(store).then(
        () => true,
        () => false,
      ),
    )
  })
})

describe('a wake-up', () => {
  it('is one small notification per append, none when it is switched off', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const client = await connection(url)
    const heard: (string | undefined)[] = []
    client.on('notification', ({ payload }) => heard.push(payload))
    await client.query('listen interlock')
    await appendNow(store, 'q', [queuedEvent('a'), queuedEvent('b')])
    await until('it is heard', () => heard.length > 0)
    expect(heard).toEqual(['q:2'])
    await configure(url, "interlock.notify = 'off'")
    const silent = await opened(url)
    await appendNow(silent, 'q', [queuedEvent('c')])
    await client.query('select 1')
    expect(heard).toEqual(['q:2'])
  })

  it('is given up behind a pooler that lets nobody listen, with one warning', async () => {
    const url = await migratedDatabase()
    const warnings: string[] = []
    let connections = 0
    const connect = () => {
      connections += 1
      const client = new pg.Client({ connectionString: url })
      const query = client.query.bind(client) as (question: pg.QueryConfig) => Promise<pg.QueryResult>
      // In transaction mode, the session that hears LISTEN is not the one that is asked later.
      const pooled = (question: pg.QueryConfig) =>
        query({ ...question, text: question.text.replace(/^listen .*/, 'select 1') })
      return Object.assign(client, { query: pooled as typeof client.query })
    }
    const listener = new PostgresListener(connect, {
      ...{ checkMs: 20, answerMs: 5_000, retryMs: 5_000 },
      warn: (message) => warnings.push(message),
      onLost: () => {},
    })
    onTestFinished(() => listener.close())
    await listener.add('q', () => {})
    await listener.add('q', () => {})
    expect(warnings).toEqual([expect.stringContaining('cannot LISTEN')])
    expect(connections).toBe(1)
  })
})

describe('opening', () => {
  it('says what to type for a database without tables', async () => {
    const store = postgresStore(await createDatabase('contract'))
    onTestFinished(() => store.close())
    await expect(store.open('q')).rejects.toMatchObject({
      code: 'not_migrated',
      message: expect.stringContaining('npx interlock-queue migrate --url'),
    })
  })

  it('refuses a log that needs a newer reader, and takes a newer schema that does not', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const client = await connection(url)
    await client.query("update job_queue_migrations set version = '999' where version = '027'")
    await store.open('q')
    await client.query('update interlock.job_queue_heads set min_reader = 99')
    await expect(store.open('q')).rejects.toMatchObject({
      code: 'database_newer',
      message: expect.stringContaining('upgrade interlock-queue'),
    })
  })

  it('names a server that is not there, without the password', async () => {
    const store = postgresStore('postgres://someone:s3cret@127.0.0.1:1/app')
    onTestFinished(() => store.close())
    expect(store.name).toBe('postgres://127.0.0.1:1/app')
    const error = await store.open('q').catch((error) => error)
    expect(error).toMatchObject({ code: 'store_unavailable' })
    expect(error.message).toContain('check that the server runs')
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain('s3cret')
  })
})

describe('the pool of postgresStore', () => {
  it('of the program stays open when the store closes', async () => {
    const url = await migratedDatabase()
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    onTestFinished(() => pool.end())
    const store = postgresStore(pool)
    await store.open('q')
    expect((await rebuilding(store)).ok).toBe(true)
    await store.close()
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(pool.listenerCount('error')).toBe(0)
  })

  it('loses its prepared statements to a pooler without harm', async () => {
    const url = await migratedDatabase()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    onTestFinished(() => pool.end())
    const store = await opened(pool)
    await appendNow(store, 'q', [queuedEvent('a')])
    await pool.query('deallocate all')
    expect((await appendNow(store, 'q', [queuedEvent('b')])).ok).toBe(true)
  })

  it('reads on without them', async () => {
    const pool = new pg.Pool({ connectionString: await migratedDatabase(), max: 1 })
    onTestFinished(() => pool.end())
    const store = await opened(pool)
    await appendNow(store, 'q', [queuedEvent('a')])
    await store.read('q', 0, 1)
    await pool.query('deallocate all')
    expect((await store.read('q', 0, 1)).events).toHaveLength(1)
  })
})

describe('a role', () => {
  it('without rights is told how to get them', async () => {
    const url = await migratedDatabase()
    await opened(url)
    const client = await connection(url)
    await client.query(`do $$ begin
      if to_regrole('interlock_nobody') is null then create role interlock_nobody login; end if; end $$`)
    const nobody = new URL(url)
    nobody.username = 'interlock_nobody'
    const store = postgresStore(nobody.href)
    onTestFinished(() => store.close())
    await expect(store.read('q', 0, 1)).rejects.toMatchObject({
      code: 'store_unwritable',
      message: expect.stringContaining('--runtime-role'),
    })
  })
})

describe('job_queue_append', () => {
  it.each([
    ['an id that is too long', { job_id: 'x'.repeat(201) }],
    ['an empty command id', { command_id: '' }],
    ['too many models', { models: Array(101).fill('m') }],
    ['no type', { event_type: null }],
    ['more data than a log should hold', { data: { text: 'x'.repeat(70_000) } }],
  ])('refuses %s', async (_what, change) => {
    const url = await migratedDatabase()
    await opened(url)
    const client = await connection(url)
    const values = await appendArguments(client, 0)
    const [event] = JSON.parse(String(values[2]))
    values[2] = JSON.stringify([{ ...event, ...change }])
    await expect(client.query(append, values)).rejects.toMatchObject({ code: 'JQ001' })
  })
})
