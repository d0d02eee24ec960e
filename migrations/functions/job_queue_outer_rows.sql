-- job_queue_outer_rows(queue, job_ids): what the coordination columns of these jobs should say. Internal.
--   queue    name of the queue
--   job_ids  ids of jobs, live or ended
-- Returns one row per id: of a live job what job_queue_jobs says; of an ended one its last models, time and priority from
-- the log, and nobody who blocks it. Null in required_models, queued_at, priority: unknown, to be left as it is (a job
-- that bypassed, or whose events are archived). status: the user's word for what the job is doing, of jobs that were taken in
-- from a row (of all, if job_queue_settings says {"enqueued": true}), else null: to be left as it is. Raises nothing.
create or replace function public.job_queue_outer_rows(queue text, job_ids text[])
returns table (
  job_id text, required_models text[], blocked_by_job_id text, conflict_reason text, queued_at timestamptz, priority integer,
  status text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  words jsonb := coalesce((select s.value from public.job_queue_settings s where s.key = 'statuses'), '{}');
begin
  -- Right after a burst the statistics are old, and a scan of job_queue_jobs with 200 ids took 860 ms; hence the setting. The log
  -- is read once, by ids: five look-ups for each job took most of the time of a projection.
  return query
  with live as materialized (
    select j.job_id, j.models, j.blocked_by_job_id, j.conflict_reason, j.queued_at, j.priority,
           case j.state when 'active' then 'running' else 'pending' end as state
      from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any ($2)),
  events as materialized (
    select l.job_id, l.seq, l.event_type, l.models, l.created_at, l.data
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = any ($2)),
  queued as materialized (
    select distinct on (e.job_id) e.job_id, e.seq, e.models, e.created_at, coalesce((e.data ->> 'priority')::integer, 0) as priority
      from events e where e.event_type = 'queued' order by e.job_id, e.seq desc),
  since as materialized (
    select e.* from events e join queued q on q.job_id = e.job_id and e.seq > q.seq
     where e.event_type in ('requeued', 'reprioritized', 'completed', 'cancelled', 'expired', 'failed', 'lease_expired')),
  -- A job may have been requeued with other models.
  moved as (
    select distinct on (s.job_id) s.job_id, s.models from since s
     where s.event_type = 'requeued' and s.models is not null order by s.job_id, s.seq desc),
  placed as (
    select distinct on (s.job_id) s.job_id, (s.data ->> 'priority')::integer as priority from since s
     where s.event_type = 'reprioritized' order by s.job_id, s.seq desc),
  ended as (
    select distinct on (s.job_id) s.job_id, case s.event_type when 'lease_expired' then 'failed' else s.event_type end as state
      from since s
     where s.event_type in ('completed', 'cancelled', 'expired') or (s.event_type in ('failed', 'lease_expired') and s.data ? 'final')
     order by s.job_id, s.seq desc),
  rows as (
    select v.job_id, v.models, v.blocked_by_job_id, v.conflict_reason, v.queued_at, v.priority, v.state from live v
    union all
    select i.id, coalesce(m.models, q.models), null, null, q.created_at, coalesce(p.priority, q.priority), e.state
      from unnest($2) as i (id)
      left join queued q on q.job_id = i.id
      left join moved m on m.job_id = i.id
      left join placed p on p.job_id = i.id
      left join ended e on e.job_id = i.id
     where not exists (select from live v where v.job_id = i.id))
  select r.job_id, r.models, r.blocked_by_job_id, r.conflict_reason, r.queued_at, r.priority,
         case when words @> '{"enqueued": true}' or r.job_id in (
             select e.job_id from events e where e.event_type = 'queued' and e.data ? 'intake')
           then coalesce(words ->> r.state, r.state) end
    from rows r;
end
$$;
