import { expect, it } from 'vitest'
import { connection, migratedDatabase, opened } from './support.ts'

/** Workers that have been gone for so long, and who of them is settled after the beat of another. */
async function afterBeat(active: readonly string[]) {
  const url = await migratedDatabase()
  const store = await opened(url)
  const sql = await connection(url)
  const beat = () =>
    store.beat({
      queue: 'q',
      workerId: 'alive',
      kinds: null,
      freeSlots: 1,
      release: 'test',
      ttlMs: 60_000,
      graceMs: 1_000,
    })
  await beat()
  await sql.query(
    `insert into interlock.job_queue_workers (queue, worker_id, free_slots, release, started_at, beat_at, expires_at, dead, ttl_ms, grace_ms)
     select 'q', w.id, 1, 'test', now() - w.ago, now() - w.ago, now() - w.ago, w.dead, 1000, 1000
       from (values ('left', interval '2 min', true), ('crashed', interval '2 min', false),
                    ('just left', interval '5 s', true)) as w (id, ago, dead)`,
  )
  for (const workerId of active) {
    await sql.query(
      `insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
         queued_at, attempt, attempts, timeout_ms, worker_id)
       values ('q', 'job of ' || $1, 'active', 'normal', 'normal', '{m}', 0, 0, 0, 0, now(), 1, 3, 1000, $1)`,
      [workerId],
    )
  }
  const { overdue } = await beat()
  const { rows } = await sql.query(
    'select worker_id from interlock.job_queue_workers where settled order by worker_id',
  )
  return { overdue, settled: rows.map(({ worker_id }) => worker_id), beat, sql }
}

it('job_queue_beat settles workers that have been gone for a minute and hold nothing: nobody looks for their jobs again', async () => {
  const { overdue, settled } = await afterBeat([])
  expect(overdue).toEqual([])
  expect(settled).toEqual(['crashed', 'left'])
})

it('names those that hold jobs in every beat until their jobs are taken from them', async () => {
  const { overdue, settled, beat, sql } = await afterBeat(['left', 'just left'])
  expect(overdue).toEqual(['just left', 'left'])
  expect(settled).toEqual(['crashed'])
  expect((await beat()).overdue).toEqual(['just left', 'left'])
  await sql.query("delete from job_queue_jobs where worker_id = 'left'")
  expect((await beat()).overdue).toEqual(['just left'])
})

it('job_queue_forget_workers forgets those that have been gone for a day, but none that holds a job', async () => {
  const { sql } = await afterBeat(['left'])
  await sql.query(
    "update interlock.job_queue_workers set expires_at = now() - interval '25 hours' where worker_id <> 'just left'",
  )
  await sql.query("select interlock.job_queue_forget_workers('q')")
  const { rows } = await sql.query('select worker_id from interlock.job_queue_workers order by worker_id')
  expect(rows.map(({ worker_id }) => worker_id)).toEqual(['just left', 'left'])
})

it('reads each page of a long line once for a new worker, also where the ids have no order', async () => {
  const { sql } = await afterBeat([])
  await sql.query(
    `insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
       queued_at, attempt, attempts, timeout_ms)
     select 'q', md5(n::text), 'waiting', 'normal', 'normal', '{m}', 0, 0, n, 0, now(), 1, 3, 1000 from generate_series(1, 20000) n`,
  )
  await sql.query('analyze job_queue_jobs')
  const pages = async () => {
    await sql.query('select pg_stat_force_next_flush()')
    const { rows } = await sql.query(
      `select heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit as read from pg_statio_user_tables where relname = 'job_queue_jobs'`,
    )
    return Number(rows[0].read)
  }
  const before = await pages()
  await sql.query("select public.job_queue_beat('q', 'new', null, 1, 'test', 60000, 1000)")
  const { rows } = await sql.query("select relpages from pg_class where relname = 'job_queue_jobs'")
  expect(rows[0].relpages).toBeGreaterThan(200)
  expect((await pages()) - before).toBeLessThan(1.5 * rows[0].relpages)
})
