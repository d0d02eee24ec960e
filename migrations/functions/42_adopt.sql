-- Rows of `jobs` from before Interlock, taken in by hand.

-- job_queue_adoptable(states, job_ids, lim): rows of `jobs` that can be taken in by hand (job_queue_adopt): rows in these
-- states that no queue's log has ever heard of, and that have not arrived. They are from before Interlock was activated, were
-- refused (job_queue_not_taken_in), or are left from the first coordinator. Reads only. Call it rarely: it reads every row in
-- these states.
--   states   of 'pending' and 'running', whatever the user's words for them are; null: both
--   job_ids  only these rows, in any order; null: all
--   lim      how many at most, 1..10,000
-- Returns {totals: {state: n, …}, rows: [{job_id, state, models, priority, job_type, kind, since}, …]}. totals counts both
-- states. The rows are in the order in which they would be taken in: by queued_at (the first coordinator wrote it), else by
-- created_at if there is such a column, then by the key. models, priority, job_type and kind are as in
-- job_queue_claim_arrivals; since is that time in microseconds, or null. totals is null if Interlock cannot use the table
-- (job_queue_targets). Raises JQ001 for a limit out of bounds or an unknown state.
create or replace function public.job_queue_adoptable(states text[], job_ids text[], lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  chosen text[] := coalesce(states, array['pending', 'running']);
  made text;
  answer jsonb;
begin
  if lim between 1 and 10000 is not true or not chosen <@ array['pending', 'running'] then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_adoptable takes states of pending and running and a limit of 1..10,000';
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found or not exists (
    select from pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    return jsonb_build_object('totals', null, 'rows', '[]'::jsonb);
  end if;
  select coalesce(format('coalesce(t.%I, ', names ->> 'queued_at') || max(format('t.%I::timestamptz)', a.attname)) filter (
           where n.key = 'created_at' and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)),
           format('t.%I', names ->> 'queued_at'))
    into made
    from jsonb_each_text(names) as n
    join pg_attribute a on a.attrelid = to_regclass('public.jobs') and a.attname = n.value and a.attnum > 0 and not a.attisdropped;
  execute format($sql$
    with words as materialized (
      select s as state, interlock.job_queue_status(s) as word from unnest(array['pending', 'running']) as s),
    unknown as materialized (
      select t.%1$I as key, w.state, %3$s as since
        from public.jobs t join words w on w.word = t.%4$I::text
       where ($2 is null or t.%1$I::text = any ($2))
         and length(t.%1$I::text) > 0
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))),
    first as materialized (
      select u.* from unknown u where u.state = any ($1) order by u.since, u.key limit $3)
    select jsonb_build_object(
      'totals', (select jsonb_object_agg(w.state, (select count(*) from unknown u where u.state = w.state)) from words w),
      'rows', coalesce((
        select to_jsonb(array_agg(r.fields - '{fair_key,dedupe_key,dedupe_while,requirements}'::text[] || jsonb_build_object('job_id', left(f.key::text, 201), 'state', f.state,
                 'since', (extract(epoch from f.since) * 1000000)::bigint) order by f.since, f.key))
          from first f
          join lateral (select %2$s as fields from public.jobs t where t.%1$I = f.key limit 1) r on true), '[]'))
    $sql$, target.key_column, interlock.job_queue_row_fields(), made, names ->> 'status') into answer using chosen, job_ids, lim;
  return answer;
end
$$;

-- job_queue_adopt(queue, job_ids): takes rows of `jobs` in by hand. Rows of job_queue_adoptable with these ids become pending,
-- lose every trace of an earlier coordinator, and arrive for this queue in the order given; workers with intake put them in
-- line. One transaction: if a trigger or CHECK of the user raises, no row is taken in. Idempotent. A row
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
  names jsonb := interlock.job_queue_columns('jobs');
  status_type text;
  candidates text[] := job_ids;
  adopted jsonb;
  cleared text;
  rows refcursor;
begin
  if length(queue) between 1 and 200 is not true or cardinality(job_ids) between 0 and 10000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_adopt takes a queue and at most 10,000 ids';
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
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
         and t.%4$I::text in (interlock.job_queue_status('pending'), interlock.job_queue_status('running'))
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))
         for no key update of t),
    cleared as (
      update public.jobs t
         set %4$I = interlock.job_queue_status('pending')::%3$s, %5$s
        from fit f where t.%1$I = f.key
      returning t.%1$I as key),
    -- A trusted role has chosen these rows, so jobs are made from them no matter who wrote them. They speak for these jobs.
    noted as (
      update interlock.job_queue_unlinked u set late = false, queue = null, life = null
        from cleared c where u.target = 'jobs' and u.job_id = c.key::text),
    arrived as (
      insert into interlock.job_queue_arrivals (queue, job_id)
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
