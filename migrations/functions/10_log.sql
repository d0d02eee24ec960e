-- The log: opening a queue, and reading its events page by page, in a turn, or after a number. No function here writes an event;
-- the trigger at the end keeps the log append-only.

-- job_queue_open(queue): makes the queue if it is new; a program calls it first. Takes no lock if the queue exists.
--   queue  1..200 characters
-- Returns {version, epoch, min_reader, now, channel}: the head, the lowest shape of events (schema_version) that a reader has to
-- understand, the database's clock in microseconds, and the name of the channel on which appends are announced with their events
-- (job_queue_append, job_queue_wake). Raises JQ001 for a name out of bounds.
create or replace function public.job_queue_open(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  head record;
begin
  if queue is null or length(queue) not between 1 and 200 then
    raise exception using errcode = 'JQ001', message = 'the name of a queue has 1 to 200 characters';
  end if;
  select h.version, h.epoch, h.min_reader, h.channel into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not found then
    -- One at a time: the version is part of the keys, so they do not keep a queue from having two heads.
    perform pg_advisory_xact_lock(hashtextextended('interlock.open:' || $1, 0));
    insert into interlock.job_queue_heads (queue)
    select $1 where not exists (select from interlock.job_queue_heads h where h.queue = $1);
    insert into public.job_queue_state (queue)
    select $1 where not exists (select from public.job_queue_state s where s.queue = $1);
    select h.version, h.epoch, h.min_reader, h.channel into head
      from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  end if;
  return jsonb_build_object('version', head.version, 'epoch', head.epoch, 'min_reader', head.min_reader,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'channel', head.channel);
end
$$;

-- job_queue_queues(): the names of all queues.
-- Returns ["…", …]. Raises nothing.
create or replace function public.job_queue_queues() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(h.queue order by h.queue), '[]') from interlock.job_queue_heads h
$$;

-- job_queue_read(queue, after, lim): a page of the log, for replay and for catching up. Never takes the queue's lock.
--   queue  name of the queue
--   after  events with a greater sequence number, ascending; 0 for the first page
--   lim    how many events at most, 1..10,000; a page also ends at about 8 MB
-- Returns {version, epoch, now, archived_seq, voided, events}: the head when the page was read (0 and 1 for a queue that nobody
-- has opened), the database's clock in microseconds, what later events say of the events after `after` (job_queue_voided), and
-- the events (job_queue_events). The page is the last one if its last event has the number `version`. archived_seq: events up
-- to it were archived. If they were not kept, nobody can read them: a reader from before the cut has to start from a snapshot.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_read(queue text, after bigint, lim integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  head record;
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_read takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: both statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return json_build_object(
    'version', coalesce(head.version, 0),
    'epoch', coalesce(head.epoch, 1),
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'archived_seq', coalesce(head.archived_seq, 0),
    'voided', interlock.job_queue_voided($1, $2),
    'events', case when head.archived_seq > $2 then interlock.job_queue_archived_events($1, $2, $3)
              else interlock.job_queue_events($1, $2, $3, 8388608) end);
end
$$;

-- job_queue_page(queue, after, lim): a page of the log as job_queue_read has it, column by column, for programs that are connected to the
-- server: as one JSON value of all events it takes them and the server twice as long. Never takes the queue's lock.
--   queue  name of the queue
--   after  events with a greater sequence number, ascending; 0 for the first page
--   lim    how many events at most, 1..10,000
-- Returns one row: version, epoch, now, archived_seq and voided as in job_queue_read; at: the times of the events, 8 bytes of
-- timestamptz_send each, in hexadecimal digits; each of the other columns as one JSON array. All of these are null where there is no event.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_page(queue text, after bigint, lim integer, out version bigint, out epoch integer,
  out now bigint, out archived_seq bigint, out voided json, out at text, out seq json, out event_type json, out job_id json,
  out job_type json, out models json, out worker_id json, out data json, out command_id json, out command_hash json,
  out schema_version json)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
-- The plan is made once and has to use the keys, whatever the size of the tables was then. No trigger fires here, so none
-- inherits this.
set enable_seqscan = off
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_page takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: all statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into version, epoch, archived_seq
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  version := coalesce(version, 0);
  epoch := coalesce(epoch, 1);
  archived_seq := coalesce(archived_seq, 0);
  now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  -- Hardly any log has `voided` events, and to look for them costs as much as the page.
  if archived_seq <= $2 then
    select case when exists (select from public.job_queue_log v where v.queue = $1 and v.event_type = 'voided')
                  or exists (select from interlock.job_queue_log_archive v where v.queue = $1 and v.event_type = 'voided')
                then interlock.job_queue_voided($1, $2) end,
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from public.job_queue_log t where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3 order by t.seq) l;
  else
    -- Archived events: none if the next event was not kept.
    select interlock.job_queue_voided($1, $2),
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from interlock.job_queue_log_archive t
             where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3
               and exists (select from interlock.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
             order by t.seq) l;
  end if;
end
$$;

-- job_queue_events(queue, after, max_events, max_bytes): a part of the log as one JSON array, for the functions that give
-- events to a program (append, turn, read). One value, not a set of rows: PostgREST cuts sets at max-rows. json, not jsonb:
-- 200,000 events/s instead of 40,000.
--   after       events with a greater sequence number, ascending
--   max_events  at most this many
--   max_bytes   about this many bytes at most (200 per event, and its data), but at least one event if there is one
-- Returns [{seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version}, …]; at
-- is created_at in microseconds since 1970. Empty if there is nothing after.
create or replace function interlock.job_queue_events(queue text, after bigint, max_events integer, max_bytes integer)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select coalesce(json_agg(e.*), '[]')
    from (
      select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type,
             l.models, l.worker_id, l.data, l.command_id, l.command_hash, l.schema_version
        from (
          select p.*, sum(200 + coalesce(pg_column_size(p.data), 0)) over (order by p.seq rows unbounded preceding) as bytes
            from public.job_queue_log p
           where p.queue = $1 and p.seq > $2 and p.seq <= $2 + $3
             -- Nothing for a reader that is behind the cut: it would see a gap.
             and coalesce((select h.archived_seq from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0) <= $2) l
       where l.bytes < $4 or l.seq = $2 + 1
       order by l.seq) e
$$;

-- job_queue_voided(queue, after): what `voided` events say of events after a number. Unreadable events are void, and readers
-- have to know it before they meet them: so it comes with every page (job_queue_read, job_queue_turn, job_queue_append).
-- Returns [[of, as], …], the newest last: the number of the event, and what to read instead of its data (null: it counts as
-- nothing). Null if there is none, as in nearly every log.
create or replace function interlock.job_queue_voided(queue text, after bigint) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select json_agg(json_build_array((v.data ->> 'of')::bigint, v.data -> 'as') order by v.seq)
    from (select l.seq, l.data from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided'
          union all
          select a.seq, a.data from interlock.job_queue_log_archive a where a.queue = $1 and a.event_type = 'voided') v
   where (v.data ->> 'of')::bigint > $2
$$;

-- job_queue_void_seqs(queue, finals): the numbers of void events (job_queue_voided). Internal; for functions that look into the
-- log at the rows as they were written.
--   finals  false: events that count as nothing; true: also events that are read as something else, but not as a final end
-- Returns an empty list for nearly every log. Raises nothing.
create or replace function interlock.job_queue_void_seqs(queue text, finals boolean) returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(v.seq) filter (where v.data is null or (finals and not v.data ? 'final')), '{}')
    from (
      select distinct on (1) (e ->> 0)::bigint as seq, nullif((e -> 1)::jsonb, 'null') as data
        from json_array_elements(interlock.job_queue_voided($1, 0)) with ordinality as j (e, n)
       order by 1, n desc) v);
end
$$;

-- job_queue_event_at(queue, seq): when an event happened, in the log or archived. Times rise from event to event, so a
-- different time shows that this is another log than the one a process has folded, after a restore (job_queue_append,
-- job_queue_turn).
-- Returns null if there is no such event, or if it was archived and not kept.
create or replace function interlock.job_queue_event_at(queue text, seq bigint) returns timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select l.created_at from public.job_queue_log l where l.queue = $1 and l.seq = $2
   union all
  select a.created_at from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = $2
   limit 1
$$;

-- job_queue_turn(queue, since): takes the queue's lock until the transaction ends, and returns what the caller has missed. So
-- it can decide and append (job_queue_append) in the same transaction without losing a race. Only for clients that hold a
-- transaction over two calls: through PostgREST the lock would end at once.
--   since  the last sequence number that the caller knows
-- Returns {version, epoch, now, since_at, missed, voided}: the head; the clock in microseconds, read after the wait; the time
-- of the event `since` (null for 0, and if it is gone); the events after it, at most 500 or 256 KB; and job_queue_voided. If
-- the last of them is not `version`, end the transaction, read on (job_queue_read) and call again. If `since_at` is not the
-- time that you know, this is another log: a backup was restored. A client that is paused while it holds the lock is cut off
-- after 1 s (idle_in_transaction_session_timeout, which ends with the transaction). Others wait 2 s at most, or as long as
-- their own lock_timeout says. Raises JQ001 for an argument out of bounds, 55P03 when the lock does not come free.
create or replace function public.job_queue_turn(queue text, since bigint) returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_generic_plan
as $$
declare
  head record;
begin
  if since is null or since < 0 then
    raise exception using errcode = 'JQ001', message = 'job_queue_turn takes a queue and since >= 0';
  end if;
  perform set_config('idle_in_transaction_session_timeout', '1s', true);
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout', '2s', true);
  end if;
  select h.version, h.epoch into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  if not found then
    perform public.job_queue_open($1);
    select h.version, h.epoch into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  end if;
  return json_build_object('version', head.version, 'epoch', head.epoch,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'since_at', (extract(epoch from interlock.job_queue_event_at($1, $2)) * 1000000)::bigint,
    'missed', interlock.job_queue_events($1, $2, 500, 262144), 'voided', interlock.job_queue_voided($1, $2));
end
$$;

-- job_queue_refuse_change(): the trigger that keeps job_queue_log and job_queue_log_archive append-only, for their owner too: against
-- mistakes. The setting interlock.archive lets job_queue_archive take out what it archives; it names a cut, and counts only if there is a
-- snapshot of that cut. Raises JQ101 on every other UPDATE, DELETE and TRUNCATE, and on every other INSERT into the archive.
create or replace function interlock.job_queue_refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_level = 'STATEMENT' and tg_op in ('INSERT', 'DELETE') then
    -- Without the setting each row is refused.
    if coalesce(current_setting('interlock.archive', true), '') = '' or exists (
         select from interlock.job_queue_snapshots s
          where s.queue = substring(current_setting('interlock.archive', true) from '^(.*):[0-9]{1,18}$')
            and s.seq = substring(current_setting('interlock.archive', true) from '[0-9]{1,18}$')::bigint) then
      return null;
    end if;
  end if;
  -- Only job_queue_archive inserts into the archive.
  if tg_level = 'ROW' and tg_op = 'INSERT' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = new.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and new.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return new;
    end if;
  end if;
  -- job_queue_archive may delete the events that it has named.
  if tg_op = 'DELETE' and tg_level = 'ROW' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = old.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and old.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return old;
    end if;
  end if;
  raise exception using errcode = 'JQ101',
    message = format('%s is append-only: %s is refused', tg_table_name, tg_op),
    hint = 'To end a job use `npx interlock-queue cancel`. Personal data is in interlock.job_queue_data, not here.';
end
$$;
