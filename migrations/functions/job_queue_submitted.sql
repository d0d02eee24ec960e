-- job_queue_submitted(queue, lim): what came in by SQL and as rows of `jobs` and is not in the queue: what nobody has decided, and what was
-- refused. Reads only.
--   lim  how many jobs of each state at most, 0..1,000
-- Returns an object; times in microseconds:
--   undecided  {commands, rows, oldest_at}: commands that nobody has decided, rows that nobody has taken in; each counted up to 10,001
--   refused    {commands, rows}: of the last day, commands that would have put jobs in line, of which one has not come in since; rows that
--              could not be taken in and have not come in since. Of the newest 1,000 commands
--   jobs       [{job_id, state, code, at, request_id, message}, …]: first those that nobody has decided (state submitted; code undecided or
--              arrived), the oldest first; then refused ones (state and code as in job_queue_of_job), the newest first
-- Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_submitted(queue text, lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  answer jsonb;
begin
  if lim between 0 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_submitted takes a limit of 0..1,000';
  end if;
  with open as materialized (
    select i.request_id, i.created_at, pg_column_size(i.command) as size from public.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null order by i.created_at limit 10001),
  -- Commands may be large: those that are read have 64 MB in all.
  first as materialized (
    select o.request_id, o.created_at from (
      select o.*, sum(o.size) over (order by o.created_at, o.request_id) as bytes, row_number() over (order by o.created_at, o.request_id) as n
        from open o) o
     where o.n <= lim and o.bytes <= 67108864),
  waiting as (
    select coalesce(j.job ->> 'job_id', j.job ->> 'jobId') as job_id, f.created_at as at, f.request_id, j.n
      from first f
      join public.job_queue_inbox i on i.queue = $1 and i.request_id = f.request_id and i.command ->> 'type' in ('enqueue', 'start')
      cross join lateral (
        select e.job, e.n from jsonb_array_elements(case when jsonb_typeof(i.command -> 'jobs') = 'array' then i.command -> 'jobs'
          else jsonb_build_array(i.command -> 'job') end) with ordinality as e (job, n) limit lim) j),
  arrived as materialized (
    select a.id, a.job_id, a.arrived_at from public.job_queue_arrivals a
     where a.queue = $1 or a.queue is null order by a.id limit 10001),
  no as materialized (
    select r.request_id, r.answered_at, r.answer from (
      select n.*, sum(n.size) over (order by n.answered_at desc, n.request_id) as bytes from (
        select i.request_id, i.answered_at, i.answer, pg_column_size(i.command) as size from public.job_queue_inbox i
         where i.queue = $1 and i.answered_at is not null and i.answer @> '{"ok": false}' and i.command @> '{"type": "enqueue"}'
         order by i.answered_at desc limit 1000) n) r
     where r.bytes <= 67108864),
  refused as materialized (
    select j.job_id, r.answered_at as at, r.request_id, r.answer, j.n
      from no r
      join public.job_queue_inbox i on i.queue = $1 and i.request_id = r.request_id
      cross join lateral (
        select coalesce(e.job ->> 'job_id', e.job ->> 'jobId') as job_id, e.n
          from jsonb_array_elements(i.command -> 'jobs') with ordinality as e (job, n) limit greatest(lim, 1)) j
     where not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.job_id = j.job_id and l.event_type = 'queued' and l.created_at > r.answered_at)),
  wrong as materialized (
    select n.job_id, n.refused_at as at, n.reason from public.job_queue_not_taken_in n
     where n.queue = $1
       and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = n.job_id)
       and not exists (select from public.job_queue_arrivals a where a.job_id = n.job_id)
     order by n.id desc)
  select jsonb_build_object(
    'undecided', jsonb_build_object('commands', (select count(*) from open), 'rows', (select count(*) from arrived),
      'oldest_at', (extract(epoch from least((select min(o.created_at) from open o), (select min(a.arrived_at) from arrived a))) * 1000000)::bigint),
    'refused', jsonb_build_object('commands', (select count(distinct r.request_id) from refused r), 'rows', (select count(*) from wrong)),
    'jobs', (
      select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', s.job_id, 'state', s.state, 'code', s.code,
               'at', (extract(epoch from s.at) * 1000000)::bigint, 'request_id', s.request_id, 'message', s.message)
               order by s.state desc, case s.state when 'submitted' then s.at end, s.at desc, s.n)), '[]')
        from ((select w.job_id, 'submitted' as state, 'undecided' as code, w.at, w.request_id, null as message, w.n from waiting w
                order by w.at, w.n limit lim)
              union all
              (select a.job_id, 'submitted', 'arrived', a.arrived_at, null, null, a.id from arrived a order by a.id limit lim)
              union all
              (select r.job_id, 'refused', r.answer ->> 'code', r.at, r.request_id, r.answer ->> 'message', r.n from refused r
                order by r.at desc, r.n limit lim)
              union all
              (select w.job_id, 'refused', 'not_taken_in', w.at, null, w.reason, 0 from wrong w order by w.at desc limit lim)) s))
    into answer;
  return answer;
end
$$;
