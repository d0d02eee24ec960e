-- The way back to the first coordinator. Its two tables get their names again, with their rows as they were at the
-- migration; Interlock's tables are kept under the names …_undone_1 (or the next free number), its functions and the
-- triggers on your tables go, the columns on your tables stay: the first coordinator uses most of them.
-- Stop Interlock's workers first. Run it as the owner of the tables, as it is, in psql or the Supabase SQL editor.
begin;
select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0));
set local client_min_messages = warning;
set local lock_timeout = '10s';

do $undo$
declare
  name text;
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

  -- The first number under which nothing was kept yet.
  select '_undone_' || min(n) into suffix from generate_series(1, 1000) n
   where not exists (
     select from pg_catalog.pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relname like '%\_undone\_' || n);

  for part in
    select t.tgname, c.oid::regclass::text as owner from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     where t.tgname in ('000_job_queue_guard_insert', '000_job_queue_guard_update') and not t.tgisinternal
  loop
    execute format('drop trigger %I on %s', part.tgname, part.owner);
  end loop;
  -- The log that is kept stays append-only, so its trigger keeps its function.
  for part in
    select p.oid::regprocedure::text as call from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proname = any ('{{{functions}}}'::text[])
       and p.proname <> 'job_queue_refuse_change'
  loop
    execute format('drop function %s', part.call);
  end loop;

  foreach name in array '{{{tables}}}'::text[] loop
    continue when to_regclass('public.' || name) is null;
    for part in
      select c.relname, c.relkind from pg_catalog.pg_class c
       where c.relkind in ('i', 'S') and c.oid in (
         select i.indexrelid from pg_catalog.pg_index i where i.indrelid = to_regclass('public.' || name)
         union all
         select d.objid from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
            and d.refobjid = to_regclass('public.' || name) and d.deptype in ('a', 'i'))
    loop
      execute format('alter %s public.%I rename to %I', case part.relkind when 'S' then 'sequence' else 'index' end,
        part.relname, left(part.relname, 63 - length(suffix)) || suffix);
    end loop;
    execute format('alter table public.%I rename to %I', name, name || suffix);
  end loop;

  foreach name in array array['job_queue_state', 'job_queue_log'] loop
    continue when to_regclass(format('public.%I', name || '_v1')) is null;
    for part in
      select c.relname, c.relkind from pg_catalog.pg_class c
       where c.relkind in ('i', 'S') and right(c.relname, 3) = '_v1' and c.oid in (
         select i.indexrelid from pg_catalog.pg_index i where i.indrelid = to_regclass('public.' || name || '_v1')
         union all
         select d.objid from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
            and d.refobjid = to_regclass('public.' || name || '_v1') and d.deptype in ('a', 'i'))
    loop
      execute format('alter %s public.%I rename to %I', case part.relkind when 'S' then 'sequence' else 'index' end,
        part.relname, left(part.relname, -3));
    end loop;
    execute format('alter table public.%I rename to %I', name || '_v1', name);
  end loop;
end
$undo$;
notify pgrst, 'reload schema';
commit;
