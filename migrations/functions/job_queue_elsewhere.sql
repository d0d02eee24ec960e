-- job_queue_elsewhere(server_since): whether a lease was last confirmed before this server began to serve: on this one before it was
-- started again, or on another one that it has taken over from. While no server served, nobody could renew a lease. And what is
-- known of it here may be older than what its worker was told, and by another clock. So it is live, however its times read, until a
-- beat gives it its whole time to live again (job_queue_overdue).
-- Returns false for a lease that was confirmed on this server since it began.
--   server_since  of its row in job_queue_workers; null: not noted yet, taken for this server
create or replace function public.job_queue_elsewhere(server_since timestamptz) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce($1 <> pg_postmaster_start_time(), false)
$$;
