-- job_queue_given_up(queue, claimed_until, job_id): whether others may have a row of `jobs` that this queue has claimed; for
-- job_queue_claim_arrivals and job_queue_beat. They may when no process of that queue is alive (its name was mistyped, say), 10
-- minutes have passed, and its log does not know the job.
-- Returns null for a row that nobody has claimed. Raises nothing.
create or replace function public.job_queue_given_up(queue text, claimed_until timestamptz, job_id text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select $2 < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from public.job_queue_workers w where w.queue = $1 and not w.dead and w.expires_at > clock_timestamp())
     and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = $3)
     and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $3)
$$;
