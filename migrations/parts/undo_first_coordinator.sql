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
  stays text[] := '{}';
begin
  if to_regclass('public.job_queue_state_v1') is null and to_regclass('public.job_queue_log_v1') is null then
    raise exception using errcode = 'JQ107',
      message = 'there are no tables of the first coordinator to go back to',
      hint = 'Only a migration that found its job_queue_state and job_queue_log can be undone. Nothing was changed.';
  end if;
  if to_regclass('public.job_queue_jobs') is not null then
    lock table interlock.job_queue_heads, public.job_queue_jobs in access exclusive mode;
    select string_agg(j.job_id, ', ') into busy
      from (select job_id from public.job_queue_jobs where state = 'active' order by started_at limit 5) j;
    if busy is not null then
      raise exception using errcode = 'JQ107',
        message = format('jobs are running: %s', busy),
        hint = 'Run `npx interlock-queue drain --wait` and stop the workers, then run this again. Nothing was changed.';
    end if;
  end if;

  -- The first free number.
  select '_undone_' || min(n) into suffix from generate_series(1, 1000) n
   where not exists (
     select from pg_catalog.pg_class c
      where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relname like E'%\\_undone\\_' || n);

  -- What it adds to the user's tables stays: the columns with their names, and the indexes on them.
  if to_regprocedure('interlock.job_queue_targets()') is not null then
    select coalesce(array_agg(format('the columns %s of %s%s', array_to_string(u.columns, ', '), u.target,
             coalesce(', with the indexes ' || array_to_string(u.indexes, ', '), '')) order by u.target), '{}') into stays
      from (
        select t.target, array(
                 select n.value from jsonb_each_text(interlock.job_queue_columns(t.target)) n
                  where n.key in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority') order by n.value) as columns,
               (select array_agg(c.relname order by c.relname) from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
                 where i.indrelid = to_regclass('public.' || t.target)
                   and c.relname in (t.target || '_blocked_by_job_id_idx', t.target || '_not_taken_in_idx')) as indexes
          from interlock.job_queue_targets() t) u;
  end if;

  for part in
    select t.tgname, c.oid::regclass::text as owner from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
      join pg_catalog.pg_proc p on p.oid = t.tgfoid and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)
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
     where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname = any ('{{{functions}}}'::text[])
       and p.proname <> 'job_queue_refuse_change'
  loop
    execute format('drop function %s', part.call);
  end loop;

  -- Ours make way first, then the old ones get their names back; constraints, indexes and sequences go with their table.
  for item in
    select c.oid as id, n.nspname as schema, t.name as was, t.name || suffix as becomes, '' as cut, suffix as added, 1 as turn
      from unnest('{{{tables}}}'::text[]) as t (name)
      join pg_catalog.pg_class c on c.relname = t.name and c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace)
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    union all
    select to_regclass(format('public.%I', t.name || '_v1')), 'public', t.name || '_v1', t.name, '_v1', '', 2
      from unnest(array['job_queue_state', 'job_queue_log']) as t (name)
    order by turn
  loop
    continue when item.id is null;
    for part in
      select 'constraint' as kind, k.conname as name from pg_catalog.pg_constraint k
       where k.conrelid = item.id and k.contype <> 't'
      union all
      select 'index', c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
       where i.indrelid = item.id
         and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
      union all
      select 'sequence', c.relname from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
         and d.refobjid = item.id and d.deptype in ('a', 'i') and c.relkind = 'S'
    loop
      continue when right(part.name, length(item.cut)) <> item.cut;
      execute format(case part.kind when 'constraint' then 'alter table %4$I.%3$I rename constraint %1$I to %2$I'
        else 'alter ' || part.kind || ' %4$I.%1$I rename to %2$I' end, part.name,
        left(left(part.name, length(part.name) - length(item.cut)), 63 - length(item.added)) || item.added, item.was, item.schema);
    end loop;
    execute format('alter table %I.%I rename to %I', item.schema, item.was, item.becomes);
  end loop;

  stays := format('Interlock''s tables, with their rows, as job_queue_…%s', suffix) || stays
    || 'the function job_queue_refuse_change, which keeps their log append-only'::text;
  perform set_config('client_min_messages', 'notice', true);
  raise notice 'what stays: %', array_to_string(stays, '; ');
  -- For the program that runs this.
  perform set_config('interlock.stays', to_json(stays)::text, false);
end
$undo$;
notify pgrst, 'reload schema';
commit;
