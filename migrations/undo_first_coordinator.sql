-- Made by src/engine/migrate/bundle.ts from migrations/parts and migrations/functions: change those.
-- The way back to the first coordinator. Its two tables get their names back, with their rows as they were at the migration.
-- Interlock's tables are kept under the names …_undone_1 (or the next free number). Its functions and its triggers on your tables
-- are dropped. The columns on your tables stay: the first coordinator uses most of them.
-- Stop Interlock's workers first. Run it as the owner of the tables, as it is, in psql or the Supabase SQL editor.
begin;
select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0));
set local client_min_messages = warning;
set local lock_timeout = '10s';

do $undo$
declare
  item record;
  part record;
  busy text;
  suffix text;
begin
  if to_regclass('public.job_queue_state_v1') is null and to_regclass('public.job_queue_log_v1') is null then
    raise exception using errcode = 'JQ107',
      message = 'there are no tables of the first coordinator to go back to',
      hint = 'Only a migration that found its job_queue_state and job_queue_log can be undone. Nothing was changed.';
  end if;
  if to_regclass('public.job_queue_jobs') is not null then
    lock table public.job_queue_heads, public.job_queue_jobs in access exclusive mode;
    select string_agg(j.job_id, ', ') into busy
      from (select job_id from public.job_queue_jobs where state = 'active' order by started_at limit 5) j;
    if busy is not null then
      raise exception using errcode = 'JQ107',
        message = format('jobs are running: %s', busy),
        hint = 'Run `interlock drain --wait` and stop the workers, then run this again. Nothing was changed.';
    end if;
  end if;

  -- The first free number.
  select '_undone_' || min(n) into suffix from generate_series(1, 1000) n
   where not exists (
     select from pg_catalog.pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relname like E'%\\_undone\\_' || n);

  for part in
    select t.tgname, c.oid::regclass::text as owner from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     where t.tgname in ('000_job_queue_guard_insert', '000_job_queue_guard_update', 'job_queue_intake', 'job_queue_deleted',
       'job_queue_status_set', 'job_queue_row_unlinked', 'job_queue_row_moved', 'job_queue_row_linked', 'job_queue_execution_deleted',
       'job_queue_truncated', 'job_queue_emptied', 'job_queue_snapshots_keep_cut', 'job_queue_snapshots_no_truncate',
       'job_queue_snapshot_chunks_keep_cut', 'job_queue_snapshot_chunks_no_truncate', 'job_queue_inbox_ends') and not t.tgisinternal
  loop
    execute format('drop trigger %I on %s', part.tgname, part.owner);
  end loop;
  drop view if exists public.job_queue_places;
  -- The log that is kept stays append-only, so its trigger keeps its function.
  for part in
    select p.oid::regprocedure::text as call from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proname = any ('{job_queue_account,job_queue_adopt,job_queue_adoptable,job_queue_answer,job_queue_answer_requests,job_queue_answered,job_queue_append,job_queue_append_along,job_queue_append_for,job_queue_archive,job_queue_archive_before,job_queue_archived_events,job_queue_arrived_rows,job_queue_backlog,job_queue_beat,job_queue_by_schedule,job_queue_cancel_rows,job_queue_cancel_submitted,job_queue_cancel_submitted_after,job_queue_chain,job_queue_check_end,job_queue_check_incoming,job_queue_check_once,job_queue_checkup,job_queue_circle,job_queue_claim_arrivals,job_queue_claim_cut,job_queue_columns,job_queue_committed_ends,job_queue_complete_in,job_queue_data_of,job_queue_dated,job_queue_dead,job_queue_deleted,job_queue_doubtful,job_queue_drop,job_queue_drop_chunks,job_queue_elsewhere,job_queue_end_of,job_queue_end_of_life,job_queue_ending,job_queue_endings,job_queue_enqueue_in,job_queue_event_at,job_queue_event_body,job_queue_event_text,job_queue_events,job_queue_execution_deleted,job_queue_explain,job_queue_forget,job_queue_forget_operator,job_queue_forget_workers,job_queue_given_up,job_queue_guard_columns,job_queue_held,job_queue_hidden,job_queue_incoming,job_queue_insert_chained,job_queue_intake,job_queue_job_body,job_queue_job_digest,job_queue_jobs_fault,job_queue_keep_cut,job_queue_kept,job_queue_kept_digest,job_queue_known,job_queue_leave,job_queue_life,job_queue_link,job_queue_linked,job_queue_list_submissions,job_queue_micros,job_queue_not_arrived,job_queue_not_live,job_queue_note,job_queue_note_row,job_queue_of_job,job_queue_once_before,job_queue_open,job_queue_open_requests,job_queue_outer_rows,job_queue_overdue,job_queue_own_rows,job_queue_page,job_queue_parents,job_queue_payload_fault,job_queue_payloads,job_queue_project,job_queue_project_target,job_queue_projection,job_queue_projection_page,job_queue_publish,job_queue_published_in,job_queue_put_data,job_queue_put_many,job_queue_put_once,job_queue_put_snapshot,job_queue_put_snapshot_chunk,job_queue_put_staged,job_queue_put_state,job_queue_queued_job,job_queue_queues,job_queue_read,job_queue_reads,job_queue_rebuild,job_queue_rebuild_once,job_queue_rebuild_rows,job_queue_refuse_by_policy,job_queue_refuse_change,job_queue_refuse_digest,job_queue_refuse_other,job_queue_refused_words,job_queue_reproject,job_queue_request,job_queue_request_fault,job_queue_resign,job_queue_results,job_queue_row_fields,job_queue_row_linked,job_queue_row_lives,job_queue_row_unlinked,job_queue_rows_gone,job_queue_said_before,job_queue_say_not_taken_in,job_queue_set_aside_rows,job_queue_settle,job_queue_shadowing,job_queue_sign,job_queue_signed,job_queue_snapshot,job_queue_snapshot_chunk,job_queue_stage,job_queue_start_chain,job_queue_status,job_queue_status_set,job_queue_submit,job_queue_submit_call,job_queue_submitted,job_queue_submitted_call,job_queue_submitted_job,job_queue_sweep_once,job_queue_taken,job_queue_targets,job_queue_touched,job_queue_truncated,job_queue_turn,job_queue_unlike,job_queue_unstaged,job_queue_user_path,job_queue_user_rows,job_queue_void,job_queue_void_seqs,job_queue_voided,job_queue_wake,job_queue_wake_intake,job_queue_watch,job_queue_without_data,job_queue_worker_list,job_queue_write_target}'::text[])
       and p.proname <> 'job_queue_refuse_change'
  loop
    execute format('drop function %s', part.call);
  end loop;

  -- Ours make way first, then the old ones get their names back; constraints, indexes and sequences go with their table.
  for item in
    select t.name as was, t.name || suffix as becomes, '' as cut, suffix as added, 1 as turn
      from unnest('{job_queue_log,job_queue_log_archive,job_queue_heads,job_queue_state,job_queue_jobs,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_not_taken_in,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_set_aside,job_queue_doubles,job_queue_migrations}'::text[]) as t (name)
    union all
    select t.name || '_v1', t.name, '_v1', '', 2 from unnest(array['job_queue_state', 'job_queue_log']) as t (name)
    order by turn
  loop
    continue when to_regclass('public.' || item.was) is null;
    for part in
      select 'constraint' as kind, k.conname as name from pg_catalog.pg_constraint k
       where k.conrelid = to_regclass('public.' || item.was) and k.contype <> 't'
      union all
      select 'index', c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
       where i.indrelid = to_regclass('public.' || item.was)
         and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
      union all
      select 'sequence', c.relname from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
         and d.refobjid = to_regclass('public.' || item.was) and d.deptype in ('a', 'i') and c.relkind = 'S'
    loop
      continue when right(part.name, length(item.cut)) <> item.cut;
      execute format(case part.kind when 'constraint' then 'alter table public.%3$I rename constraint %1$I to %2$I'
        else 'alter ' || part.kind || ' public.%1$I rename to %2$I' end, part.name,
        left(left(part.name, length(part.name) - length(item.cut)), 63 - length(item.added)) || item.added, item.was);
    end loop;
    execute format('alter table public.%I rename to %I', item.was, item.becomes);
  end loop;
end
$undo$;
notify pgrst, 'reload schema';
commit;
