-- job_queue_row_unlinked(): the trigger on jobs and workflow_executions that notes rows which belong only to a job made from
-- them (job_queue_unlinked): rows that anon or authenticated insert (its WHEN clause checks that), and executions that are
-- given another id, by any role. Runs as its owner. Its arguments are the table and the name of its key. Raises nothing: the
-- user's statement goes on (a warning says what is wrong).
create or replace function public.job_queue_row_unlinked() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
  was text;
begin
  begin
    execute format('select $1.%I::text', tg_argv[1]) into id using new;
    if tg_op = 'UPDATE' then
      execute format('select $1.%I::text', tg_argv[1]) into was using old;
    end if;
  exception when others then
    raise warning 'Interlock does not see whose rows of % these are: %', tg_table_name, sqlerrm
      using hint = format('Run `interlock migrate`, or drop the trigger %s.', tg_name);
    return null;
  end;
  if id is distinct from was then
    perform public.job_queue_note_row(tg_argv[0], id, tg_op = 'UPDATE');
  end if;
  return null;
end
$$;
