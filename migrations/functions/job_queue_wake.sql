-- job_queue_wake(): the trigger on job_queue_heads that wakes up those who listen through Supabase Realtime. Only where
-- realtime.send exists (migrations/parts/65_realtime.sql). It sends {queue, version} as event `wake` to the private topic
-- `interlock:<queue>`, in 250 ms once at most: over its rate of messages a second Realtime drops all of a project's for a
-- minute. So a message stands for the 250 ms after it as well, and whoever hears one looks again when they are over.
-- SECURITY DEFINER, since realtime.send swallows it when the caller may not send. Raises nothing: no
-- wake-up fails an append.
create or replace function public.job_queue_wake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.woken_at := clock_timestamp();
  begin
    perform realtime.send(jsonb_build_object('queue', new.queue, 'version', new.version), 'wake',
      'interlock:' || new.queue, true);
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return new;
end
$$;
