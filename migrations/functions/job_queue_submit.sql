-- job_queue_submit(jobs, queue, request_id): puts jobs in line, all or none, in the caller's transaction. Short for
-- job_queue_request({type: enqueue, jobs}).
--   jobs        one job or a list of 10,000 at most: {job_id, models, job_type, kind, priority, run_at, attempts, timeout_ms,
--               expire_ms, fair_key, payload, traceparent, tracestate}; job_id and models are required; run_at as 2026-11-24T15:00:00Z
--   queue       `default` unless given
--   request_id  as for job_queue_request
-- Returns the request's id, for job_queue_answer. Raises what job_queue_request raises: JQ003 for a fault in a job.
create or replace function public.job_queue_submit(jobs jsonb, queue text default 'default', request_id text default null)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_request(jsonb_build_object('type', 'enqueue', 'jobs',
    case jsonb_typeof($1) when 'array' then $1 else jsonb_build_array(coalesce($1, 'null')) end), $2, $3);
end
$$;
