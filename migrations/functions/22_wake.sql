-- Wake-ups over Supabase Realtime: triggers that tell processes that are not connected to the database that something happened.

-- job_queue_wake(): the trigger on job_queue_heads that wakes processes that listen through Supabase Realtime. It exists only
-- where realtime.send does (migrations/parts/65_realtime.sql). It sends {queue, version, direct, concerns, news} as event `wake` to
-- the private topic `interlock:<queue>:<channel>` (job_queue_heads.channel): a project's policies may let many roles join private
-- topics, and nobody joins one whose name cannot be guessed. direct: the append came over a connection to the database and not
-- through the API. news: {after, at, version, epoch, events}, the events since the message before, up to 64 or 7 KB of them, so
-- that those who know the log up to there need not read; at: the time of the event `after`, in microseconds.
-- concerns: which processes it concerns, beside the one that appended it (`nobody`, `free`: workers with a free slot, `all`),
-- as concernOf in src/engine/store/supabase/concern.ts. Over its rate of messages a second Realtime drops all messages of a project
-- for a minute. So there is one every 170 ms, six a second: woken_at is when the next is due. One may be sent ahead of that. If
-- somebody may be waiting, up to 3 are, and for appends over a connection up to 4. Starts without an end count as that: other
-- processes with a free slot were told of the same jobs, and are about to try. A process that appends through the API
-- and hears no announcement tells the others itself. An append over a connection is announced by nobody else, so processes look
-- once more after the last message: such a message is left out only if another one has just been sent. SECURITY DEFINER, since
-- realtime.send hides its error when the caller may not send. Raises nothing: no wake-up fails an append.
create or replace function interlock.job_queue_wake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock timestamptz := clock_timestamp();
  -- If it is further ahead than it can be, the clock was set back.
  ahead interval := case when old.woken_at - clock between interval '0' and interval '850 milliseconds'
    then old.woken_at - clock else interval '0' end;
  is_direct boolean := coalesce(current_setting('request.method', true), '') = '';
  is_urgent boolean;
  concerns text := 'all';
  news jsonb;
begin
  if new.version - old.version <= 20 then
    select case
        when count(*) < new.version - old.version or count(distinct e ->> 'worker_id') > 1
          or not bool_and(e ->> 'event_type' in ('queued', 'blocked', 'conflict', 'started', 'completed', 'failed', 'requeued', 'due',
            'linked', 'released'))
          -- One failed with a job that it comes after: those who wait for it have to hear that.
          or bool_or(coalesce(e -> 'data' ? 'cause', false))
          then 'all'
        when not bool_and(e ->> 'event_type' in ('started', 'completed', 'failed')) then 'free'
        -- "offers": true stands for the event's own job. A job that was started in the same append is no longer on offer.
        when exists (
          select job from jsonb_array_elements(l.events) as o cross join lateral jsonb_array_elements_text(
              case o #> '{data,offers}' when 'true' then jsonb_build_array(o -> 'job_id') else o #> '{data,offers}' end) as job
          except
          select s ->> 'job_id' from jsonb_array_elements(l.events) as s where s ->> 'event_type' = 'started') then 'free'
        else 'nobody' end
      into concerns
      from (select interlock.job_queue_events(new.queue, old.version, 20, 65536)::jsonb as events) as l
        cross join lateral jsonb_array_elements(l.events) as e
     group by l.events;
  end if;
  if ahead > interval '160 milliseconds' and not is_direct then
    -- A process that ends a job, takes one and leaves others has found more jobs than it has free slots.
    select bool_and(l.event_type = 'started') or coalesce(concerns, 'all') <> 'nobody' and not bool_or(l.event_type = 'started')
      into is_urgent
      from public.job_queue_log l
     where l.queue = new.queue and l.seq > old.version and l.seq <= new.version;
    if ahead > interval '510 milliseconds' or is_urgent is not true then
      return new;
    end if;
  end if;
  if new.version - old.woken_version between 1 and 64 then
    news := jsonb_build_object('after', old.woken_version, 'version', new.version, 'epoch', new.epoch,
      'at', coalesce((extract(epoch from interlock.job_queue_event_at(new.queue, old.woken_version)) * 1000000)::bigint, 0),
      'events', interlock.job_queue_events(new.queue, old.woken_version, 64, 7000));
    if jsonb_array_length(news -> 'events') <> new.version - old.woken_version or octet_length(news::text) > 7000 then
      news := null;
    end if;
  end if;
  new.woken_at := clock + ahead + interval '170 milliseconds';
  new.woken_version := new.version;
  perform realtime.send(jsonb_build_object('queue', new.queue, 'version', new.version, 'direct', is_direct,
    'concerns', coalesce(concerns, 'all'), 'news', news), 'wake', format('interlock:%s:%s', new.queue, new.channel), true);
  return new;
exception when others then
  raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  return new;
end
$$;

-- job_queue_wake_intake(): the trigger on job_queue_arrivals, job_queue_inbox and job_queue_submissions that tells processes that listen
-- through Supabase Realtime about rows that arrived in `jobs`, and commands and submissions by SQL: {queue, intake: 'rows'}, or 'requests', to the
-- topic of every queue with live workers (job_queue_wake). It exists only where realtime.send does. It sends once in 250 ms at most, as
-- job_queue_wake does. The time of the last one is the value of a sequence: a row would stay locked until the user's
-- transaction ends. Raises nothing: no wake-up fails a user's insert.
create or replace function interlock.job_queue_wake_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if clock - (select s.last_value from interlock.job_queue_intake_woken s) between 0 and 250 then
    return null;
  end if;
  perform setval('interlock.job_queue_intake_woken', clock);
  begin
    perform realtime.send(jsonb_build_object('queue', w.queue,
        'intake', case tg_table_name when 'job_queue_arrivals' then 'rows' else 'requests' end), 'wake',
        format('interlock:%s:%s', w.queue, h.channel), true)
       from (select distinct k.queue from interlock.job_queue_workers k
              where not k.dead and k.expires_at > clock_timestamp()) w
      cross join lateral (
        select k.channel from interlock.job_queue_heads k where k.queue = w.queue order by k.version desc limit 1) h;
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return null;
end
$$;
