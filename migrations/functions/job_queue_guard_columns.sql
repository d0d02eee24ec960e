-- job_queue_guard_columns(): the trigger on jobs and workflow_executions that keeps anon and authenticated from setting
-- or changing the coordination columns. Its WHEN clause has decided already; here is only the answer.
-- Its arguments are the names of these columns. Raises JQ102.
create or replace function public.job_queue_guard_columns() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'JQ102',
    message = format('%s may not write the coordination columns of %s', current_user, tg_table_name),
    hint = format('Leave out %s, or write them on the server with the service_role key.', array_to_string(tg_argv, ', '));
end
$$;
