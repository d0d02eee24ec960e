-- job_queue_leave(queue, worker_id): ends the lease of a worker process at once. What it still holds may be expired from now
-- on. Its row stays for a day, so that a heartbeat on its way does not bring it back.
-- Returns true if the worker was there. Never takes the queue's lock.
create or replace function public.job_queue_leave(queue text, worker_id text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update public.job_queue_workers w
     set dead = true, expires_at = least(w.expires_at, clock_timestamp())
   where w.queue = $1 and w.worker_id = $2;
  return found;
end
$$;
