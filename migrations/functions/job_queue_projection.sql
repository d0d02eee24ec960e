-- job_queue_projection(queue): the inner projection of one moment, to compare with the log (`interlock verify`).
-- Returns {state: {…}, jobs: [{…}, …]}: columns of job_queue_state and job_queue_jobs as job_queue_append takes them, times
-- in microseconds; null when the queue has never been opened. One statement, so that state and jobs fit together.
create or replace function public.job_queue_projection(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select jsonb_build_object(
    'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
      'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
      'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
    'jobs', (
      select coalesce(to_jsonb(array_agg(to_jsonb(j) - 'queue' - 'life' || jsonb_build_object(
               'queued_at', (extract(epoch from j.queued_at) * 1000000)::bigint,
               'due_at', (extract(epoch from j.due_at) * 1000000)::bigint,
               'expires_at', (extract(epoch from j.expires_at) * 1000000)::bigint,
               'started_at', (extract(epoch from j.started_at) * 1000000)::bigint))), '[]')
        from public.job_queue_jobs j
       where j.queue = $1))
    from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s
$$;
