-- On Supabase, appends, arriving rows, commands and submissions by SQL are broadcast. Elsewhere these triggers do not exist and cost nothing.
do $realtime$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null then
    create or replace trigger job_queue_wake before update of version on interlock.job_queue_heads for each row
      -- Each message moves woken_at on by 170 ms. It is never more than 850 ms ahead, unless the clock was set back.
      when (new.version > old.version
        and new.woken_at - clock_timestamp() not between interval '680 milliseconds' and interval '850 milliseconds')
      execute function interlock.job_queue_wake();
    create or replace trigger job_queue_wake_intake after insert on interlock.job_queue_arrivals for each statement
      execute function interlock.job_queue_wake_intake();
    -- Not for commands that are answered at once, such as heartbeats.
    drop trigger if exists job_queue_wake_intake on interlock.job_queue_inbox;
    create trigger job_queue_wake_intake after insert on interlock.job_queue_inbox for each row
      when (new.answered_at is null) execute function interlock.job_queue_wake_intake();
    create or replace trigger job_queue_wake_intake after insert on interlock.job_queue_submissions for each statement
      when (current_setting('interlock.notify', true) is distinct from 'off') execute function interlock.job_queue_wake_intake();
  end if;
end
$realtime$;
