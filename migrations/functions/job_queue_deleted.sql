-- job_queue_deleted(): the trigger on jobs that turns deleted rows into commands. A row that has only arrived is not taken in
-- (job_queue_not_arrived); a live job that a deleted row speaks for is cancelled (job_queue_cancel_rows). Runs as its owner.
-- Its first two arguments are the user's names for job_id and queued_at, none if they are Interlock's. Raises nothing: the
-- user's statement goes on.
create or replace function public.job_queue_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
  queued timestamptz[];
begin
  begin
    if tg_nargs = 0 then
      select array_agg(left(d.job_id::text, 300)), array_agg(d.queued_at) into ids, queued from deleted d where d.job_id is not null;
    else
      execute format('select array_agg(left(d.%1$I::text, 300)), array_agg(d.%2$I) from deleted d where d.%1$I is not null',
        variadic tg_argv) into ids, queued;
    end if;
  exception when others then
    raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
      using hint = 'Run `interlock migrate`, or drop the trigger job_queue_deleted.';
  end;
  if ids is null or to_regprocedure('public.job_queue_cancel_rows(text[], timestamptz[])') is null then
    return null;
  end if;
  if to_regprocedure('public.job_queue_not_arrived(text, text[])') is not null then
    perform public.job_queue_not_arrived(case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, ids);
  end if;
  perform public.job_queue_cancel_rows(ids, queued);
  perform public.job_queue_rows_gone('jobs', case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, ids);
  return null;
end
$$;
