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
  names jsonb := public.job_queue_columns('jobs');
  chosen text[] := coalesce(states, array['pending', 'running']);
  made text;
  answer jsonb;
begin
  if lim between 1 and 10000 is not true or not chosen <@ array['pending', 'running'] then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_adoptable takes states of pending and running and a limit of 1..10,000';
  end if;
  select * into target from public.job_queue_targets() t where t.target = 'jobs';
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
      select s as state, public.job_queue_status(s) as word from unnest(array['pending', 'running']) as s),
    unknown as materialized (
      select t.%1$I as key, w.state, %3$s as since
        from public.jobs t join words w on w.word = t.%4$I::text
       where ($2 is null or t.%1$I::text = any ($2))
         and length(t.%1$I::text) > 0
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from public.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from public.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))),
    first as materialized (
      select u.* from unknown u where u.state = any ($1) order by u.since, u.key limit $3)
    select jsonb_build_object(
      'totals', (select jsonb_object_agg(w.state, (select count(*) from unknown u where u.state = w.state)) from words w),
      'rows', coalesce((
        select to_jsonb(array_agg(r.fields - 'fair_key' || jsonb_build_object('job_id', left(f.key::text, 201), 'state', f.state,
                 'since', (extract(epoch from f.since) * 1000000)::bigint) order by f.since, f.key))
          from first f
          join lateral (select %2$s as fields from public.jobs t where t.%1$I = f.key limit 1) r on true), '[]'))
    $sql$, target.key_column, public.job_queue_row_fields(), made, names ->> 'status') into answer using chosen, job_ids, lim;
  return answer;
end
$$;
