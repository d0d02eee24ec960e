-- job_queue_execution_deleted(): the trigger on workflow_executions that forgets notes about rows that are gone
-- (job_queue_rows_gone). A workflow goes on without its row. Runs as its owner. Its argument is the name of the key. Raises
-- nothing: the user's statement goes on.
create or replace function public.job_queue_execution_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
begin
  execute format('select array_agg(left(d.%1$I::text, 300)) from deleted d where d.%1$I is not null', tg_argv[0]) into ids;
  perform public.job_queue_rows_gone('workflow_executions', tg_argv[0], ids);
  return null;
exception when undefined_column or undefined_table or undefined_function then
  raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
    using hint = 'Run `interlock migrate`, or drop the trigger job_queue_execution_deleted.';
  return null;
end
$$;
