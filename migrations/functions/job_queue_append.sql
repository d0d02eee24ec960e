-- job_queue_append(queue, expected_version, events, changes): the one way into job_queue_log. Order, atomicity,
-- idempotency and live leases are guaranteed here; what the events say is decided by the core, in TypeScript.
--   queue             1..200 characters; the first use makes it
--   expected_version  the sequence number of the last event that the caller knows
--   events            1..10,000 of {seq, at, event_type, job_id, job_type, models, worker_id, data, command_id,
--                     command_hash, schema_version}; what is null may be missing; seq counts on from expected_version;
--                     at in microseconds since 1970
--   changes           the inner projection after these events: {state: {…}, jobs: [{…}], gone: [job_id, …]}, columns of
--                     job_queue_state and job_queue_jobs with times in microseconds; state.policy null: unchanged
-- Returns {ok: true, version, now} when everything was written; else nothing was, and {ok: false, reason, version, now, …}:
--   version      others were faster; missed: the events after expected_version, 500 or 256 KB of them at most
--   known        some of the commands have been here before; known: [{command_id, command_hash, seqs}, …]
--   dead_worker  a `started` for a worker whose lease is not live; worker_ids
--   live_worker  a `lease_expired` for a worker that is not past ttl + grace; worker_ids
--   clock        an event is not later than the one before, or more than 1 s away from the database's clock
-- One NOTIFY on channel interlock, '<queue>:<version>', unless the setting interlock.notify is 'off'.
-- Raises JQ001 for a call out of bounds, JQ002 for events or state that do not count on from expected_version, 55P03 when
-- the lock does not come free (job_queue_lock); never 40001 or 40P01, which PostgREST repeats without end.
create or replace function public.job_queue_append(queue text, expected_version bigint, events jsonb, changes jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  head record;
  clock timestamptz;
  answer jsonb;
  given record;
  found_ids text[];
  known jsonb;
  last_version bigint;
begin
  if expected_version is null or jsonb_typeof(events) is distinct from 'array'
     or jsonb_array_length(events) not between 1 and 10000 or jsonb_typeof(changes -> 'state') is distinct from 'object' then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_append takes an expected version, 1..10000 events and the changes with their state';
  end if;
  head := public.job_queue_lock($1);
  -- Read after the wait: now() and statement_timestamp() are from before it.
  clock := clock_timestamp();
  answer := jsonb_build_object('ok', false, 'version', head.version,
    'now', (extract(epoch from clock) * 1000000)::bigint);
  if head.version <> expected_version then
    return answer || jsonb_build_object('reason', 'version',
      'missed', public.job_queue_events($1, expected_version, 500, 262144));
  end if;

  select count(*) as events,
         bool_and(e.seq = expected_version + e.place) as contiguous,
         bool_and(e.at > e.before) as rising,
         min(e.at) as first_at, max(e.at) as last_at,
         array_agg(distinct e.command_id) as command_ids,
         array_agg(distinct e.worker_id) filter (where e.event_type = 'started') as starters,
         array_agg(distinct e.worker_id) filter (where e.event_type = 'lease_expired') as expired,
         max((e.data ->> 'epoch')::integer) filter (where e.event_type = 'epoch_changed') as epoch
    into given
    from (
      select r.*, lag(r.at, 1, (extract(epoch from head.last_at) * 1000000)::bigint) over (order by r.place) as before
        from rows from (jsonb_to_recordset(events) as (
               seq bigint, at bigint, event_type text, worker_id text, data jsonb, command_id text))
             with ordinality as r (seq, at, event_type, worker_id, data, command_id, place)) e;
  last_version := expected_version + given.events;
  if given.contiguous is not true or (changes #>> '{state,version}')::bigint is distinct from last_version then
    raise exception using errcode = 'JQ002',
      message = format('the events and the state do not count on from version %s', expected_version);
  end if;

  select jsonb_agg(to_jsonb(k) order by k.seqs -> 0) into known from (
    select l.command_id, min(l.command_hash) as command_hash, jsonb_agg(l.seq order by l.seq) as seqs
      from public.job_queue_log l
     where l.queue = $1 and l.command_id = any (given.command_ids)
     group by l.command_id) k;
  if known is not null then
    return answer || jsonb_build_object('reason', 'known', 'known', known);
  end if;

  if given.starters is not null then
    select array_agg(s.id) into found_ids from unnest(given.starters) as s (id)
     where not exists (
       select from public.job_queue_workers w
        where w.queue = $1 and w.worker_id = s.id and not w.dead and w.expires_at > clock);
    if found_ids is not null then
      return answer || jsonb_build_object('reason', 'dead_worker', 'worker_ids', found_ids);
    end if;
  end if;

  if given.expired is not null then
    -- Locked, and dead from here on: a heartbeat that is late waits for us and then finds its lease gone.
    perform from public.job_queue_workers w
      where w.queue = $1 and w.worker_id = any (given.expired) order by w.worker_id for update;
    select array_agg(w.worker_id order by w.worker_id) into found_ids from public.job_queue_workers w
     where w.queue = $1 and w.worker_id = any (given.expired)
       and not w.dead and w.expires_at + w.grace_ms * interval '1 millisecond' >= clock;
    if found_ids is not null then
      return answer || jsonb_build_object('reason', 'live_worker', 'worker_ids', found_ids);
    end if;
  end if;

  -- Ahead of the clock as far as the last event is, so that a clock that was set back does not stop the queue.
  if given.rising is not true
     or 'epoch'::timestamptz + given.first_at * interval '1 microsecond' < clock - interval '1 second'
     or 'epoch'::timestamptz + given.last_at * interval '1 microsecond'
        > greatest(clock + interval '1 second', head.last_at + given.events * interval '1 microsecond') then
    return answer || jsonb_build_object('reason', 'clock');
  end if;

  insert into public.job_queue_log (seq, created_at, queue, event_type, job_id, job_type, models, worker_id, data,
    command_id, command_hash, schema_version)
  select e.seq, 'epoch'::timestamptz + e.at * interval '1 microsecond', $1, e.event_type, e.job_id, e.job_type, e.models,
         e.worker_id, e.data, e.command_id, e.command_hash, coalesce(e.schema_version, 1)
    from jsonb_to_recordset(events) as e (
      seq bigint, at bigint, event_type text, job_id text, job_type text, models text[], worker_id text, data jsonb,
      command_id text, command_hash bigint, schema_version smallint);

  perform public.job_queue_apply($1, changes);

  update public.job_queue_heads h
     set version = last_version,
         epoch = coalesce(given.epoch, h.epoch),
         last_at = 'epoch'::timestamptz + given.last_at * interval '1 microsecond'
   where h.queue = $1;
  if given.expired is not null then
    update public.job_queue_workers w set dead = true where w.queue = $1 and w.worker_id = any (given.expired);
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', $1 || ':' || last_version);
  end if;
  return answer || jsonb_build_object('ok', true, 'version', last_version);
end
$$;
