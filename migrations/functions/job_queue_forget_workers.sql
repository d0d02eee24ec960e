-- job_queue_forget_workers(queue): deletes the rows of workers that have been gone for a day and hold nothing; for
-- job_queue_beat. Not sooner: a process that was paused has to find that its lease is over, and must not register again.
-- Returns nothing.
create or replace function public.job_queue_forget_workers(queue text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from public.job_queue_workers w
   where w.queue = $1
     and w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() - interval '1 day'
     and not exists (
       select from public.job_queue_jobs j
        where j.queue = $1 and j.state = 'active' and j.worker_id = w.worker_id)
$$;
