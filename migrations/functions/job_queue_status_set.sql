-- job_queue_status_set(): the trigger on jobs that sees a status that somebody has set (not the outer projection: its WHEN
-- clause sees to that). Set to pending on a row that was never queued, it is an arrival like one that is inserted; set to
-- cancelled, the job is to be cancelled (job_queue_cancel_by_hand). Any other word means nothing to Interlock, and the next
-- change of the job writes over it. A model that is changed while the job is live changes nothing, which a warning says. Runs as
-- its owner. Raises nothing: the user's statement goes on.
create or replace function public.job_queue_status_set() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  arrived text;
  cancelled text;
  kept text;
begin
  -- A block of its own, since a table may have no column of that name: then there is nothing to say.
  begin
    if new.model is distinct from old.model and new.queued_at is not null then
      kept := left(new.job_id::text, 300);
    end if;
  exception when undefined_column then
    kept := null;
  end;
  if kept is not null and to_regclass('public.job_queue_jobs') is not null and exists (
    select from public.job_queue_jobs j
     where j.queue = any (array(select h.queue from public.job_queue_heads h)) and j.job_id = kept) then
    raise warning 'Interlock: job % keeps the models it was queued with', kept
      using hint = 'Cancel it and insert another row: interlock cancel <job>';
  end if;
  begin
    if new.status is not distinct from old.status then
      return null;
    elsif new.status::text = public.job_queue_status('cancelled') then
      cancelled := left(new.job_id::text, 300);
    elsif new.status::text = public.job_queue_status('pending') and new.queued_at is null then
      arrived := left(new.job_id::text, 300);
    end if;
  exception when others then
    raise warning 'Interlock does not see the status of %: %', tg_table_name, sqlerrm
      using hint = 'Run `interlock migrate`, or drop the trigger job_queue_status_set.';
  end;
  if cancelled is not null and to_regprocedure('public.job_queue_cancel_by_hand(text[])') is not null then
    perform public.job_queue_cancel_by_hand(array[cancelled]);
  end if;
  if arrived is not null and to_regclass('public.job_queue_arrivals') is not null then
    insert into public.job_queue_arrivals (job_id) values (arrived);
    if current_setting('interlock.notify', true) is distinct from 'off' then
      perform pg_notify('interlock', 'intake');
    end if;
  end if;
  return null;
end
$$;
