import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { appendNow, queuedEvent, until } from './hand-made.ts'
import { connection, migratedDatabase, opened } from './support.ts'

const original = pg.Client.prototype.query

/** A store that listens to `q`, and which server processes listen and which did the last append. */
async function listening(source: (url: string) => string | pg.Pool = (url) => url) {
  const url = await migratedDatabase()
  const store = await opened(source(url))
  const woken: (number | undefined)[] = []
  const unlisten = await store.listen('q', (wake) => wake.type === 'appended' && woken.push(wake.version))
  onTestFinished(unlisten)
  const sql = await connection(url)
  const lastSaid = async (like: string): Promise<readonly number[]> => {
    const { rows } = await sql.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like $1`,
      [like],
    )
    return rows.map(({ pid }) => pid)
  }
  return {
    url,
    store,
    woken,
    sql,
    listeners: () => lastSaid('%pg_listening_channels%'),
    appenders: () => lastSaid('%job_queue_append%'),
  }
}

describe('an append', () => {
  it('goes over the connection that listens, which hears of it all the same', async () => {
    const { store, woken, listeners, appenders } = await listening()
    const before = await listeners()
    expect(before).toHaveLength(1)
    expect((await appendNow(store, 'q', [queuedEvent('a')])).ok).toBe(true)
    expect(await appenders()).toEqual(before)
    await until('the listener was told', async () => woken.includes(1))
  })

  it('goes over the pool while another append is on its way', async () => {
    const { url, store, appenders } = await listening()
    await store.open('other')
    const holder = await connection(url)
    await holder.query("begin; select from interlock.job_queue_heads where queue = 'q' for update")
    const waiting = appendNow(store, 'q', [queuedEvent('a')])
    await until('it waits', async () => (await appenders()).length === 1)
    expect((await appendNow(store, 'other', [queuedEvent('a')])).ok).toBe(true)
    await holder.query('rollback')
    expect((await waiting).ok).toBe(true)
    expect(await appenders()).toHaveLength(2)
  })

  it('goes over the pool when the connection that listens was cut off', async () => {
    const { store, sql, listeners } = await listening()
    await sql.query('select pg_terminate_backend(pid) from unnest($1::integer[]) pid', [await listeners()])
    await until('an append is taken', async () => {
      const answer = await appendNow(store, 'q', [queuedEvent('a')]).catch(() => null)
      return answer?.ok === true
    })
  })

  it("stays in a program's own pool, whose connections may have been set up in its own way", async () => {
    const { store, listeners, appenders } = await listening((url) => {
      const pool = new pg.Pool({ connectionString: url })
      onTestFinished(() => pool.end())
      return pool
    })
    expect((await appendNow(store, 'q', [queuedEvent('a')])).ok).toBe(true)
    expect(await listeners()).toHaveLength(1)
    expect(await appenders()).not.toEqual(await listeners())
  })

  it('is the only question on its connection where connections take one at a time, however many queues are listened to', async () => {
    const queues = ['a', 'b', 'c', 'd']
    const url = await migratedDatabase()
    const first = await opened(url)
    for (const queue of queues) await first.open(queue)
    const most = questionsAtOnce()
    const pool = new pg.Pool({ connectionString: url })
    onTestFinished(() => pool.end())
    const store = await opened(pool)
    const stops = await Promise.all(queues.map((queue) => store.listen(queue, () => {})))
    for (const stop of stops) onTestFinished(stop)
    expect(most()).toBe(1)
  })

  it('waits for a check of its connection, and the check for it, while heartbeats have their own', async () => {
    const url = await migratedDatabase()
    const most = questionsAtOnce()
    const store = await opened({ connectionString: url, max: 1 }, { checkMs: 10 })
    onTestFinished(await store.listen('q', () => {}))
    const worker = { queue: 'q', workerId: 'w', kinds: null, freeSlots: 1, release: '0' }
    const beat = { ...worker, ttlMs: 60_000, graceMs: 10_000 }
    for (let seq = 0; seq < 40; seq++) {
      const read = store.read('q', 0, 1)
      const appended = appendNow(store, 'q', [queuedEvent(`job-${seq}`)])
      // The read has the pool's only connection, and the append the one that listens.
      await Promise.all([read, appended, store.beat(beat), store.beat(beat)])
    }
    expect(most()).toBe(1)
  })
})

/** How many questions a connection that takes one at a time has been asked at once, at most. */
function questionsAtOnce(): () => number {
  const open = new Map<pg.Client, number>()
  let most = 0
  const query = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...args: unknown[]
  ) {
    const answer = original.apply(this, args as never) as unknown as Promise<unknown> | undefined
    // Those that pipeline take as many questions as come; the pool itself, which asks with a callback, asks one at a time.
    if (this.pipeline !== true && answer !== undefined) {
      const count = (by: number) => open.set(this, (open.get(this) ?? 0) + by).get(this) ?? 0
      most = Math.max(most, count(1))
      answer.then(
        () => count(-1),
        () => count(-1),
      )
    }
    return answer as never
  })
  onTestFinished(() => query.mockRestore())
  return () => most
}
