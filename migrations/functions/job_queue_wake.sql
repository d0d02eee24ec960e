-- job_queue_wake(): the trigger on job_queue_heads that wakes up those who listen through Supabase Realtime. Only where
-- realtime.send exists (migrations/parts/65_realtime.sql). It sends {queue, version, direct, concerns} as event `wake` to the
-- private topic `interlock:<queue>`; direct: the append came over a connection to the database and not through the API; concerns:
-- whom it has to do with beside whoever appended it (`nobody`, `free`: workers with a free slot, `all`), as concernOf says in
-- src/adapter/supabase/concern.ts. Over its rate of messages a second Realtime drops all of a project's for a minute, so there is
-- one in 250 ms: woken_at is when the next is due. What somebody may be waiting for (isUrgent, there) is sent up to 3 messages
-- ahead of that; anything else, and what comes over a connection, never. Whoever appends through the API and hears of nothing
-- as new tells the others himself; where somebody appends directly, one looks again after the last message.
-- SECURITY DEFINER, since realtime.send swallows it when the caller may not send. Raises nothing: no wake-up fails an append.
create or replace function public.job_queue_wake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock timestamptz := clock_timestamp();
  -- Further ahead than it can be, the clock was set back.
  is_ahead boolean := old.woken_at > clock and old.woken_at <= clock + interval '1 second';
  is_direct boolean := coalesce(current_setting('request.method', true), '') = '';
  is_urgent boolean := true;
  concerns text := 'all';
begin
  if is_ahead and is_direct then
    return new;
  end if;
  if new.version - old.version <= 20 then
    select case
        when count(*) < new.version - old.version or count(distinct e ->> 'worker_id') > 1
          or not bool_and(e ->> 'event_type' in ('queued', 'blocked', 'conflict', 'started', 'completed', 'failed', 'requeued', 'due'))
          then 'all'
        when not bool_and(e ->> 'event_type' in ('started', 'completed', 'failed')) then 'free'
        -- "offers": true means the event's own job; what was started in the same append is left for nobody.
        when exists (
          select job from jsonb_array_elements(events) as o cross join lateral jsonb_array_elements_text(
              case o #> '{data,offers}' when 'true' then jsonb_build_array(o -> 'job_id') else o #> '{data,offers}' end) as job
          except
          select s ->> 'job_id' from jsonb_array_elements(events) as s where s ->> 'event_type' = 'started') then 'free'
        else 'nobody' end,
        not bool_or(e ->> 'event_type' = 'started')
      into concerns, is_urgent
      from (select public.job_queue_events(new.queue, old.version, 20, 65536)::jsonb as events) as l
        cross join lateral jsonb_array_elements(l.events) as e
     group by l.events;
  end if;
  if is_ahead and (concerns = 'nobody' or not is_urgent) then
    return new;
  end if;
  new.woken_at := case when is_ahead then old.woken_at else clock end + interval '250 milliseconds';
  perform realtime.send(jsonb_build_object('queue', new.queue, 'version', new.version, 'direct', is_direct,
    'concerns', coalesce(concerns, 'all')), 'wake', 'interlock:' || new.queue, true);
  return new;
exception when others then
  raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  return new;
end
$$;
