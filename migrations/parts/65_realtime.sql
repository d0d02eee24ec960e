-- On Supabase, a broadcast follows an append. Elsewhere there is no trigger, and appends pay nothing.
do $realtime$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null then
    create or replace trigger job_queue_wake before update of version on public.job_queue_heads for each row
      when (new.version > old.version
        and clock_timestamp() - new.woken_at not between interval '0' and interval '250 milliseconds')
      execute function public.job_queue_wake();
  end if;
end
$realtime$;
