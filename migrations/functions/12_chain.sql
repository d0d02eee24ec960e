-- The hash chain over the log: each event carries the hash of the one before it, so a change by hand shows.

-- job_queue_event_text(event): for job_queue_chain and job_queue_insert_chained, the text of an event that its hash is made
-- over, the same on every server. Returns a JSON array of its values, times in microseconds, as jsonb writes it.
create or replace function interlock.job_queue_event_text(event public.job_queue_log) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_array(event.queue, event.seq, (extract(epoch from event.created_at) * 1000000)::bigint,
    event.event_type, event.job_id, event.job_type, to_jsonb(event.models), event.worker_id, event.data, event.command_id,
    event.command_hash, event.schema_version)::text
$$;

-- job_queue_insert_chained(queue, events, chain): inserts events with their hashes: each is SHA-256 over the hash of the event
-- before it and its own text (job_queue_event_text). One row after the other, since each needs the one before. Internal; called
-- by job_queue_append, which has checked them, for queues that keep a chain.
--   chain  the hash of the last event, or the one that the chain starts from
-- Returns the hash of the last event.
create or replace function interlock.job_queue_insert_chained(queue text, events jsonb, chain bytea) returns bytea
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  e record;
  entry public.job_queue_log;
  last bytea := $3;
begin
  for e in
    select r.* from jsonb_to_recordset($2) as r (seq bigint, at bigint, event_type text, job_id text, job_type text,
      models text[], worker_id text, data jsonb, command_id text, command_hash bigint, schema_version smallint)
     order by r.seq
  loop
    entry.seq := e.seq;
    entry.created_at := 'epoch'::timestamptz + e.at * interval '1 microsecond';
    entry.queue := $1;
    entry.event_type := e.event_type;
    entry.job_id := e.job_id;
    entry.job_type := e.job_type;
    entry.models := e.models;
    entry.worker_id := e.worker_id;
    entry.data := e.data;
    entry.command_id := e.command_id;
    entry.command_hash := e.command_hash;
    entry.schema_version := coalesce(e.schema_version, 1);
    last := sha256(last || convert_to(interlock.job_queue_event_text(entry), 'UTF8'));
    entry.hash := last;
    insert into public.job_queue_log select entry.*;
  end loop;
  return last;
end
$$;

-- job_queue_start_chain(queue): from the next event on, each event of this queue carries the hash of the one before it. It
-- cannot be undone; a second call does nothing. Takes the queue's lock for a moment.
-- Returns {version, chain_from, head}: the log's version, the number after which events are on the chain, and the hash of the
-- last of them in hexadecimal: the anchor for you to keep elsewhere. Raises JQ001 for a queue that nobody has opened, 55P03
-- when the lock does not come free.
create or replace function public.job_queue_start_chain(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  row record;
begin
  update interlock.job_queue_heads h
     set chain_from = coalesce(h.chain_from, h.version),
         chain = coalesce(h.chain, sha256(convert_to('interlock:' || h.queue || ':' || h.version, 'UTF8')))
   where h.queue = $1
  returning h.version, h.chain_from, encode(h.chain, 'hex') as head into row;
  if not found then
    raise exception using errcode = 'JQ001', message = 'there is no such queue; open it first (job_queue_open)';
  end if;
  return to_jsonb(row);
end
$$;

-- job_queue_chain(queue, after, lim): a page of the hash chain, for a program that checks it: each event as the text that its
-- hash is made over, and its hash. The chain starts from SHA-256 over 'interlock:<queue>:<chain_from>'; each hash is then made
-- over the 32 bytes of the hash before it and the text of its event. If events were archived and not kept, start is the hash of
-- the last of them, from which the chain goes on; else null.
--   after  events with a greater sequence number, ascending; lim: how many at most, 1..10,000
-- Returns {version, chain_from, start, head, events: [[seq, text, hash], …]}: hashes in hexadecimal, null for an event without
-- one. Null if the queue keeps no chain. Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_chain(queue text, after bigint, lim integer) returns json
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
  if after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_chain takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  select h.version, h.archived_seq, h.chain_from, h.chain_start, h.chain into head 
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.chain is null then
    return null;
  end if;
  return json_build_object('version', head.version, 'chain_from', head.chain_from,
    'start', encode(head.chain_start, 'hex'), 'head', encode(head.chain, 'hex'),
    'events', (
      select coalesce(json_agg(json_build_array(e.seq, e.text, encode(e.hash, 'hex')) order by e.seq), '[]')
        from (
          select l.seq, l.hash, interlock.job_queue_event_text(l) as text
            from public.job_queue_log l
           where l.queue = $1 and l.seq > greatest($2, head.chain_from, head.archived_seq) and l.seq <= greatest($2, head.chain_from) + $3
          union all
          select a.seq, a.hash, interlock.job_queue_event_text(row(a.*)::public.job_queue_log)
            from interlock.job_queue_log_archive a
           where a.queue = $1 and a.seq > greatest($2, head.chain_from) and a.seq <= greatest($2, head.chain_from) + $3) e));
end
$$;
