import { expect, it } from 'vitest'
import { appendNow, queuedEvent, standOf } from './hand-made.ts'
import { connection, migratedDatabase, opened } from './support.ts'

/** Of an append and of an archive that drops, one must not hold what the other waits for: an id that ended may come again. */
it('archiving locks nothing that an append writes before it has the lock of the queue', async () => {
  const url = await migratedDatabase()
  const store = await opened(url)
  const data = [{ jobId: 'again', payload: { n: 1 } }]
  expect((await appendNow(store, 'q', [queuedEvent('again')], { data })).ok).toBe(true)
  await appendNow(store, 'q', [{ type: 'cancelled', jobId: 'again', token: null }])
  const { version } = await standOf(store, 'q')
  await store.putSnapshot('q', { seq: version, state: {} })
  await store.project('q', 10_000)

  const [holder, archiving, other] = [await connection(url), await connection(url), await connection(url)]
  await holder.query("begin; select from interlock.job_queue_heads where queue = 'q' for update")
  const archived = archiving.query("select job_queue_archive('q', $1, false) as answer", [version])
  const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await expect.poll(async () => (await other.query(waits)).rowCount, { timeout: 10_000 }).toBe(1)
  const rows = await other.query(
    "select from interlock.job_queue_data where job_id = 'again' for update nowait",
  )
  expect(rows.rowCount).toBe(1)
  // What came in the meantime is of another life, and stays.
  await holder.query("update interlock.job_queue_data set life = 99 where job_id = 'again'")
  await holder.query('commit')
  expect((await archived).rows[0].answer).toMatchObject({ archived: version })
  expect((await other.query('select job_id, life from interlock.job_queue_data')).rows).toEqual([
    { job_id: 'again', life: '99' },
  ])
})
