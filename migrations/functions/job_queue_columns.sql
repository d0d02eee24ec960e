-- job_queue_columns(target): the names of the columns of a table of the user, by Interlock's names for them. Internal.
--   target  jobs or workflow_executions
-- Returns {"job_id": "…", "status": "…", …}: the user's names from job_queue_settings ('columns'), else Interlock's own;
-- execution_id, which has two of its own, only when the user named it. Raises nothing.
create or replace function public.job_queue_columns(target text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return ('{{names}}'::jsonb -> target)
    || coalesce((select s.value -> target from public.job_queue_settings s where s.key = 'columns'), '{}');
end
$$;
