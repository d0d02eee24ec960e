-- job_queue_overdue(queue, thorough): the workers that hold active jobs although their lease is past ttl + grace, or they left,
-- or their row is missing; for job_queue_beat.
--   thorough  look even if no worker's row says so: a row that was deleted by hand says nothing. That reads all of
--             job_queue_jobs, so a beat does it only for a new worker
-- A lease whose last beat is in the future is cut to its ttl from now, once: the clock was set back. One that was confirmed before this
-- server began to serve gets its whole ttl from now, once, if it was not given up: nobody could renew it meanwhile.
-- Returns [worker_id, …], ascending. A worker that has been gone for a minute and holds nothing is settled, and nobody looks
-- for its jobs again: no append that found it live can still be under way.
create or replace function public.job_queue_overdue(queue text, thorough boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  clock timestamptz := clock_timestamp();
  overdue jsonb;
begin
  -- Otherwise the lease of a process that is gone would last until the clock has caught up; a live process beats again before
  -- that. A difference below a second is ignored: another beat may have read the clock since. Skips locked rows, as below.
  update public.job_queue_workers w
     set beat_at = least(w.beat_at, clock), server_since = pg_postmaster_start_time(),
         expires_at = case when public.job_queue_elsewhere(w.server_since) and not w.dead then clock + w.ttl_ms * interval '1 millisecond'
                           else least(w.expires_at, clock + w.ttl_ms * interval '1 millisecond') end
   where w.queue = $1 and w.worker_id in (
     select f.worker_id from public.job_queue_workers f
      where f.queue = $1
        and (f.beat_at > clock + interval '1 second'
          or (not f.dead and not f.settled and public.job_queue_elsewhere(f.server_since)))
        for update skip locked);
  if not thorough and not exists (
       select from public.job_queue_workers w where w.queue = $1 and not w.settled
          and (w.dead or w.expires_at + w.grace_ms * interval '1 millisecond' < clock)) then
    return '[]';
  end if;
  overdue := (
    select coalesce(jsonb_agg(distinct j.worker_id order by j.worker_id), '[]')
      from public.job_queue_jobs j
     where j.queue = $1 and j.state = 'active' and j.worker_id is not null
       and not exists (
         select from public.job_queue_workers w
          where w.queue = $1 and w.worker_id = j.worker_id
            and not w.dead and (w.expires_at + w.grace_ms * interval '1 millisecond' >= clock
              or public.job_queue_elsewhere(w.server_since))));
  -- SKIP LOCKED, since two beats that settle the same rows must not wait for each other.
  update public.job_queue_workers w set settled = true
   where w.queue = $1 and w.worker_id in (
     select g.worker_id from public.job_queue_workers g
      where g.queue = $1 and not g.settled and not overdue ? g.worker_id
        and (g.dead or (g.expires_at + g.grace_ms * interval '1 millisecond' < clock and not public.job_queue_elsewhere(g.server_since)))
        and g.expires_at < clock - interval '1 minute'
        for update skip locked);
  return overdue;
end
$$;
