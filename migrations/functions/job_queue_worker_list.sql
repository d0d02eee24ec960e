-- job_queue_worker_list(queue): the worker processes of a queue, the oldest first, including those that left in the last day.
-- Returns [{worker_id, kinds, free_slots, release, started_at, beat_at, expires_at, state}, …]: times in microseconds; kinds
-- null: every kind; state live, late (past its time to live) or dead (past the grace too, or it left).
create or replace function public.job_queue_worker_list(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object(
           'worker_id', w.worker_id, 'kinds', w.kinds, 'free_slots', w.free_slots, 'release', w.release,
           'started_at', (extract(epoch from w.started_at) * 1000000)::bigint,
           'beat_at', (extract(epoch from w.beat_at) * 1000000)::bigint,
           'expires_at', (extract(epoch from w.expires_at) * 1000000)::bigint,
           'state', case
             when w.dead then 'dead'
             when public.job_queue_elsewhere(w.server_since) and not w.settled then 'live'
             when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() then 'dead'
             when w.expires_at <= clock_timestamp() then 'late'
             else 'live' end)
           order by w.started_at, w.worker_id)), '[]')
    from public.job_queue_workers w
   where w.queue = $1
$$;
