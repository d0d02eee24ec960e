-- job_queue_beat(queue, worker_id, kinds, free_slots, release, ttl_ms, grace_ms): registers a worker process, or renews its
-- lease. Never takes the queue's lock, so a busy queue delays no heartbeat. Its commit is as durable as an append's: a server that was
-- replaced cannot confirm one.
--   worker_id   the incarnation: new at each start, never reused; 1..200 characters
--   kinds       the kinds it has handlers for; null: all
--   free_slots  how many more jobs it could run
--   release     its release of Interlock, at most 200 characters
--   ttl_ms      how long the lease lives without another beat, 100 ms to a day; grace_ms: how long after that its jobs may be
--               expired, at most a day
-- Returns {alive, now, expires_at, version, overdue, arrived, requested}. alive: false if the lease is over, which is final. A lease that
-- was confirmed before this server began to serve is not over: nobody could renew it meanwhile (job_queue_elsewhere).
-- Times are in microseconds; version is the head's. overdue: workers that hold jobs and are gone; the process that reads this expires
-- them. arrived, requested: rows to take in, or commands by SQL, are waiting and nobody has claimed them. Raises JQ001 when an
-- argument is out of bounds.
create or replace function public.job_queue_beat(queue text, worker_id text, kinds text[], free_slots integer,
  release text, ttl_ms integer, grace_ms integer)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  clock timestamptz := clock_timestamp();
  setting text;
  lease record;
  alive boolean;
begin
  if length(queue) between 1 and 200 is not true or length(worker_id) between 1 and 200 is not true
     or free_slots >= 0 is not true or length(release) <= 200 is not true
     or ttl_ms between 100 and 86400000 is not true or grace_ms between 0 and 86400000 is not true then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_beat is missing or out of bounds';
  end if;
  -- In the body, as in job_queue_append.
  setting := set_config('synchronous_commit', 'on', true);
  -- The update reads the clock again: it may have waited for an append that declares this worker dead.
  insert into public.job_queue_workers as w
    (queue, worker_id, kinds, free_slots, release, started_at, beat_at, expires_at, ttl_ms, grace_ms, server_since)
  values ($1, $2, $3, $4, $5, clock, clock, clock + $6 * interval '1 millisecond', $6, $7, pg_postmaster_start_time())
  on conflict (queue, worker_id) do update set
    kinds = excluded.kinds, free_slots = excluded.free_slots, release = excluded.release, ttl_ms = excluded.ttl_ms,
    grace_ms = excluded.grace_ms, beat_at = clock_timestamp(),
    expires_at = clock_timestamp() + excluded.ttl_ms * interval '1 millisecond', server_since = excluded.server_since
    where not w.dead and (w.expires_at > clock_timestamp() or (not w.settled and public.job_queue_elsewhere(w.server_since)))
  returning w.expires_at, w.started_at = w.beat_at as is_new into lease;
  alive := found;
  if not alive then
    select w.expires_at, false as is_new into lease
      from public.job_queue_workers w where w.queue = $1 and w.worker_id = $2;
  end if;
  if lease.is_new then
    perform public.job_queue_forget_workers($1);
  end if;
  return jsonb_build_object(
    'alive', alive,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'expires_at', (extract(epoch from lease.expires_at) * 1000000)::bigint,
    'version', coalesce((
      select h.version from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0),
    'arrived', exists (select from public.job_queue_arrivals a
      where (a.queue is null or a.queue = $1 or public.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
        and coalesce(a.claimed_until < clock, true)),
    'requested', exists (select from public.job_queue_inbox i
      where i.queue = $1 and i.answered_at is null and coalesce(i.taken_until < clock, true)),
    'overdue', public.job_queue_overdue($1, lease.is_new));
end
$$;
