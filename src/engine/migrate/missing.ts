import type { MigrationConnection } from './connection.ts'
import { functionSums } from './function-sums.ts'

type Triggers = readonly (readonly [name: string, table: string])[]

/** Triggers on Interlock's own tables, with their tables. */
export const ownTriggers: Triggers = [
  ['job_queue_log_append_only', 'job_queue_log'],
  ['job_queue_log_no_truncate', 'job_queue_log'],
  ['job_queue_log_below_snapshot', 'job_queue_log'],
  ['job_queue_log_archive_append_only', 'job_queue_log_archive'],
  ['job_queue_log_archive_no_truncate', 'job_queue_log_archive'],
  ['job_queue_log_archive_below_snapshot', 'job_queue_log_archive'],
  ['job_queue_snapshots_keep_cut', 'job_queue_snapshots'],
  ['job_queue_snapshots_no_truncate', 'job_queue_snapshots'],
  ['job_queue_snapshot_chunks_keep_cut', 'job_queue_snapshot_chunks'],
  ['job_queue_snapshot_chunks_no_truncate', 'job_queue_snapshot_chunks'],
  ['job_queue_inbox_ends', 'job_queue_inbox'],
]

/** Only where the database can announce over Supabase Realtime (`realtime.send`), which may come after the migration. */
export const wakeTriggers: Triggers = [
  ['job_queue_wake', 'job_queue_heads'],
  ['job_queue_wake_intake', 'job_queue_arrivals'],
  ['job_queue_wake_intake', 'job_queue_inbox'],
]

/** Only where Interlock follows the user's `jobs`. */
export const jobsTriggers: Triggers = [
  ['000_job_queue_guard_insert', 'jobs'],
  ['000_job_queue_guard_update', 'jobs'],
  ['job_queue_intake', 'jobs'],
  ['job_queue_deleted', 'jobs'],
  ['job_queue_status_set', 'jobs'],
  ['job_queue_row_unlinked', 'jobs'],
  ['job_queue_truncated', 'jobs'],
]

/**
 * Objects of this release's migration that are missing in a database that has it: functions and triggers that were dropped, and
 * triggers for what came later.
 */
export async function missingObjects(query: MigrationConnection['query']): Promise<readonly string[]> {
  const functions = await query(missingFunctions, [[...functionSums().keys()]])
  // Some of the functions answer which of the user's tables are followed, so those come first.
  const rows = functions.length > 0 ? functions : await query(missingTriggers, lists)
  return rows.map(({ what }) => String(what))
}

const lists = [ownTriggers, wakeTriggers, jobsTriggers].map((triggers) => JSON.stringify(triggers))

const missingFunctions = `
  select f.name as what from unnest($1::text[]) as f (name)
   where not exists (
     select from pg_catalog.pg_proc p where p.pronamespace in (to_regnamespace('public'), to_regnamespace('interlock')) and p.proname = f.name)`

// Without a status, rows of jobs are not taken in, so the triggers would have nothing to do.
const missingTriggers = `
  select format('%s on %s', t.value ->> 0, t.value ->> 1) as what
    from (select o.value from jsonb_array_elements($1::text::jsonb) as o
          union all
          select w.value from jsonb_array_elements($2::text::jsonb) as w
           where to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null
          union all
          select j.value from jsonb_array_elements($3::text::jsonb) as j
           where exists (select from interlock.job_queue_targets() f where f.target = 'jobs') and exists (
             select from pg_catalog.pg_attribute a
              where a.attrelid = to_regclass('public.jobs') and not a.attisdropped
                and a.attname = interlock.job_queue_columns('jobs') ->> 'status')) as t
   where not exists (
     select from pg_catalog.pg_trigger g
      where g.tgrelid in (to_regclass('public.' || (t.value ->> 1)), to_regclass('interlock.' || (t.value ->> 1))) and g.tgname = t.value ->> 0)`
