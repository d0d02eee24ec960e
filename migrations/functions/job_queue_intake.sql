-- job_queue_intake(): the trigger on jobs that notes rows that arrived as pending and not queued, in one insert per statement,
-- and wakes the workers (NOTIFY interlock, 'intake', unless the setting interlock.notify is 'off'). A queued_at that is the
-- column's default says nothing (job_queue_dated). Runs as its owner, so a role that may insert into jobs needs no right on
-- anything of Interlock's. Its arguments are the user's names for job_id, queued_at, status and model, none if they are
-- Interlock's. Raises nothing: the user's insert goes on, whatever is wrong here (a warning says what).
create or replace function public.job_queue_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
  pending text;
  dated boolean;
begin
  -- What may fail (a column that was dropped since) is read only in the inner block. So the block takes no transaction id, and
  -- 10,000 single inserts in one transaction stay cheap.
  begin
    pending := public.job_queue_status('pending');
    if tg_nargs = 0 then
      select array_agg(left(a.job_id::text, 300)) filter (where a.queued_at is null), count(a.queued_at) > 0 into ids, dated
        from arrived a where a.status::text = pending;
    else
      execute format('select array_agg(left(a.%1$I::text, 300)) filter (where a.%2$I is null), count(a.%2$I) > 0
        from arrived a where a.%3$I::text = $1', variadic tg_argv) into ids, dated using pending;
    end if;
    if dated and public.job_queue_dated() then
      execute format('select array_agg(left(a.%1$I::text, 300)) from arrived a
        where a.%2$I::text = $1 and (a.%3$I is null or not public.job_queue_known(a.%1$I::text))',
        coalesce(tg_argv[0], 'job_id'), coalesce(tg_argv[2], 'status'), coalesce(tg_argv[1], 'queued_at')) into ids using pending;
    end if;
  exception when others then
    raise warning 'Interlock takes nothing in from %: %', tg_table_name, sqlerrm
      using hint = 'Run `interlock migrate`, or drop the trigger job_queue_intake.';
  end;
  if ids is null or to_regclass('public.job_queue_arrivals') is null then
    return null;
  end if;
  insert into public.job_queue_arrivals (job_id) select unnest(ids);
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return null;
end
$$;
