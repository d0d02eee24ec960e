-- The append: the one way into job_queue_log, in one round trip, and what only it calls.

-- job_queue_append(queue, expected_version, events, changes): the one way into job_queue_log. Order, atomicity,
-- idempotency and live leases are guaranteed here; what the events say is decided by the core, in TypeScript.
--   queue             1..200 characters; the first use makes it
--   expected_version  the sequence number of the last event that the caller knows
--   events            1..25,000 of {seq, at, event_type, job_id, job_type, models, worker_id, data, command_id,
--                     command_hash, schema_version}; what is null may be missing; seq counts on from expected_version;
--                     at in microseconds since 1970; ids 1..200 characters, 100 models, 64 KB of data at most
--   changes           the inner projection after these events: {state: {…}, jobs: [{…}, …], changed: [{…}, …],
--                     gone: [job_id, …], also: [job_id, …]}, columns of job_queue_state and job_queue_jobs with times in
--                     microseconds; state.policy null: unchanged; jobs: whole rows; changed: of rows that are there already,
--                     what can change in the life of a job (state and attempt always; priority and place if they do; of
--                     the rest what is not null); also: those of `changed` that no event names, if there are any
--                     (job_queue_changes);
--                     entered: [{life, …} or {}, …], one at the place of each event up to the last that has one: of a job that waits since
--                     its `queued` event, what its row says beyond that: kind unless it is job_type; priority, place_level, attempts and
--                     timeout_ms unless 0, 0, 3 and 3,600,000; place_order unless at; place_tie unless seq; due_at, expires_at,
--                     blocked_by_job_id, blocked_on and conflict_reason unless null; its payload and its trace, if it has them;
--                     data: payloads, results and errors of its events, if there are any (job_queue_put_data);
--                     wanted: jobs that these events start, for what their handlers need, if any;
--                     voided_from: the first event that a `voided` among the events names (job_queue_void);
--                     staged: [{command_id, job_id, as}, …], those of them that were put aside before (job_queue_stage, job_queue_put_staged);
--                     expected_at: the time of the event expected_version as the caller has folded it, 0 before the first one;
--                     without it the numbers alone are compared, which after a restore meet with other events;
--                     beat: {worker_id, kinds, free_slots, release, ttl_ms, grace_ms}: a heartbeat that goes along (job_queue_beat);
--                     once: true: some of its `queued` and `deduplicated` events have `once` (job_queue_put_once);
--                     submissions: [id, …]: the submitted jobs that its `queued` events put in line (job_queue_enqueue_in);
--                     of_arrivals: true: the caller has claimed the rows that its intake events are of (job_queue_claim_arrivals);
--                     doubles: {job_id: stands_for, …}: those of these rows for which others stand (job_queue_doubles);
--                     alike: {at, …}, if there are many events: the time of the first, and columns that all of them have alike. Then they have
--                     neither these, nor seq, nor at: each comes 1 microsecond after the one before
-- Returns {ok: true, version, now, data, beat, combines} when everything was written (data: of the wanted jobs, where some are; beat: the answer to the heartbeat, if there was one; combines: false where a process combines, as docs/inside/several-writers.md says, else missing); else nothing was, and {ok: false, reason, version, now, …}:
--   log_went_back  the log does not go as far as expected_version, or has another event there than that of expected_at: a
--                backup was restored, or a standby took over that had not heard of everything
--   version      others were faster; epoch: that of the head; missed: the events after expected_version, 500 or 256 KB of them
--                at most; voided: what later events say of those after expected_version (job_queue_voided)
--   known        some of the commands have been here before; known: [{command_id, command_hash, seqs}, …]
--   dead_worker  a `started` or `worker_serves` of a worker whose lease is not live; worker_ids
--   requested    a `started` of jobs that SQL has asked to be cancelled, which nobody has decided yet; job_ids
--   taken        a `queued` or `deduplicated` with `intake` for jobs that the log knows already, or whose row is not there to be taken in any more;
--                job_ids
--   once         a `queued` or `deduplicated` with `once` of jobs whose ids are taken by others that were enqueued `once`; once: [{job_id, seq, until, body,
--                payload_hash, has_data, stands_for}, …] (job_queue_once_before)
--   ending       jobs whose attempt its handler ends in a transaction of its own, which is committed and not decided yet, or commits at
--                this moment (job_queue_complete_in); job_ids. Only the command of that end ends such an attempt
--   submissions  `queued` events of submitted jobs that another process has put in line; ids: of these submissions
--   live_worker  a `lease_expired`, or a `worker_gone` that has not `left`, of a worker that is not past ttl + grace, or whose heartbeat is about to be written; worker_ids
--   unstaged     of some commands not everything is there that was to be put aside before; command_ids
--   clock        an event is not later than the one before, or more than 1 s away from the database's clock; 5 s, if it is older and no event
--                starts or offers a job or is a `worker_serves`: rates, deadlines and offers count from these times
-- One NOTIFY on channel interlock, '<queue>:<version>', unless the setting interlock.notify is 'off'. Before it, of up to 24 events that fit
-- into one, their text on the queue's own channel (job_queue_heads.channel): '<expected_version> <version> <time of the event
-- expected_version> <epoch> <events>', so that those who know the log up to there need not read; 'waits' stands before the events if the
-- commit waits for a standby.
-- A wait for the lock is bounded: 0.5 s through PostgREST, whose few connections serve the user's front end too, 2 s
-- otherwise; a lock_timeout that the session has set itself stays.
-- Raises JQ001 for a call out of bounds, JQ002 for events or state that do not count on from expected_version, 55P03 when
-- the lock does not come free; never 40001 or 40P01, which PostgREST repeats without end.
--
-- One function and no helpers, since each call of one costs some 8 µs, and one pass over the events before they are
-- written: every job pays for this three times. Most appends end one job and start one, and a statement over lists takes longer to
-- set up than to carry out. So one row is written by a statement of its own: a hand-off with data takes a fifth less time.
create or replace function public.job_queue_append(queue text, expected_version bigint, events jsonb, changes jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Plans are made while the tables are small, and kept while they grow. So a look-up by key has to be cheaper than reading even
-- one page in order. These settings only lower costs, since triggers inherit them: with enable_seqscan or enable_nestloop off, a
-- query of a user's trigger that has no other way would cost 1e10, and be compiled each time (jit_above_cost).
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  -- How old events may be from which nothing is counted.
  most_late constant interval := '5 seconds';
  head record;
  state jsonb := changes -> 'state';
  -- Null if the caller does not give it; then no comparison below finds a difference.
  expected_time timestamptz := 'epoch'::timestamptz + (changes ->> 'expected_at')::bigint * interval '1 microsecond';
  clock timestamptz;
  answer jsonb;
  given record;
  ids text[];
  arrived text[];
  submitted bigint[];
  locked bigint[];
  rows_at tid[];
  ours text[];
  setting text;
  is_rising boolean := true;
  ended_ids text[];
  ended_lives bigint[];
  entered_ids text[];
  entered_lives bigint[];
  moved_ids text[];
  moved_lives bigint[];
  single jsonb;
  is_kept boolean := false;
  ends text[];
  brought jsonb;
  note text;
  -- Of many events what all of them have alike; null where each of them says it.
  before bigint;
  before_at bigint;
  like_type text;
  like_models text[];
  like_worker text;
  like_command text;
begin
  if expected_version is null or jsonb_typeof(events) is distinct from 'array'
     or jsonb_array_length(events) not between 1 and 25000 or jsonb_typeof(changes -> 'state') is distinct from 'object' then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_append takes an expected version, 1..25000 events and the changes with their state';
  end if;
  -- Set in the body: a SET clause of the function would be undone before the commit, which needs it.
  setting := set_config('synchronous_commit', 'on', true);
  if current_setting('lock_timeout') = '0' then
    setting := set_config('lock_timeout',
      case when coalesce(current_setting('request.method', true), '') = '' then '2s' else '500ms' end, true);
  end if;
  -- A statement of its own: a query that also read the log would see it as it was before the wait for the lock.
  -- The newest version first: then the older versions that an old transaction keeps are not visited
  -- (migrations/parts/21_heads.sql).
  select h.version, h.epoch, h.last_at, h.chain, h.archived_seq, h.channel into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  if not found then
    perform public.job_queue_open($1);
    select h.version, h.epoch, h.last_at, h.chain, h.archived_seq, h.channel into head
      from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  end if;
  -- Read after the wait for the lock: now() and statement_timestamp() are from before it.
  clock := clock_timestamp();
  answer := jsonb_build_object('ok', false, 'version', head.version,
    'now', (extract(epoch from clock) * 1000000)::bigint);
  -- Usually the last event is the one that the caller knows: two comparisons. Otherwise ask the log whether that event is among
  -- the earlier ones. The row of the head may have been put together by hand, so it proves nothing.
  if head.version <> expected_version or head.last_at <> expected_time then
    if expected_time is not null and head.version < expected_version
       or coalesce(interlock.job_queue_event_at($1, expected_version),
            case when head.version = expected_version then head.last_at end) <> expected_time then
      return answer || jsonb_build_object('reason', 'log_went_back');
    end if;
    if head.version <> expected_version then
      return answer || jsonb_build_object('reason', 'version', 'epoch', head.epoch,
        'missed', interlock.job_queue_events($1, expected_version, 500, 262144),
        'voided', interlock.job_queue_voided($1, expected_version));
    end if;
  end if;

  if changes ? 'alike' then
    -- Others read events too: functions, and who is told of a few. And a job that goes may come again.
    if head.chain is not null or changes ? 'once' or changes -> 'gone' <> '[]' or jsonb_array_length(events) <= 24 then
      events := interlock.job_queue_unlike(expected_version, events, changes -> 'alike');
    else
      before := expected_version;
      select a.at - 1, a.event_type, a.models, a.worker_id, a.command_id into before_at, like_type, like_models, like_worker, like_command
        from jsonb_to_record(changes -> 'alike') as a (at bigint, event_type text, models text[], worker_id text, command_id text);
    end if;
  end if;
  -- No window function, which takes three times as long, and no ORDER BY or DISTINCT, which would sort the events.
  select expected_version + count(*) as version, bool_and(e.seq = expected_version + e.place) as counts_on, array_agg(e.at) as times,
         bool_and(length(e.event_type) between 1 and 50 and length(e.command_id) between 1 and 200
           and (length(e.job_id) between 1 and 200 and length(e.worker_id) between 1 and 200
             and cardinality(e.models) <= 100 and pg_column_size(e.data) <= 65536) is not false) as bounded,
         'epoch'::timestamptz + min(e.at) * interval '1 microsecond' as first_at,
         'epoch'::timestamptz + max(e.at) * interval '1 microsecond' as last_at,
         array_agg(e.command_id) as command_ids,
         array_agg(e.worker_id) filter (where e.event_type in ('started', 'worker_serves')) as starters,
         array_agg(e.job_id) filter (where e.event_type = 'started') as started,
         array_agg(e.worker_id) filter (where e.event_type = 'lease_expired' or e.event_type = 'worker_gone' and (e.data ? 'left') is not true) as expired,
         array_agg(e.job_id) filter (where e.event_type in ('completed', 'failed', 'cancelled', 'lease_expired', 'cancel_requested', 'detached'))
           as ending,
         array_agg(e.job_id) filter (where e.event_type in ('queued', 'deduplicated') and e.data ? 'intake') as arrivals,
         max((e.data ->> 'epoch')::integer) filter (where e.event_type = 'epoch_changed') as epoch
    into given
    from (
      select coalesce(r.seq, before + r.place) as seq, coalesce(r.at, before_at + r.place) as at, coalesce(r.event_type, like_type) as event_type,
             r.job_id, coalesce(r.models, like_models) as models, coalesce(r.worker_id, like_worker) as worker_id, r.data,
             coalesce(r.command_id, like_command) as command_id, r.place
        from rows from (jsonb_to_recordset(events) as (seq bigint, at bigint, event_type text, job_id text, models text[],
               worker_id text, data jsonb, command_id text)) with ordinality
               as r (seq, at, event_type, job_id, models, worker_id, data, command_id, place)) e;
  if given.bounded is not true then
    raise exception using errcode = 'JQ001', message = 'an event has an id, a list of models or data out of bounds';
  end if;
  if given.counts_on is not true
     or (changes #>> '{state,version}')::bigint is distinct from given.version then
    raise exception using errcode = 'JQ002',
      message = format('the events and the state do not count on from version %s', expected_version);
  end if;

  -- By command_id alone, and not by the primary key: see the index. Commands whose events are archived are forgotten.
  -- Not on an empty log: a plan made for a table without pages would later read every page.
  if head.version > head.archived_seq then
    if exists (select from public.job_queue_log l where l.command_id = any (given.command_ids) and l.queue || '' = $1
                  and l.seq + 0 > head.archived_seq) then
      return answer || (
        select jsonb_build_object('reason', 'known', 'known', to_jsonb(array_agg(to_jsonb(k) order by k.seqs -> 0))) from (
          select l.command_id, min(l.command_hash) as command_hash, jsonb_agg(l.seq order by l.seq) as seqs
            from public.job_queue_log l
           where l.command_id = any (given.command_ids) and l.queue || '' = $1 and l.seq + 0 > head.archived_seq
           group by l.command_id) k);
    end if;
  end if;

  -- Each row of `jobs` is taken in once, even if the process died between an append and job_queue_taken.
  if given.arrivals is not null and head.version > 0 then
    -- Planned each time: while the log looks small, the planner may take the primary key instead of the index by job.
    execute 'select array_agg(distinct l.job_id) from public.job_queue_log l where l.queue = $1 and l.job_id = any ($2)'
      into ids using $1, given.arrivals;
    if ids is not null then
      return answer || jsonb_build_object('reason', 'taken', 'job_ids', ids);
    end if;
  end if;
  -- A transaction that deletes the row first deletes its arrival, and then cancels the job if it is in line. So this either finds
  -- no arrival, or locks it until the job is in line and can be cancelled. It never waits: an arrival that is about to be deleted
  -- is left out, and comes again if it stays.
  if given.arrivals is not null and changes ? 'of_arrivals' then
    arrived := array(
      select a.job_id from interlock.job_queue_arrivals a
       where a.job_id = any (given.arrivals) and a.queue = $1 for update skip locked);
    if not given.arrivals <@ arrived then
      return answer || jsonb_build_object('reason', 'taken', 'job_ids',
        array(select distinct g.id from unnest(given.arrivals) g (id) where g.id <> all (arrived)));
    end if;
  end if;

  if changes ? 'once' then
    brought := interlock.job_queue_once_before($1, events);
    if brought is not null then
      return answer || jsonb_build_object('reason', 'once', 'once', brought);
    end if;
  end if;

  -- The append that deletes the row puts its job in line. It never waits: a row that another process holds comes again if it stays.
  if changes ? 'submissions' then
    submitted := array(select jsonb_array_elements_text(changes -> 'submissions')::bigint);
    select l.ids, l.places into locked, rows_at from interlock.job_queue_lock_submissions($1, submitted) l;
    if cardinality(locked) < cardinality(submitted) then
      return answer || jsonb_build_object('reason', 'submissions', 'ids',
        array(select u.id from unnest(submitted) u (id) where u.id <> all (locked)));
    end if;
  end if;

  if given.starters is not null then
    ids := array(select w.worker_id from interlock.job_queue_workers w
                  where w.queue = $1 and w.worker_id = any (given.starters) and not w.dead
                    and (w.expires_at > clock or interlock.job_queue_elsewhere(w.server_since)));
    if not given.starters <@ ids then
      return answer || jsonb_build_object('reason', 'dead_worker', 'worker_ids',
        array(select distinct s.id from unnest(given.starters) s (id) where s.id <> all (ids) order by s.id));
    end if;
  end if;

  -- A job with an undecided cancel does not start: not by a claim, at the end of another job, or at the gate. If the request
  -- names a life (queued_at), it is that of a job in line; another life of the same id may start. There are hardly ever any, which a
  -- shorter statement finds out.
  if given.started is not null and exists (
       select from interlock.job_queue_inbox i where i.queue = $1 and i.answered_at is null and i.command ->> 'type' = 'cancel') then
    select array_agg(distinct left(i.command ->> 'job_id', 200)) into ids from interlock.job_queue_inbox i
     where i.queue = $1 and left(i.command ->> 'job_id', 200) = any (given.started)
       and i.answered_at is null and i.command ->> 'type' = 'cancel'
       and (i.command -> 'queued_at' is null or exists (
         select from public.job_queue_jobs j
          where j.queue = $1 and j.job_id = left(i.command ->> 'job_id', 200)
            and to_jsonb((extract(epoch from j.queued_at) * 1000000)::bigint) = i.command -> 'queued_at'));
    if ids is not null then
      return answer || jsonb_build_object('reason', 'requested', 'job_ids', ids);
    end if;
  end if;

  if given.expired is not null then
    -- Locked and dead from here on: a heartbeat that comes late waits for this transaction, and then finds its lease gone. A row that a
    -- heartbeat holds is not waited for, which may take as long as a standby does: that worker is about to be live.
    ours := array(select w.worker_id from interlock.job_queue_workers w
      where w.queue = $1 and w.worker_id = any (given.expired) order by w.worker_id for update skip locked);
    select array_agg(w.worker_id order by w.worker_id) into ids from interlock.job_queue_workers w
     where w.queue = $1 and w.worker_id = any (given.expired)
       and (w.worker_id <> all (ours)
         or (not w.dead and (w.expires_at + w.grace_ms * interval '1 millisecond' >= clock or interlock.job_queue_elsewhere(w.server_since))));
    if ids is not null then
      return answer || jsonb_build_object('reason', 'live_worker', 'worker_ids', ids);
    end if;
  end if;

  -- An end that is in the transaction of its handler is either behind the lock of the attempt's row (job_queue_check_end), which is not
  -- waited for, or committed by the time that the row is locked here. So first the lock, then the look, in this order.
  if given.ending is not null then
    select array_agg(k.job_id), array_agg('end-of:' || k.fencing_token) into ours, ids from (
      select j.job_id, j.fencing_token from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (given.ending) and j.state = 'active' for update skip locked) k;
    if exists (select from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = any (ids) and i.answered_at is null) then
      ends := ids;
      brought := interlock.job_queue_ending($1, ends,
        case when before is null then events else interlock.job_queue_unlike(before, events, changes -> 'alike') end);
    end if;
    -- A job that is missing there does not run, came in with these events, or its row was deleted by hand.
    if brought is not null or not coalesce(given.ending <@ ours, false) then
      select array_agg(j.job_id) into ids from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (given.ending) and j.state = 'active' and (brought ? j.job_id or j.job_id = any (ours) is not true);
      if ids is not null then
        return answer || jsonb_build_object('reason', 'ending', 'job_ids', ids);
      end if;
    end if;
  end if;

  if changes ? 'staged' then
    ids := interlock.job_queue_unstaged($1, changes -> 'staged');
    if ids is not null then
      return answer || jsonb_build_object('reason', 'unstaged', 'command_ids', ids);
    end if;
  end if;

  if cardinality(given.times) > 16 then
    is_rising := given.times = array(select distinct t from unnest(given.times) t order by t);
  else
    -- For a few events this takes a fifth of the time of a query.
    for place in 2..cardinality(given.times) loop
      is_rising := is_rising and given.times[place] > given.times[place - 1];
    end loop;
  end if;
  -- If the last event is ahead of the clock (because the clock was set back), the log goes on from that event. So neither the
  -- queue nor what is counted from its events stops. The new events may be ahead of it by no more than it is ahead of the clock.
  if not is_rising or given.first_at <= head.last_at
     or given.first_at < clock - interval '1 second'
        and (given.first_at < clock - most_late or given.starters is not null
          or exists (select from jsonb_array_elements(events) e (event) where e.event -> 'data' ? 'offers'))
     or given.last_at > greatest(clock + interval '1 second',
          head.last_at + (given.version - expected_version) * interval '1 microsecond'
            + greatest(head.last_at - clock, interval '0')) then
    return answer || jsonb_build_object('reason', 'clock');
  end if;

  if before is not null then
    begin
      perform interlock.job_queue_put_many($1, before, events, changes);
    exception when unique_violation then
      -- There is a row or data of an earlier life: the slow way, below.
      events := interlock.job_queue_unlike(before, events, changes -> 'alike');
      before := null;
    end;
  end if;
  if before is null and head.chain is null then
    insert into public.job_queue_log (seq, created_at, queue, event_type, job_id, job_type, models, worker_id, data,
      command_id, command_hash, schema_version)
    select e.seq, 'epoch'::timestamptz + e.at * interval '1 microsecond', $1, e.event_type, e.job_id, e.job_type, e.models,
           e.worker_id, e.data, e.command_id, e.command_hash, coalesce(e.schema_version, 1)
      from jsonb_to_recordset(events) as e (
        seq bigint, at bigint, event_type text, job_id text, job_type text, models text[], worker_id text, data jsonb,
        command_id text, command_hash bigint, schema_version smallint);
  elsif before is null then
    head.chain := interlock.job_queue_insert_chained($1, events, head.chain);
  end if;

  if jsonb_array_length(changes -> 'gone') = 1 then
    delete from public.job_queue_jobs j where j.queue = $1 and j.job_id = changes #>> '{gone,0}'
    returning array[j.job_id], array[j.life] into ended_ids, ended_lives;
  elsif jsonb_array_length(changes -> 'gone') > 0 then
    with ended as (
      delete from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (array(select jsonb_array_elements_text(changes -> 'gone')))
      returning j.job_id, j.life)
    select array_agg(e.job_id), array_agg(e.life) into ended_ids, ended_lives from ended e;
  end if;
  if changes ? 'entered' and before is null then
    -- Without ON CONFLICT, which would take half as long again: there is hardly ever such a row.
    begin
      with r as materialized (
        select * from rows from (
          jsonb_to_recordset(events) as (seq bigint, at bigint, job_id text, job_type text, models text[]),
          jsonb_to_recordset(changes -> 'entered') as (kind text, priority integer, place_level integer, place_order bigint,
            place_tie double precision, due_at bigint, expires_at bigint, attempts integer, timeout_ms bigint,
            blocked_by_job_id text, blocked_on text, conflict_reason text, life bigint, payload jsonb, trace jsonb)) as z
         where z.life is not null),
      entered as (
        insert into public.job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order,
          place_tie, queued_at, due_at, expires_at, attempt, attempts, timeout_ms, blocked_by_job_id, blocked_on,
          conflict_reason, life)
        select $1, r.job_id, 'waiting', r.job_type, coalesce(r.kind, r.job_type), r.models, coalesce(r.priority, 0),
               coalesce(r.place_level, 0), coalesce(r.place_order, r.at), coalesce(r.place_tie, r.seq),
               'epoch'::timestamptz + r.at * interval '1 microsecond',
               'epoch'::timestamptz + r.due_at * interval '1 microsecond',
               'epoch'::timestamptz + r.expires_at * interval '1 microsecond', 0, coalesce(r.attempts, 3),
               coalesce(r.timeout_ms, 3600000), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
          from r)
      insert into interlock.job_queue_data (queue, job_id, life, payload, trace)
      select $1, r.job_id, abs(r.life), r.payload, r.trace from r where r.payload is not null or r.trace is not null;
    exception when unique_violation then
      -- There is a row or data of an earlier life: the slow way, as whole rows.
      select changes || jsonb_build_object(
               'jobs', coalesce(changes -> 'jobs', '[]') || to_jsonb(array_agg(jsonb_build_object('job_id', z.job_id, 'state', 'waiting',
                 'job_type', z.job_type, 'kind', z.job_type, 'models', z.models, 'priority', 0, 'place_level', 0,
                 'place_order', z.at, 'place_tie', z.seq, 'queued_at', z.at, 'attempt', 0, 'attempts', 3,
                 'timeout_ms', 3600000) || (z.item - '{payload,trace}'::text[]))),
               'data', coalesce(changes -> 'data', '[]') || coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', z.job_id)
                 || case when z.item ? 'payload' then jsonb_build_object('payload', z.item -> 'payload') else '{}' end
                 || case when z.item ? 'trace' then jsonb_build_object('trace', z.item -> 'trace') else '{}' end)
                 filter (where z.item ?| '{payload,trace}')), '[]'))
        into changes
        from rows from (
          jsonb_to_recordset(events) as (seq bigint, at bigint, job_id text, job_type text, models jsonb),
          jsonb_array_elements(changes -> 'entered')) as z (seq, at, job_id, job_type, models, item)
       where z.item ? 'life';
    end;
  end if;
  if jsonb_array_length(changes -> 'jobs') > 0 then
    with entered as (
    insert into public.job_queue_jobs as j (queue, job_id, state, job_type, kind, models, priority, place_level, place_order,
      place_tie, queued_at, due_at, expires_at, attempt, attempts, postponed, timeout_ms, worker_id, fencing_token, started_at,
      asks, places, whole, cancel_requested, blocked_by_job_id, blocked_on, conflict_reason, life)
    select $1, r.job_id, r.state, r.job_type, r.kind, r.models, r.priority, r.place_level, r.place_order,
           r.place_tie, 'epoch'::timestamptz + r.queued_at * interval '1 microsecond',
           'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           'epoch'::timestamptz + r.expires_at * interval '1 microsecond',
           r.attempt, r.attempts, coalesce(r.postponed, 0), r.timeout_ms, r.worker_id, r.fencing_token,
           'epoch'::timestamptz + r.started_at * interval '1 microsecond', r.asks, r.places, r.whole,
           coalesce(r.cancel_requested, false), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
      from jsonb_to_recordset(changes -> 'jobs') as r (
        job_id text, state text, job_type text, kind text, models text[], priority integer, place_level double precision,
        place_order bigint, place_tie double precision, queued_at bigint, due_at bigint, expires_at bigint,
        attempt integer, attempts integer, postponed integer, timeout_ms bigint, worker_id text, fencing_token bigint,
        started_at bigint, asks jsonb, places jsonb, whole text[], cancel_requested boolean, blocked_by_job_id text, blocked_on text,
        conflict_reason text, life bigint)
    on conflict (queue, job_id) do update set
      state = excluded.state, job_type = excluded.job_type, kind = excluded.kind, models = excluded.models,
      priority = excluded.priority, place_level = excluded.place_level, place_order = excluded.place_order,
      place_tie = excluded.place_tie, queued_at = excluded.queued_at, due_at = excluded.due_at,
      expires_at = excluded.expires_at, attempt = excluded.attempt, attempts = excluded.attempts, postponed = excluded.postponed,
      timeout_ms = excluded.timeout_ms, worker_id = excluded.worker_id, fencing_token = excluded.fencing_token,
      started_at = excluded.started_at, asks = excluded.asks, places = excluded.places, whole = excluded.whole, cancel_requested = excluded.cancel_requested,
      blocked_by_job_id = excluded.blocked_by_job_id, blocked_on = excluded.blocked_on,
      conflict_reason = excluded.conflict_reason, life = coalesce(excluded.life, j.life)
    returning j.job_id, j.life)
    select array_agg(e.job_id), array_agg(e.life) into entered_ids, entered_lives from entered e;
  end if;
  if jsonb_array_length(changes -> 'changed') = 1 then
    single := changes #> '{changed,0}';
    update public.job_queue_jobs j
       set state = single ->> 'state', attempt = (single ->> 'attempt')::integer,
           postponed = coalesce((single ->> 'postponed')::integer, 0),
           priority = coalesce((single ->> 'priority')::integer, j.priority),
           place_level = coalesce((single ->> 'place_level')::integer, j.place_level),
           place_order = coalesce((single ->> 'place_order')::bigint, j.place_order),
           place_tie = coalesce((single ->> 'place_tie')::double precision, j.place_tie),
           due_at = 'epoch'::timestamptz + (single ->> 'due_at')::bigint * interval '1 microsecond',
           expires_at = 'epoch'::timestamptz + (single ->> 'expires_at')::bigint * interval '1 microsecond',
           worker_id = single ->> 'worker_id', fencing_token = (single ->> 'fencing_token')::bigint,
           started_at = 'epoch'::timestamptz + (single ->> 'started_at')::bigint * interval '1 microsecond',
           places = single -> 'places',
           cancel_requested = coalesce((single ->> 'cancel_requested')::boolean, false),
           blocked_by_job_id = single ->> 'blocked_by_job_id', blocked_on = single ->> 'blocked_on',
           conflict_reason = single ->> 'conflict_reason'
     where j.queue = $1 and j.job_id = single ->> 'job_id'
    returning array[j.job_id], array[j.life] into moved_ids, moved_lives;
  elsif jsonb_array_length(changes -> 'changed') > 0 then
    with moved as (
    update public.job_queue_jobs j
       set state = r.state, attempt = r.attempt, postponed = coalesce(r.postponed, 0),
           priority = coalesce(r.priority, j.priority),
           place_level = coalesce(r.place_level, j.place_level), place_order = coalesce(r.place_order, j.place_order),
           place_tie = coalesce(r.place_tie, j.place_tie),
           due_at = 'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           expires_at = 'epoch'::timestamptz + r.expires_at * interval '1 microsecond',
           worker_id = r.worker_id, fencing_token = r.fencing_token,
           started_at = 'epoch'::timestamptz + r.started_at * interval '1 microsecond', places = r.places,
           cancel_requested = coalesce(r.cancel_requested, false), blocked_by_job_id = r.blocked_by_job_id,
           blocked_on = r.blocked_on, conflict_reason = r.conflict_reason
      from jsonb_to_recordset(changes -> 'changed') as r (
        job_id text, state text, priority integer, place_level integer, place_order bigint, place_tie double precision,
        due_at bigint, expires_at bigint, attempt integer, postponed integer, worker_id text, fencing_token bigint,
        started_at bigint, places jsonb, cancel_requested boolean, blocked_by_job_id text, blocked_on text, conflict_reason text)
     where j.queue = $1 and j.job_id = r.job_id
       -- Also by the key: while the table is small, the planner would join with all rows of the queue.
       and j.job_id = any (array(select k.job_id from jsonb_to_recordset(changes -> 'changed') as k (job_id text)))
    returning j.job_id, j.life)
    select array_agg(m.job_id), array_agg(m.life) into moved_ids, moved_lives from moved m;
  end if;
  if arrived is not null then
    delete from interlock.job_queue_arrivals a where a.job_id = any (arrived) and a.queue = $1;
  end if;
  if changes ? 'doubles' then
    insert into interlock.job_queue_doubles (queue, job_id, stands_for, since)
    select $1, d.key, d.value, given.last_at from jsonb_each_text(changes -> 'doubles') d
    on conflict on constraint job_queue_doubles_pkey do update set stands_for = excluded.stands_for, since = excluded.since;
  end if;
  if changes ? 'also' then
    insert into interlock.job_queue_changes (queue, seq, job_ids)
    values ($1, given.version, array(select jsonb_array_elements_text(changes -> 'also')));
  end if;
  if changes ? 'data' then
    if jsonb_array_length(changes -> 'data') = 1 and ended_ids[1] = changes #>> '{data,0,job_id}' then
      -- The result of a job with a payload: its row of this life is there.
      single := changes #> '{data,0}';
      update interlock.job_queue_data d
         set payload = coalesce(single -> 'payload', d.payload), result = coalesce(single -> 'result', d.result),
             error = coalesce(single -> 'error', d.error), checkpoint = coalesce(single -> 'checkpoint', d.checkpoint),
             trace = coalesce(single -> 'trace', d.trace), updated_at = clock_timestamp()
       where d.queue = $1 and d.job_id = ended_ids[1] and d.life = abs(ended_lives[1]);
      is_kept := found;
    end if;
    if not is_kept then
      -- Like job_queue_put_data, but without its look at the log: the row that was deleted, inserted or changed names the life of the
      -- job.
      insert into interlock.job_queue_data as d (queue, job_id, life, payload, result, error, checkpoint, trace)
      select $1, g.item ->> 'job_id', coalesce(abs(k.life), abs(interlock.job_queue_life($1, g.item ->> 'job_id'))),
             g.item -> 'payload', g.item -> 'result', g.item -> 'error', g.item -> 'checkpoint', g.item -> 'trace'
        from jsonb_array_elements(changes -> 'data') as g (item)
        left join (
          select n.job_id, max(n.life) as life
            from unnest(ended_ids || entered_ids || moved_ids, ended_lives || entered_lives || moved_lives) as n (job_id, life)
           group by n.job_id) as k on k.job_id = g.item ->> 'job_id'
      on conflict (queue, job_id) do update set
        life = coalesce(excluded.life, d.life),
        payload = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.payload, d.payload)
                       else excluded.payload end,
        result = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.result, d.result)
                      else excluded.result end,
        error = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.error, d.error)
                     else excluded.error end,
        checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                          else excluded.checkpoint end,
        trace = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.trace, d.trace)
                     else excluded.trace end,
        progress = case when excluded.life is null or d.life = excluded.life then d.progress end,
        token = case when excluded.life is null or d.life = excluded.life then d.token end,
        updated_at = clock_timestamp();
    end if;
  end if;
  if changes ? 'voided_from' then
    perform interlock.job_queue_void($1, (changes ->> 'voided_from')::bigint);
  end if;
  if changes ? 'staged' then
    perform interlock.job_queue_put_staged($1, changes -> 'staged');
  end if;
  if changes ? 'once' then
    perform interlock.job_queue_put_once($1, events);
  end if;
  if ends is not null then
    update interlock.job_queue_inbox i set answer = '{"ok": true, "started": []}', answered_at = clock
     where i.queue = $1 and i.request_id = any (ends) and i.answered_at is null;
    if current_setting('interlock.notify', true) is distinct from 'off' then
      setting := pg_notify('interlock_answers', $1);
    end if;
  end if;
  if submitted is not null then
    delete from interlock.job_queue_submissions s where s.ctid = any (rows_at);
  end if;
  -- By key and newest version (migrations/parts/21_heads.sql), and column by column: a join with jsonb_to_record takes twice as long.
  update public.job_queue_state s
     set status = state ->> 'status', version = given.version, active_job_id = state ->> 'active_job_id',
         active_job_type = state ->> 'active_job_type',
         active_models = array(select jsonb_array_elements_text(state -> 'active_models')),
         active_count = (state ->> 'active_count')::integer, waiting_count = (state ->> 'waiting_count')::integer,
         policy = coalesce(nullif(state -> 'policy', 'null'), s.policy),
         servers = case when jsonb_typeof(state -> 'servers') = 'array' then array(select jsonb_array_elements_text(state -> 'servers')) end,
         drained_at = 'epoch'::timestamptz + (state ->> 'drained_at')::bigint * interval '1 microsecond',
         updated_at = 'epoch'::timestamptz + (state ->> 'updated_at')::bigint * interval '1 microsecond'
   where s.queue = $1 and s.version = head.version;
  if not found then
    -- The version of the row was changed by hand.
    perform interlock.job_queue_put_state($1, state);
  end if;
  update interlock.job_queue_heads h
     set version = given.version, epoch = coalesce(given.epoch, h.epoch), last_at = given.last_at, chain = head.chain
   where h.queue = $1 and h.version = head.version;
  if given.expired is not null then
    update interlock.job_queue_workers w set dead = true where w.queue = $1 and w.worker_id = any (given.expired);
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    if given.version - expected_version <= 24 then
      note := format('%s %s %s %s%s %s', expected_version, given.version, (extract(epoch from head.last_at) * 1000000)::bigint,
        coalesce(given.epoch, head.epoch), case when current_setting('synchronous_standby_names') <> '' then ' waits' end, events);
      -- The most that a notification can hold.
      if octet_length(note) < 7900 then
        setting := pg_notify(head.channel, note);
      end if;
    end if;
    setting := pg_notify('interlock', $1 || ':' || given.version);
  end if;
  -- The data that handlers need of the jobs that start now. It is read under the queue's lock, so this reads no table of the
  -- user, and brings no more than a client reads from the connection at once: of the first 100 jobs, in the order given, 64 KB as
  -- stored and 256 KB as text.
  if changes ? 'wanted' then
    if jsonb_array_length(changes -> 'wanted') = 1 and moved_ids[1] = changes #>> '{wanted,0}' then
      -- The life of a job that came as a row is negative: its handler needs the row too.
      select jsonb_build_array(jsonb_build_object('job_id', d.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
               'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null)) into brought
        from interlock.job_queue_data d
       where d.queue = $1 and d.job_id = moved_ids[1] and d.life = moved_lives[1]
         and coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
           + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0) <= 65536;
      if octet_length(brought::text) > 262144 then
        brought := null;
      end if;
    end if;
    if brought is null then
      select to_jsonb(array_agg(t.item order by t.place)) into brought from (
        select s.item, s.place, sum(octet_length(s.item::text)) over (order by s.place) as length from (
          select w.place, jsonb_build_object('job_id', w.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
                   'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null) as item,
                 sum(coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
                   + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0)) over (order by w.place) as stored
            from (
              select g.place, g.job_id, coalesce(k.life, interlock.job_queue_life($1, g.job_id)) as life
                from jsonb_array_elements_text(changes -> 'wanted') with ordinality as g (job_id, place)
                left join unnest(moved_ids || entered_ids, moved_lives || entered_lives) as k (job_id, life) on k.job_id = g.job_id
               where g.place <= 100) as w
            -- OFFSET 0 keeps this from becoming a join with all data of the queue.
            left join lateral (
              select k.* from interlock.job_queue_data k where k.queue = $1 and k.job_id = w.job_id and k.life = w.life offset 0) as d on true
           -- Not for jobs that came as a row: their handlers need the row too. job_queue_data_of returns what is left out here.
           where w.life > 0) as s
         where s.stored <= 65536) as t
       where t.length <= 262144;
    end if;
    answer := answer || jsonb_build_object('data', coalesce(brought, '[]'));
  end if;
  if changes ? 'beat' then
    answer := answer || jsonb_build_object('beat', public.job_queue_beat($1, changes #>> '{beat,worker_id}',
      case when jsonb_typeof(changes #> '{beat,kinds}') = 'array'
        then array(select jsonb_array_elements_text(changes #> '{beat,kinds}')) end,
      (changes #>> '{beat,free_slots}')::integer, changes #>> '{beat,release}',
      (changes #>> '{beat,ttl_ms}')::integer, (changes #>> '{beat,grace_ms}')::integer));
  end if;
  -- A process that is fast enough loses no append, and is told of nothing where notifications are lost: so this says that there is a combiner.
  if exists (select from interlock.job_queue_combiners c where c.queue = $1 and c.combiner is not null) then
    answer := answer || '{"combines":false}';
  end if;
  return answer || jsonb_build_object('ok', true, 'version', given.version);
end
$$;

-- job_queue_append_along(queue, expected_version, events, changes, along): job_queue_append with what would be calls of their own before
-- and after it, for clients that pay for each request (docs/inside/supabase.md).
--   along  {rows: [job_id, …]}: jobs that these events start for the first time and that came as a row: what job_queue_data_of says of
--          them. It is read before the queue is locked, so no lock and no policy of the user's table can hold up another append;
--          {project: batch}: job_queue_project of so many events, right after these. The caller asks for it only while such steps are quick,
--          since the queue is locked meanwhile
-- Returns what job_queue_append does, with data of these jobs too, and with projected: the answer of job_queue_project and its took_ms.
-- A part that fails is left out, and the append is made without it: rows while somebody has locked jobs, if reading them raises, or from
-- 256 KB of text on; projected if it raises, also by a deferred constraint of the user. Raises as job_queue_append does.
create or replace function public.job_queue_append_along(
  queue text, expected_version bigint, events jsonb, changes jsonb, along jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer jsonb;
  data jsonb;
  step jsonb;
  began timestamptz;
begin
  -- Not for an append that is lost: others were faster, as many are where many processes write.
  if along ? 'rows' and expected_version = (
       select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1) then
    begin
      if to_regclass('public.jobs') is not null then
        -- Without a wait, and so with none below.
        lock table public.jobs in access share mode nowait;
      end if;
      data := public.job_queue_data_of(queue, array(select jsonb_array_elements_text(along -> 'rows')));
      if octet_length(data::text) > 262144 then
        data := null;
      end if;
    exception when others then
      data := null;
    end;
  end if;
  answer := public.job_queue_append(queue, expected_version, events, changes);
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if data is not null then
    answer := answer || jsonb_build_object('data', coalesce(answer -> 'data', '[]') || data);
  end if;
  if along ? 'project' then
    began := clock_timestamp();
    begin
      step := public.job_queue_project(queue, (along ->> 'project')::integer);
      -- What the user's tables check at the end of a transaction, they check here, or the append would fail with it.
      set constraints all immediate;
      answer := answer || jsonb_build_object('projected', step
        || jsonb_build_object('took_ms', ceil(extract(epoch from clock_timestamp() - began) * 1000)));
    exception when others then
      null;
    end;
  end if;
  return answer;
end
$$;

-- job_queue_unlike(expected_version, events, alike): events with all their columns, from those that have some alike. Internal; called by
-- job_queue_append, for what reads whole events.
--   alike  as in the changes of job_queue_append
-- Returns them as a list. Raises nothing.
create or replace function interlock.job_queue_unlike(expected_version bigint, events jsonb, alike jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select to_jsonb(array_agg($3 || jsonb_build_object('seq', $1 + e.place, 'at', ($3 ->> 'at')::bigint + e.place - 1) || e.item order by e.place))
    from jsonb_array_elements($2) with ordinality as e (item, place)
$$;

-- job_queue_put_many(queue, expected_version, events, changes): writes many events that have columns alike, with the rows and the data of the
-- jobs that enter the line (changes.entered). Internal; called by job_queue_append only, which has checked them. One statement, so that
-- they are read once: of a few events that would take longer than it saves (docs/inside/decisions/append.md).
-- Returns nothing. Raises 23505 when there is a row or data of an earlier life of a job.
create or replace function interlock.job_queue_put_many(queue text, expected_version bigint, events jsonb, changes jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  with r as materialized (
    select $2 + z.place as seq, 'epoch'::timestamptz + (a.at + z.place - 1) * interval '1 microsecond' as created_at, a.at + z.place - 1 as at,
           coalesce(z.event_type, a.event_type) as event_type, z.job_id, coalesce(z.job_type, a.job_type) as job_type,
           coalesce(z.models, a.models) as models, coalesce(z.worker_id, a.worker_id) as worker_id, z.data,
           coalesce(z.command_id, a.command_id) as command_id, coalesce(z.command_hash, a.command_hash) as command_hash,
           coalesce(z.schema_version, 1) as schema_version, z.kind, z.priority, z.place_level, z.place_order, z.place_tie, z.due_at,
           z.expires_at, z.attempts, z.timeout_ms, z.blocked_by_job_id, z.blocked_on, z.conflict_reason, z.life, z.payload, z.trace
      from jsonb_to_record($4 -> 'alike') as a (at bigint, event_type text, job_type text, models text[], worker_id text, command_id text,
             command_hash bigint)
     cross join rows from (
             jsonb_to_recordset($3) as (event_type text, job_id text, job_type text, models text[], worker_id text, data jsonb,
               command_id text, command_hash bigint, schema_version smallint),
             jsonb_to_recordset($4 -> 'entered') as (kind text, priority integer, place_level integer, place_order bigint,
               place_tie double precision, due_at bigint, expires_at bigint, attempts integer, timeout_ms bigint,
               blocked_by_job_id text, blocked_on text, conflict_reason text, life bigint, payload jsonb, trace jsonb))
           with ordinality as z (event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version, kind,
             priority, place_level, place_order, place_tie, due_at, expires_at, attempts, timeout_ms, blocked_by_job_id, blocked_on,
             conflict_reason, life, payload, trace, place)),
  logged as (
    insert into public.job_queue_log (seq, created_at, queue, event_type, job_id, job_type, models, worker_id, data, command_id,
      command_hash, schema_version)
    select r.seq, r.created_at, $1, r.event_type, r.job_id, r.job_type, r.models, r.worker_id, r.data, r.command_id, r.command_hash,
           r.schema_version
      from r),
  entered as (
    insert into public.job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
      queued_at, due_at, expires_at, attempt, attempts, timeout_ms, blocked_by_job_id, blocked_on, conflict_reason, life)
    select $1, r.job_id, 'waiting', r.job_type, coalesce(r.kind, r.job_type), r.models, coalesce(r.priority, 0),
           coalesce(r.place_level, 0), coalesce(r.place_order, r.at), coalesce(r.place_tie, r.seq), r.created_at,
           'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           'epoch'::timestamptz + r.expires_at * interval '1 microsecond', 0, coalesce(r.attempts, 3),
           coalesce(r.timeout_ms, 3600000), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
      from r where r.life is not null)
  insert into interlock.job_queue_data (queue, job_id, life, payload, trace)
  select $1, r.job_id, abs(r.life), r.payload, r.trace from r
   where r.life is not null and (r.payload is not null or r.trace is not null)
$$;

-- job_queue_unstaged(queue, staged): the commands whose staged data, which an append should take over, is not all there.
-- Internal; called by job_queue_append, which then answers `unstaged`.
--   staged  [{command_id, job_id}, …]
-- Returns their ids; null if everything is there. Raises nothing.
create or replace function interlock.job_queue_unstaged(queue text, staged jsonb) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(distinct w.command_id)
    from jsonb_to_recordset($2) as w (command_id text, job_id text)
   where not exists (
     select from interlock.job_queue_staged s
      where s.queue = $1 and s.command_id = w.command_id and s.job_id = w.job_id)
$$;

-- job_queue_life(queue, job_id): the sequence number of the job's `queued` event in the log, negative when a row of `jobs` of this id was
-- taken in; null without one (it is archived). What job_queue_jobs.life says of a job whose row was written before there was that
-- column, or again from the log (job_queue_rebuild_rows). Internal. Raises nothing.
create or replace function interlock.job_queue_life(queue text, job_id text) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
-- While the log looks small, the planner may take the primary key instead of the index by job, and keep that plan.
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    -- seq + 0: a plain max would read the primary key backwards, past the events of all other jobs.
    select max(l.seq + 0) * case when bool_or(l.data ? 'intake') then -1 else 1 end
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.event_type = 'queued');
end
$$;

-- job_queue_put_state(queue, state): makes the row of job_queue_state what the log says, whatever was done to it by hand.
-- Internal; called by job_queue_rebuild, and by job_queue_append if the row is not that of the version before.
--   state  columns of job_queue_state with times in microseconds; policy null or missing: unchanged
-- Returns 1 if the row was changed, 0 if it was right already or there is none.
create or replace function interlock.job_queue_put_state(queue text, state jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  row public.job_queue_state;
  changed integer;
begin
  select s.* into row from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1;
  row := jsonb_populate_record(row, jsonb_build_object('active_job_id', null, 'active_job_type', null, 'servers', null) || $2
    || jsonb_build_object('policy', coalesce(nullif($2 -> 'policy', 'null'), row.policy),
      'drained_at', 'epoch'::timestamptz + ($2 ->> 'drained_at')::bigint * interval '1 microsecond',
      'updated_at', case when ($2 ->> 'version')::bigint = 0 then to_jsonb(row.updated_at)
        else to_jsonb('epoch'::timestamptz + ($2 ->> 'updated_at')::bigint * interval '1 microsecond') end));
  update public.job_queue_state s
     set (status, version, active_job_id, active_job_type, active_models, active_count, waiting_count, policy, servers,
          drained_at, updated_at)
       = (row.status, row.version, row.active_job_id, row.active_job_type, row.active_models, row.active_count,
          row.waiting_count, row.policy, row.servers, row.drained_at, row.updated_at)
   where s.queue = $1 and s is distinct from row;
  get diagnostics changed = row_count;
  return changed;
end
$$;

-- job_queue_void(queue, voided_from): cleans up after some events, from this number on, were declared void. Snapshots that were
-- folded from there on are of another log and are deleted, except that of the cut. Readers that do not know the type `voided`
-- are kept out. Ids of jobs that a void event enqueued `once` are free. Internal; called by job_queue_append only.
-- Returns nothing. Raises nothing.
create or replace function interlock.job_queue_void(queue text, voided_from bigint) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from interlock.job_queue_snapshots s
   using interlock.job_queue_heads h
   where h.queue = $1 and s.queue = $1 and s.seq >= $2 and s.seq <> h.archived_seq;
  delete from interlock.job_queue_once o
   where o.queue = $1 and o.seq in (
     select (l.data ->> 'of')::bigint from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided');
  update interlock.job_queue_heads h set min_reader = greatest(h.min_reader, 2) where h.queue = $1;
$$;
