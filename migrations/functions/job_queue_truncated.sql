-- job_queue_truncated(): the trigger on jobs and workflow_executions for TRUNCATE, which fires no trigger of DELETE. Before it,
-- as if the rows were deleted: what has only arrived is not taken in, and each live job that a row of `jobs` speaks for is
-- cancelled. After it, what was noted about the rows is forgotten. Runs as its owner. Its arguments are the table and the
-- user's names for its key and for queued_at (jobs only). Raises nothing: the user's statement goes on (a warning says what is
-- wrong).
create or replace function public.job_queue_truncated() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  key_type text;
  live text[];
  ids text[];
  queued timestamptz[];
  -- True for the whole table, false for one partition.
  whole boolean := tg_relid = to_regclass('public.' || tg_argv[0]);
begin
  if tg_when = 'AFTER' then
    perform public.job_queue_rows_gone(tg_argv[0], tg_argv[1],
      array(select u.job_id from public.job_queue_unlinked u where u.target = tg_argv[0]));
    return null;
  end if;
  select format_type(a.atttypid, null) into key_type
    from pg_attribute a where a.attrelid = tg_relid and a.attname = tg_argv[1] and not a.attisdropped;
  -- The arrivals first, as when rows are deleted (job_queue_not_arrived).
  execute format('with gone as materialized (
      select a.id from public.job_queue_arrivals a
       where $1 or exists (select from %2$s t where t.%1$I::text = a.job_id) order by a.id for update)
    delete from public.job_queue_arrivals a where a.id = any (array(select id from gone))', tg_argv[1], tg_relid::regclass) using whole;
  live := array(
    select distinct j.job_id from public.job_queue_jobs j
     where key_type <> 'uuid' or j.job_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
  execute format('select array_agg(t.%1$I::text), array_agg(t.%2$I) from %3$s t where t.%1$I = any ($1::%4$s[])',
    tg_argv[1], tg_argv[2], tg_relid::regclass, key_type) into ids, queued using live;
  perform public.job_queue_cancel_rows(ids, queued);
  -- If rows are hidden by row level security, those that were taken in are known from the log.
  if whole and row_security_active(tg_relid) then
    select array_agg(j.job_id), array_agg(j.queued_at) into ids, queued
      from public.job_queue_jobs j
      join public.job_queue_log l
        on l.queue = j.queue and l.job_id = j.job_id and l.event_type = 'queued' and l.created_at = j.queued_at and l.data ? 'intake';
    perform public.job_queue_cancel_rows(ids, queued);
  end if;
  return null;
exception when undefined_column or undefined_table or undefined_function then
  raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
    using hint = format('Run `interlock migrate`, or drop the trigger %s.', tg_name);
  return null;
end
$$;
