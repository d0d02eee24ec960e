-- job_queue_row_linked(): the trigger on jobs and workflow_executions that fires when a server writes required_models, which
-- browsers cannot: it links the row to its job (job_queue_link). Its WHEN clause checks the role. Runs as its owner. Its
-- arguments are the table and the name of its key. Raises nothing.
create or replace function public.job_queue_row_linked() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
begin
  execute format('select $1.%I::text', tg_argv[1]) into id using new;
  if to_regclass('public.job_queue_unlinked') is not null then
    delete from public.job_queue_unlinked u where u.target = tg_argv[0] and u.job_id = id;
  end if;
  return null;
exception when undefined_column then
  return null;
end
$$;
