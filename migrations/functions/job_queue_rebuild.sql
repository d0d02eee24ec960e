-- job_queue_rebuild(queue, expected_version, state, jobs): writes the inner projection again, from rows that the caller has
-- folded from the log (`interlock rebuild`). Takes the queue's lock, so it is safe while workers run. Rows that are right are
-- not written.
--   queue             name of the queue
--   expected_version  the sequence number up to which the caller folded the log
--   state             the row of job_queue_state, its policy included; jobs: every row of job_queue_jobs, as job_queue_append
--                     takes them, times in microseconds; null values may be left out
-- Returns {ok: true, version, now, removed, written}: rows that were wrong or too many, and rows that were written instead; or
-- {ok: false, version, now} with nothing changed if the log goes on after expected_version: fold the rest and call again.
-- Raises JQ001 for a call out of bounds, 55P03 when the lock does not come free within 2 s.
create or replace function public.job_queue_rebuild(queue text, expected_version bigint, state jsonb, jobs jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_rebuild_rows($1, $2, $3, $4, null);
end
$$;
