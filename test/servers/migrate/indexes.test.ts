/** Each index beyond the primary keys, with the query it is for, asked of tables large enough to need it. */
import { beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { readMigrationFile } from '../../../src/engine/migrate/package-files.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { connect, freshDatabase } from './support.ts'

const queries: readonly (readonly [string, string])[] = [
  ['job_queue_arrivals_job_idx', "SELECT id FROM interlock.job_queue_arrivals WHERE job_id = 'job-77'"],
  [
    'job_queue_log_job_idx',
    "SELECT * FROM job_queue_log WHERE queue = 'default' AND job_id = 'job-77' ORDER BY seq",
  ],
  [
    'job_queue_log_command_idx',
    "SELECT seq FROM job_queue_log WHERE queue = 'default' AND command_id = any (array['command-5', 'command-6'])",
  ],
  [
    'job_queue_log_dead_idx',
    "SELECT seq, job_id FROM job_queue_log WHERE queue = 'default' AND (event_type = 'expired' OR (event_type IN ('failed', 'lease_expired') AND data ? 'final')) ORDER BY seq DESC LIMIT 100",
  ],
  [
    'job_queue_log_time_idx',
    "SELECT * FROM job_queue_log WHERE created_at > timestamptz '2026-01-01 08:00' ORDER BY created_at DESC LIMIT 20",
  ],
  [
    'job_queue_log_voided_idx',
    "SELECT seq, data FROM job_queue_log WHERE queue = 'default' AND event_type = 'voided'",
  ],
  [
    'job_queue_log_archive_voided_idx',
    "SELECT seq, data FROM interlock.job_queue_log_archive WHERE queue = 'default' AND event_type = 'voided'",
  ],
  [
    'job_queue_inbox_open_idx',
    "SELECT request_id, command FROM interlock.job_queue_inbox WHERE queue = 'default' AND answered_at IS NULL ORDER BY created_at LIMIT 100",
  ],
  [
    'job_queue_inbox_answered_idx',
    "SELECT request_id FROM interlock.job_queue_inbox WHERE queue = 'default' AND answered_at < now() - interval '1 day'",
  ],
  [
    'job_queue_inbox_cancel_idx',
    "SELECT command ->> 'job_id' FROM interlock.job_queue_inbox WHERE queue = 'default' AND left(command ->> 'job_id', 200) = 'job-5' AND answered_at IS NULL AND command ->> 'type' = 'cancel'",
  ],
  [
    'job_queue_inbox_beat_idx',
    "SELECT request_id FROM interlock.job_queue_inbox WHERE queue = 'default' AND left(command ->> 'worker_id', 200) = 'worker-5' AND command ->> 'type' = 'heartbeat'",
  ],
  [
    'job_queue_inbox_refused_idx',
    `SELECT request_id, answer FROM interlock.job_queue_inbox WHERE queue = 'default' AND answered_at IS NOT NULL AND answer @> '{"ok": false}' AND command @> '{"type": "enqueue"}' ORDER BY answered_at DESC LIMIT 1000`,
  ],
  [
    'job_queue_jobs_whole_idx',
    "SELECT job_id FROM job_queue_jobs WHERE queue = 'default' AND whole IS NOT NULL AND whole && array['flux-dev']",
  ],
  [
    'job_queue_once_until_idx',
    "SELECT job_id FROM interlock.job_queue_once WHERE queue = 'default' AND until <= now() ORDER BY until LIMIT 100",
  ],
  [
    'job_queue_submissions_order_idx',
    "SELECT id, job FROM interlock.job_queue_submissions WHERE queue = 'default' ORDER BY id LIMIT 1000",
  ],
  [
    'job_queue_submissions_request_idx',
    "SELECT 1 FROM interlock.job_queue_submissions WHERE queue = 'default' AND request_id = 'request-5'",
  ],
  [
    'job_queue_doubles_stands_for_idx',
    "SELECT job_id FROM interlock.job_queue_doubles WHERE queue = 'default' AND stands_for = 'job-5'",
  ],
  [
    'jobs_blocked_by_job_id_idx',
    'SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL',
  ],
  ['jobs_not_taken_in_idx', "SELECT job_id FROM jobs WHERE status = 'pending' AND queued_at IS NULL"],
  [
    'workflow_executions_blocked_by_job_id_idx',
    'SELECT * FROM workflow_executions WHERE blocked_by_job_id IS NOT NULL',
  ],
]

const fill = `
  insert into job_queue_log (seq, created_at, queue, event_type, job_id, command_id)
    select n, timestamptz '2026-01-01' + n * interval '1 s', 'default', 'queued', 'job-' || n / 3, 'command-' || n / 2
      from generate_series(1, 30000) n;
  insert into job_queue_log (seq, created_at, queue, event_type, job_id, data, command_id)
    select 30000 + n, timestamptz '2026-01-01' + (30000 + n) * interval '1 s', 'default', 'failed', 'job-' || n, '{"final": true}', 'f-' || n
      from generate_series(1, 300) n;
  alter table interlock.job_queue_log_archive disable trigger user;
  insert into interlock.job_queue_log_archive (seq, created_at, queue, event_type)
    select n, timestamptz '2025-01-01', 'default', 'due' from generate_series(1, 20000) n;
  insert into interlock.job_queue_inbox (queue, request_id, command, created_at, answered_at)
    select 'default', n::text, '{}', now(), case when n % 100 > 0 then now() end from generate_series(1, 20000) n;
  insert into interlock.job_queue_inbox (queue, request_id, command, answered_at)
    select 'default', 'cancel-' || n, jsonb_build_object('type', 'cancel', 'job_id', 'job-' || n), null from generate_series(1, 200) n
    union all
    select 'default', 'beat-' || n, jsonb_build_object('type', 'heartbeat', 'worker_id', 'worker-' || n), now() from generate_series(1, 200) n;
  insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie, queued_at,
      attempt, attempts, timeout_ms, whole)
    select 'default', 'job-' || n, 'waiting', 'normal', 'normal', array['flux-dev'], 0, 0, n, n, now(), 0, 3, 1000,
           case when n % 1000 = 0 then array['flux-dev'] end from generate_series(1, 20000) n;
  insert into interlock.job_queue_once (queue, job_id, seq, until, body)
    select 'default', 'job-' || n, n, case when n % 2 = 0 then now() + n * interval '1 s' end, 1 from generate_series(-100, 20000) n;
  insert into interlock.job_queue_submissions (queue, job_id, request_id, job)
    select 'default', 'job-' || n, 'request-' || n / 2, '{}' from generate_series(1, 20000) n;
  insert into interlock.job_queue_doubles (queue, job_id, stands_for, since)
    select 'default', 'double-' || n, 'job-' || n / 2, now() from generate_series(1, 20000) n;
  insert into jobs (job_id, status, queued_at, blocked_by_job_id)
    select n::text, case when n % 200 = 0 then 'pending' else 'completed' end, case when n % 2 = 0 then now() end,
           case when n % 200 = 1 then 'x' end from generate_series(1, 20000) n;
  update jobs set queued_at = null where job_id::int % 400 = 0;
  insert into workflow_executions (id, blocked_by_job_id)
    select n::text, case when n % 200 = 1 then 'x' end from generate_series(1, 20000) n;
  insert into interlock.job_queue_arrivals (job_id) select 'job-' || n from generate_series(1, 20000) n;
  vacuum analyze`

describe('an index beyond the primary keys', () => {
  let url: string
  beforeAll(async () => {
    url = await createDatabase('indexes')
  })

  it('has its query, and every one of them uses it', async () => {
    const db = await connect(url)
    await migrate(db)
    for (const statement of fill.split(';')) await db.exec(statement)
    for (const [index, sql] of queries) {
      const plan = JSON.stringify(await db.query(`EXPLAIN ${sql}`))
      expect(plan, sql).toContain(index)
    }
    const rows =
      await db.query(`select relname::text as name from pg_index join pg_class c on c.oid = indexrelid
      where not indisprimary and indrelid::regclass::text ~ '^(jobs|workflow_executions|(interlock.)?job_queue_.*)$' order by 1`)
    expect(rows.map((row) => row['name'])).toEqual(queries.map(([name]) => name).sort())
  })
})

it('gives the index by time up for a range index, in a database that has it', async () => {
  const db = await connect(await createDatabase('indexes'))
  await migrate(db)
  await db.exec(
    'drop index job_queue_log_time_idx; create index job_queue_log_created_idx on job_queue_log (created_at)',
  )
  await db.exec(readMigrationFile('027_add_job_queue_coordination.sql'))
  const rows =
    await db.query(`select c.relname as name, a.amname as kind from pg_class c join pg_am a on a.oid = c.relam
    where c.relname in ('job_queue_log_time_idx', 'job_queue_log_created_idx')`)
  expect(rows).toEqual([{ name: 'job_queue_log_time_idx', kind: 'brin' }])
})

describe('the look-up of a row of the user', () => {
  it.each(['uuid', 'text', 'varchar(80)'])('keeps its own index when the key is %s', async (type) => {
    const db = await freshDatabase()
    await db.exec(`create table jobs (job_id ${type} primary key, status text, model text);
      insert into jobs (job_id) select gen_random_uuid()::${type} from generate_series(1, 20000)`)
    await migrate(db)
    await db.exec('analyze jobs')
    const keyType = await db.value("select key_type from interlock.job_queue_targets() where target = 'jobs'")
    const plan = await db.query(
      `EXPLAIN SELECT array_agg(t.job_id::text) FROM jobs t
       WHERE t.job_id = any (array['00000000-0000-4000-8000-000000000001']::${keyType}[])`,
    )
    expect(JSON.stringify(plan)).toContain('jobs_pkey')
    expect(JSON.stringify(plan)).not.toContain('Seq Scan')
  })
})
