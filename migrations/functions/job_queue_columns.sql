-- job_queue_columns(target): the user's names for the columns of one of the user's tables, by Interlock's names. Internal.
--   target  jobs or workflow_executions
-- Returns {"job_id": "…", "status": "…", …}: the names from job_queue_settings ('columns'), else Interlock's own. execution_id,
-- which has two of Interlock's own, is there only if the user named it. Raises nothing.
create or replace function public.job_queue_columns(target text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return ('{{names}}'::jsonb -> target)
    || coalesce((select s.value -> target from public.job_queue_settings s where s.key = 'columns'), '{}');
end
$$;
