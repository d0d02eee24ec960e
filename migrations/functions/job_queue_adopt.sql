-- job_queue_adopt(queue, job_ids): takes rows of `jobs` in by hand. Rows of job_queue_adoptable with these ids become pending,
-- lose every trace of an earlier coordinator, and arrive for this queue in the order given; workers with intake put them in
-- line. One transaction: if a trigger or CHECK of the user raises, no row is taken in. Doing it twice does nothing more. A row
-- that says running is taken in like the others: make sure first that nothing runs it.
--   queue    the queue that takes them in, 1..200 characters
--   job_ids  in the order in which they should stand in line, at most 10,000
-- Returns the ids that were taken in, in that order. The others have no row, are neither pending nor running, are known to a
-- log, or have arrived already. Raises JQ001 when an argument is out of bounds, and what the user's table raises.
create or replace function public.job_queue_adopt(queue text, job_ids text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  target record;
  names jsonb := public.job_queue_columns('jobs');
  status_type text;
  candidates text[] := job_ids;
  adopted jsonb;
  cleared text;
  rows refcursor;
begin
  if length(queue) between 1 and 200 is not true or cardinality(job_ids) between 0 and 10000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_adopt takes a queue and at most 10,000 ids';
  end if;
  select * into target from public.job_queue_targets() t where t.target = 'jobs';
  select format_type(a.atttypid, a.atttypmod) into status_type
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped;
  if target is null or status_type is null then
    return '[]';
  end if;
  if target.key_type = 'uuid' then
    select array_agg(id order by n) into candidates from unnest(job_ids) with ordinality as u (id, n)
     where id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  -- Two of these at once would let a row arrive twice. The log would refuse the second one; the lock avoids that.
  perform pg_advisory_xact_lock(hashtextextended('interlock.adopt', 0));
  -- A column that is NOT NULL gets its default.
  select string_agg(format('%I = %s', a.attname, case when a.attnotnull then 'default' else 'null' end), ', ') into cleared
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and not a.attisdropped
     and a.attname in (names ->> 'queued_at', names ->> 'blocked_by_job_id', names ->> 'conflict_reason');
  -- Tells the trigger job_queue_status_set that this is not a hand edit.
  perform set_config('interlock.projecting', 'on', true);
  -- The text is parsed with pinned names and runs under the user's own search path, where his triggers and CHECKs find what they
  -- name.
  open rows for execute format($sql$
    with wanted as materialized (
      select u.id::%2$s as key, min(u.n) as n from unnest($1) with ordinality as u (id, n) group by 1),
    fit as materialized (
      select t.%1$I as key, w.n
        from wanted w join public.jobs t on t.%1$I = w.key
       where length(t.%1$I::text) between 1 and 200
         and t.%4$I::text in (public.job_queue_status('pending'), public.job_queue_status('running'))
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from public.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from public.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))
         for no key update of t),
    cleared as (
      update public.jobs t
         set %4$I = public.job_queue_status('pending')::%3$s, %5$s
        from fit f where t.%1$I = f.key
      returning t.%1$I as key),
    -- A trusted role has chosen these rows, so jobs are made from them no matter who wrote them.
    linked as (
      delete from public.job_queue_unlinked u using cleared c where u.target = 'jobs' and u.job_id = c.key::text),
    arrived as (
      insert into public.job_queue_arrivals (queue, job_id)
      select $2, f.key::text from fit f join cleared c on c.key = f.key order by f.n
      returning id, job_id)
    select coalesce(jsonb_agg(a.job_id order by a.id), '[]') from arrived a
    $sql$, target.key_column, target.key_type, status_type, names ->> 'status', cleared) using candidates, queue;
  perform set_config('search_path', public.job_queue_user_path(), true);
  fetch rows into adopted;
  close rows;
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('interlock.projecting', '', true);
  if adopted <> '[]' and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return adopted;
end
$$;
