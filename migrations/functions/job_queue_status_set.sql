-- job_queue_status_set(): the trigger on jobs that fires when somebody sets a status (its WHEN clause leaves out the outer
-- projection). Set to pending on a row that was never queued, the row arrives as if it was inserted. Set to cancelled, the row
-- is not taken in any more (job_queue_not_arrived), and the job that it speaks for is cancelled (job_queue_cancel_rows). Other
-- words mean nothing to Interlock, and the next change of the job overwrites them. A row that gets another id belongs to no job
-- there (job_queue_unlinked). Changing the model while the job is live changes nothing, as a warning says. Runs as its owner.
-- Its arguments are the user's names for job_id, queued_at, status and model, none if they are Interlock's: then nothing has to
-- be planned for each row. Raises nothing: the user's statement goes on.
create or replace function public.job_queue_status_set() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
  was_id text;
  was text;
  word text;
  queued timestamptz;
  moved boolean := false;
begin
  begin
    if tg_nargs = 0 then
      id := new.job_id;
      was_id := old.job_id;
      was := old.status;
      word := new.status;
      queued := new.queued_at;
    else
      execute format('select $2.%1$I::text, $1.%1$I::text, $1.%3$I::text, $2.%3$I::text, $2.%2$I', variadic tg_argv)
        into id, was_id, was, word, queued using old, new;
    end if;
    id := left(id, 300);
    was_id := left(was_id, 300);
  exception when others then
    raise warning 'Interlock does not see the status of %: %', tg_table_name, sqlerrm
      using hint = 'Run `interlock migrate`, or drop the trigger job_queue_status_set.';
    return null;
  end;
  if was_id is distinct from id then
    perform public.job_queue_note_row('jobs', id, true);
    perform public.job_queue_rows_gone('jobs', case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, array[was_id]);
  end if;
  -- A block of its own, since the table may have no column for models. Then there is nothing to do.
  begin
    if tg_nargs = 0 then
      moved := queued is not null and new.model is distinct from old.model;
    elsif queued is not null then
      execute format('select $1.%4$I is distinct from $2.%4$I', variadic tg_argv) into moved using old, new;
    end if;
  exception when undefined_column then
    moved := false;
  end;
  if moved and to_regclass('public.job_queue_jobs') is not null and exists (
    select from public.job_queue_jobs j
     where j.queue = any (array(select h.queue from public.job_queue_heads h)) and j.job_id = id) then
    raise warning 'Interlock: job % keeps the models it was queued with', id
      using hint = 'Cancel it and insert another row: interlock cancel <job>';
  end if;
  if word is not distinct from was then
    return null;
  end if;
  if word = public.job_queue_status('cancelled') then
    if to_regprocedure('public.job_queue_not_arrived(text, text[])') is not null then
      perform public.job_queue_not_arrived(case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, array[id]);
    end if;
    if to_regprocedure('public.job_queue_cancel_rows(text[], timestamptz[])') is not null then
      perform public.job_queue_cancel_rows(array[id], array[queued]);
    end if;
  elsif word = public.job_queue_status('pending') and to_regclass('public.job_queue_arrivals') is not null
        and (queued is null or (public.job_queue_dated() and not public.job_queue_known(id))) then
    insert into public.job_queue_arrivals (job_id) values (id);
    if current_setting('interlock.notify', true) is distinct from 'off' then
      perform pg_notify('interlock', 'intake');
    end if;
  end if;
  return null;
end
$$;
