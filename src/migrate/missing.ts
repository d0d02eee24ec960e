import type { MigrationConnection } from './connection.ts'
import { functionSums } from './function-sums.ts'

/** Triggers on Interlock's own tables, and the tables they are on. */
export const ownTriggers: readonly (readonly [name: string, table: string])[] = [
  ['job_queue_log_append_only', 'job_queue_log'],
  ['job_queue_log_no_truncate', 'job_queue_log'],
  ['job_queue_log_archive_append_only', 'job_queue_log_archive'],
  ['job_queue_log_archive_no_truncate', 'job_queue_log_archive'],
  ['job_queue_snapshots_keep_cut', 'job_queue_snapshots'],
  ['job_queue_snapshots_no_truncate', 'job_queue_snapshots'],
  ['job_queue_snapshot_chunks_keep_cut', 'job_queue_snapshot_chunks'],
  ['job_queue_snapshot_chunks_no_truncate', 'job_queue_snapshot_chunks'],
]

/** Where the database can announce over Supabase Realtime (`realtime.send`), which may come after the migration. */
export const wakeTriggers: typeof ownTriggers = [
  ['job_queue_wake', 'job_queue_heads'],
  ['job_queue_wake_intake', 'job_queue_arrivals'],
  ['job_queue_wake_intake', 'job_queue_inbox'],
]

/**
 * What this release's migration would make in a database that has it already, and is not there: functions and triggers that were
 * dropped, and triggers for what came later.
 */
export async function missingObjects(query: MigrationConnection['query']): Promise<readonly string[]> {
  const rows = await query(missing, [
    [...functionSums().keys()],
    JSON.stringify(ownTriggers),
    JSON.stringify(wakeTriggers),
  ])
  return rows.map(({ what }) => String(what))
}

const missing = `
  select f.name as what from unnest($1::text[]) as f (name)
   where not exists (select from pg_catalog.pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = f.name)
  union all
  select format('%s on %s', t.value ->> 0, t.value ->> 1)
    from (select o.value from jsonb_array_elements($2::text::jsonb) as o
          union all
          select w.value from jsonb_array_elements($3::text::jsonb) as w
           where to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null) as t
   where not exists (
     select from pg_catalog.pg_trigger g
      where g.tgrelid = to_regclass('public.' || (t.value ->> 1)) and g.tgname = t.value ->> 0)`
