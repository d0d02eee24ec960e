-- job_queue_kept_digest(event): for job_queue_archive and job_queue_kept, a number that hardly any other event has. The numbers
-- of many events are added up, in any order. It finds accidental changes and changes by hand; against a deliberate forger use
-- the hash chain (job_queue_start_chain). Returns a whole number.
create or replace function public.job_queue_kept_digest(event public.job_queue_log) returns numeric
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended(public.job_queue_event_text(event), event.seq)::numeric
$$;
