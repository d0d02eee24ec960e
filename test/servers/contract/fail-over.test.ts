import { describe, expect, it, onTestFinished } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { withClient } from '../../slow/drill/with-client.ts'
import { startPostgres } from '../../support/postgres.ts'
import { inMemory, onPostgres } from './clocked.ts'
import { activeRow, appendNow, leaseExpiredEvent, queuedEvent, startedEvent } from './hand-made.ts'
import { connection, migrateDatabase, migratedDatabase, opened } from './support.ts'

const beatOf = (workerId: string) => ({
  ...{ queue: 'q', workerId, kinds: null, freeSlots: 1, release: '0' },
  ...{ ttlMs: 60_000, graceMs: 10_000 },
})

const stateOf = async (store: LogStore, workerId: string) =>
  (await store.workers('q')).find((worker) => worker.workerId === workerId)?.state

/** Two workers with a job each; one of them is gone, or cannot reach the database. */
async function running(store: LogStore): Promise<void> {
  for (const workerId of ['silent', 'back']) await store.beat(beatOf(workerId))
  const starts = [startedEvent('a', 'silent'), startedEvent('b', 'back')]
  const jobs = [activeRow('a', 1, 'silent'), activeRow('b', 1, 'back')]
  const answer = await appendNow(store, 'q', [queuedEvent('a'), queuedEvent('b'), ...starts], { jobs })
  expect(answer.ok).toBe(true)
}

describe.each([
  ['PostgreSQL', onPostgres],
  ['memory', inMemory],
])('a server of %s that has taken over after an outage longer than ttl and grace', (_name, clocked) => {
  it('gives every lease its whole time again, once, from the first beat of anybody', async () => {
    const { store, set, takeOver } = await clocked()
    await running(store)
    await set(100)
    await takeOver()
    expect(await stateOf(store, 'silent')).toBe('live')
    expect(await store.beat(beatOf('back'))).toMatchObject({ alive: true, overdue: [] })
    await set(165)
    expect(await store.beat(beatOf('other'))).toMatchObject({ overdue: [] })
    expect(await stateOf(store, 'silent')).toBe('late')
    await set(171)
    expect(await store.beat(beatOf('other'))).toMatchObject({ overdue: ['back', 'silent'] })
  })

  it('lets nobody expire a lease before, and its worker start jobs', async () => {
    const { store, set, takeOver } = await clocked()
    await running(store)
    await set(100)
    await takeOver()
    const refused = await appendNow(store, 'q', [leaseExpiredEvent('a', 'silent')])
    expect(refused).toMatchObject({ ok: false, reason: 'live_worker', workerIds: ['silent'] })
    expect((await appendNow(store, 'q', [startedEvent('c', 'back')])).ok).toBe(true)
  })

  it('revives no lease that was given up or expired', async () => {
    const { store, set, takeOver } = await clocked()
    await running(store)
    await store.leave('q', 'silent')
    await set(100)
    await takeOver()
    expect(await store.beat(beatOf('silent'))).toMatchObject({ alive: false })
    expect(await store.beat(beatOf('back'))).toMatchObject({ alive: true, overdue: ['silent'] })
    const starts = await appendNow(store, 'q', [startedEvent('c', 'silent')])
    expect(starts).toMatchObject({ ok: false, reason: 'dead_worker' })
  })
})

describe('job_queue_elsewhere', () => {
  it('notes with each beat since when it serves, and leaves a row alone that says nothing of it', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const sql = await connection(url)
    await store.beat(beatOf('w'))
    const since = async () =>
      (
        await sql.query(
          'select server_since = pg_postmaster_start_time() as is_now from interlock.job_queue_workers',
        )
      ).rows
    expect(await since()).toEqual([{ is_now: true }])
    await sql.query(
      "update interlock.job_queue_workers set server_since = null, expires_at = now() - interval '1 minute'",
    )
    expect(await store.beat(beatOf('w'))).toMatchObject({ alive: false })
  })

  it('does not revive a worker that is gone and settled: nobody would look for its jobs again', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const sql = await connection(url)
    await store.beat(beatOf('w'))
    await sql.query(
      "update interlock.job_queue_workers set settled = true, expires_at = now() - interval '1 hour', server_since = now() - interval '2 hours'",
    )
    expect(await store.beat(beatOf('w'))).toMatchObject({ alive: false })
    expect(await stateOf(store, 'w')).toBe('dead')
  })

  it('tells a server that was started again from one that went on', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.remove())
    await migrateDatabase(server.url)
    const isAlive = async () => {
      const store = postgresStore(server.url)
      try {
        return (await store.beat(beatOf('w'))).alive
      } finally {
        await store.close()
      }
    }
    const runOut = () =>
      withClient(server.url, (client) =>
        client.query("update interlock.job_queue_workers set expires_at = now() - interval '1 hour'"),
      )
    expect(await isAlive()).toBe(true)
    await runOut()
    await server.kill()
    await server.restart()
    expect(await isAlive()).toBe(true)
    await runOut()
    expect(await isAlive()).toBe(false)
  })
})
