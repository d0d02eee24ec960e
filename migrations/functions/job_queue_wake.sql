-- job_queue_wake(): the trigger on job_queue_heads that wakes up those who listen through Supabase Realtime. Only where
-- realtime.send exists (migrations/parts/65_realtime.sql). It sends {queue, version, direct} as event `wake` to the private topic
-- `interlock:<queue>`; direct: the append came over a connection to the database and not through the API. In 250 ms once at
-- most: over its rate of messages a second Realtime drops all of a project's for a minute. Whoever appends through the API and
-- hears of nothing as new tells the others himself; where somebody appends directly, one looks again after the last message.
-- SECURITY DEFINER, since realtime.send swallows it when the caller may not send. Raises nothing: no wake-up fails an append.
create or replace function public.job_queue_wake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.woken_at := clock_timestamp();
  begin
    perform realtime.send(jsonb_build_object('queue', new.queue, 'version', new.version,
      'direct', coalesce(current_setting('request.method', true), '') = ''), 'wake', 'interlock:' || new.queue, true);
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return new;
end
$$;
