-- job_queue_wake_intake(): the trigger on job_queue_arrivals and job_queue_inbox that tells those who listen through Supabase
-- Realtime of rows that arrived in `jobs`, and of commands by SQL: {queue, intake: 'rows'}, or 'requests', to the topic of every
-- queue that has live workers. Only where realtime.send exists. In 250 ms once at most, as job_queue_wake; the time of the last one is the
-- value of a sequence, since a row would be locked until the user's transaction ends. Raises nothing: no wake-up fails a
-- user's insert.
create or replace function public.job_queue_wake_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if clock - (select s.last_value from public.job_queue_intake_woken s) between 0 and 250 then
    return null;
  end if;
  perform setval('public.job_queue_intake_woken', clock);
  begin
    perform realtime.send(jsonb_build_object('queue', w.queue,
        'intake', case tg_table_name when 'job_queue_inbox' then 'requests' else 'rows' end), 'wake', 'interlock:' || w.queue, true)
       from (select distinct k.queue from public.job_queue_workers k
              where not k.dead and k.expires_at > clock_timestamp()) w;
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return null;
end
$$;
