-- job_queue_held(worker_id, queue): the attempts that were started for a worker process and have not ended. It shows the truth
-- if an answer was lost, or if a job that the worker waited for was started since.
--   worker_id  as given to job_queue_beat
--   queue      `default` unless given
-- Returns [{job_id, job_type, kind, models, priority, attempt, attempts, postponed, fencing_token, epoch, fence, started_at, cancel_requested},
-- …], the oldest start first; started_at in microseconds. Empty if its lease is not live: then it holds nothing any more.
-- Raises nothing.
create or replace function public.job_queue_held(worker_id text, queue text default 'default') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', j.job_id, 'job_type', j.job_type, 'kind', j.kind,
             'models', j.models, 'priority', j.priority, 'attempt', j.attempt, 'attempts', j.attempts, 'postponed', j.postponed,
             'fencing_token', j.fencing_token, 'epoch', h.epoch,
             'fence', lpad(h.epoch::text, 10, '0') || '.' || lpad(j.fencing_token::text, 16, '0'),
             'started_at', (extract(epoch from j.started_at) * 1000000)::bigint,
             'cancel_requested', j.cancel_requested) order by j.fencing_token)), '[]')
      from public.job_queue_jobs j
      cross join (select h.epoch from public.job_queue_heads h where h.queue = $2 order by h.version desc limit 1) h
      join public.job_queue_workers w on w.queue = j.queue and w.worker_id = j.worker_id
     where j.queue = $2 and j.worker_id = $1 and j.state = 'active' and not w.dead
       and (w.expires_at > clock_timestamp() or public.job_queue_elsewhere(w.server_since)));
end
$$;
