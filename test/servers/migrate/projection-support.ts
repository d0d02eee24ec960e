/** A log and its live rows, written as job_queue_append writes them, but by hand: the projection is tested by itself. */
import type { MigrationConnection } from '../../../src/engine/migrate/index.ts'

export interface Projected {
  readonly projected_seq: number
  readonly version: number
  readonly written: number
  readonly set_aside: number
  readonly busy: boolean
  readonly targets: number
}

interface LiveRow {
  readonly job_id: string
  readonly models?: readonly string[]
  readonly priority?: number
  readonly blocked_by_job_id?: string
  readonly conflict_reason?: string
}

interface Facts {
  /** [event type, job, data] */
  readonly events: readonly (readonly [string, string, object?])[]
  readonly live?: readonly LiveRow[]
  readonly gone?: readonly string[]
  /** Rows among `live` that no event names. */
  readonly besides?: readonly string[]
}

/** Every event of a fact has this time, plus its sequence number in seconds. */
export const atSeq = (seq: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seq))

/** Appends; the models of every job are `[flux-dev]` unless said. */
export async function append(db: MigrationConnection, facts: Facts, queue = 'default'): Promise<void> {
  await db.exec('begin')
  await db.query('select job_queue_open($1)', [queue])
  const [head] = await db.query(
    'update interlock.job_queue_heads h set version = h.version + $2 where h.queue = $1 returning version',
    [queue, facts.events.length],
  )
  const version = Number(head?.['version'])
  await db.query(
    `insert into job_queue_log (seq, created_at, queue, event_type, job_id, models, data, command_id)
     select $2::bigint + e.place, timestamptz '2026-01-01 00:00:00Z' + ($2::bigint + e.place) * interval '1 second', $1,
            e.item ->> 0, e.item ->> 1, case e.item ->> 0 when 'queued' then array['flux-dev'] end, e.item -> 2, 'c'
       from jsonb_array_elements($3::jsonb) with ordinality as e (item, place)`,
    [queue, version - facts.events.length, JSON.stringify(facts.events)],
  )
  await db.query('delete from job_queue_jobs where queue = $1 and job_id = any ($2)', [
    queue,
    [...(facts.gone ?? [])],
  ])
  for (const row of facts.live ?? []) await upsert(db, queue, row)
  if (facts.besides !== undefined) {
    await db.query('insert into interlock.job_queue_changes values ($1, $2, $3)', [
      queue,
      version,
      [...facts.besides],
    ])
  }
  await db.exec('commit')
}

async function upsert(db: MigrationConnection, queue: string, row: LiveRow): Promise<void> {
  await db.query(
    `insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
       queued_at, attempt, attempts, timeout_ms, blocked_by_job_id, conflict_reason)
     select $1, $2, 'waiting', 'normal', 'normal', $3::text[], $4, 0, 0, 0,
            (select max(created_at) from job_queue_log where queue = $1 and job_id = $2 and event_type = 'queued'),
            0, 1, 1000, $5, $6
     on conflict (queue, job_id) do update set models = excluded.models, priority = excluded.priority,
       blocked_by_job_id = excluded.blocked_by_job_id, conflict_reason = excluded.conflict_reason`,
    [
      queue,
      row.job_id,
      row.models ?? ['flux-dev'],
      row.priority ?? 0,
      row.blocked_by_job_id ?? null,
      row.conflict_reason ?? null,
    ],
  )
}

export async function project(db: MigrationConnection, batch = 1000, queue = 'default'): Promise<Projected> {
  const [row] = await db.query('select job_queue_project($1, $2) as answer', [queue, batch])
  return row?.['answer'] as Projected
}

/** Coordination columns of jobs, by id. */
export async function rowsOfJobs(
  db: MigrationConnection,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return db.query(`select job_id::text as job_id, required_models, blocked_by_job_id, conflict_reason, queued_at, priority
    from jobs order by jobs.job_id`)
}
