-- job_queue_status(state): the user's word for a state of a job. Internal.
--   state  pending, running, completed, failed, cancelled or expired
-- Returns the word from job_queue_settings ('statuses'), else the state itself. Raises nothing.
create or replace function public.job_queue_status(state text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((select s.value ->> state from public.job_queue_settings s where s.key = 'statuses'), state);
end
$$;
