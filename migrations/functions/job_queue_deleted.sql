-- job_queue_deleted(): the trigger on jobs that turns the deletion of rows into commands: a live job whose row is deleted is to be
-- cancelled (job_queue_cancel_by_hand). Runs as its owner. Its first argument
-- is the user's name for job_id, none where it is Interlock's. Raises nothing: the user's statement goes on.
create or replace function public.job_queue_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
begin
  begin
    if tg_nargs = 0 then
      select array_agg(left(d.job_id::text, 300)) into ids from deleted d where d.job_id is not null;
    else
      execute format('select array_agg(left(d.%1$I::text, 300)) from deleted d where d.%1$I is not null', tg_argv[0]) into ids;
    end if;
  exception when others then
    raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
      using hint = 'Run `interlock migrate`, or drop the trigger job_queue_deleted.';
  end;
  if ids is not null and to_regprocedure('public.job_queue_cancel_by_hand(text[])') is not null then
    perform public.job_queue_cancel_by_hand(ids);
  end if;
  return null;
end
$$;
