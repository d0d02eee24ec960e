-- job_queue_wake_intake(): the trigger on job_queue_arrivals and job_queue_inbox that tells processes that listen through
-- Supabase Realtime about rows that arrived in `jobs`, and commands by SQL: {queue, intake: 'rows'}, or 'requests', to the
-- topic of every queue with live workers (job_queue_wake). It exists only where realtime.send does. It sends once in 250 ms at most, as
-- job_queue_wake does. The time of the last one is the value of a sequence: a row would stay locked until the user's
-- transaction ends. Raises nothing: no wake-up fails a user's insert.
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
        'intake', case tg_table_name when 'job_queue_inbox' then 'requests' else 'rows' end), 'wake',
        format('interlock:%s:%s', w.queue, h.channel), true)
       from (select distinct k.queue from public.job_queue_workers k
              where not k.dead and k.expires_at > clock_timestamp()) w
      cross join lateral (
        select k.channel from public.job_queue_heads k where k.queue = w.queue order by k.version desc limit 1) h;
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return null;
end
$$;
