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
  -- Right after a burst the statistics are old, and a scan of job_queue_jobs with 200 ids took 860 ms: hence the setting.
  -- seq + 0: the events of one job are found by its id and sorted, never by walking back through the events of all others.
  return query
  with rows as materialized (
    select j.job_id, j.models, j.blocked_by_job_id, j.conflict_reason, j.queued_at, j.priority,
           case j.state when 'active' then 'running' else 'pending' end as state
      from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any ($2)
    union all
    select ended.job_id, coalesce(m.models, q.models), null, null, q.created_at, coalesce(p.priority, q.priority), e.state
      from unnest($2) as ended (job_id)
      left join lateral (
        select l.seq, l.models, l.created_at, coalesce((l.data ->> 'priority')::integer, 0) as priority
          from public.job_queue_log l
         where l.queue = $1 and l.job_id = ended.job_id and l.event_type = 'queued'
         order by l.seq + 0 desc limit 1) q on true
      left join lateral (
        -- A job may be requeued with other models than it came with.
        select l.models
          from public.job_queue_log l
         where l.queue = $1 and l.job_id = ended.job_id and l.event_type = 'requeued' and l.models is not null
           and l.seq > q.seq
         order by l.seq + 0 desc limit 1) m on true
      left join lateral (
        select (l.data ->> 'priority')::integer as priority
          from public.job_queue_log l
         where l.queue = $1 and l.job_id = ended.job_id and l.event_type = 'reprioritized' and l.seq > q.seq
         order by l.seq + 0 desc limit 1) p on true
      left join lateral (
        select case l.event_type when 'lease_expired' then 'failed' else l.event_type end as state
          from public.job_queue_log l
         where l.queue = $1 and l.job_id = ended.job_id and l.seq > q.seq and (
           l.event_type in ('completed', 'cancelled', 'expired')
           or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
         order by l.seq + 0 desc limit 1) e on true
     where not exists (
       select from public.job_queue_jobs j where j.queue = $1 and j.job_id = ended.job_id))
  select r.job_id, r.models, r.blocked_by_job_id, r.conflict_reason, r.queued_at, r.priority,
         case when words @> '{"enqueued": true}' or exists (
           select from public.job_queue_log l
            where l.queue = $1 and l.job_id = r.job_id and l.event_type = 'queued' and l.data ? 'intake')
           then coalesce(words ->> r.state, r.state) end
    from rows r;
end
$$;
