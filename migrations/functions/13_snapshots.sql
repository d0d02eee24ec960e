-- Snapshots: the folded ledger at a sequence number, kept in parts, from which processes start and at which the log can be cut.

-- job_queue_snapshot(queue, up_to): the newest snapshot of a queue that is not newer than a sequence number.
--   up_to  null: the newest of all
-- Returns {seq, state, created_at}, the time in microseconds; null if there is none. Raises nothing.
create or replace function public.job_queue_snapshot(queue text, up_to bigint) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select json_build_object('seq', s.seq, 'state', s.state, 'created_at', (extract(epoch from s.created_at) * 1000000)::bigint)
    from interlock.job_queue_snapshots s
   where s.queue = $1 and s.seq <= coalesce($2, 9223372036854775807)
   order by s.seq desc
   limit 1
$$;

-- job_queue_snapshot_chunk(queue, seq, maker, n): a part of a snapshot, as job_queue_put_snapshot_chunk got it.
-- Returns {body}, lines of JSON; null if it is not there (any more). Raises nothing.
create or replace function public.job_queue_snapshot_chunk(queue text, seq bigint, maker text, n integer) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('body', c.body)
    from interlock.job_queue_snapshot_chunks c
   where c.queue = $1 and c.seq = $2 and c.maker = $3 and c.n = $4
$$;

-- job_queue_put_snapshot(queue, seq, state): keeps the folded ledger at a sequence number: processes that start later go on
-- from it, and the log can be cut there. Never takes the queue's lock. These snapshots stay: the newest four; the newest of
-- each of the last 31 days; above the cut the newest of each week, of any age, so that job_queue_archive_before finds one; the
-- one at which the log was cut, since it is all that is left of what came before (job_queue_keep_cut); and for an hour one that
-- was made long after its event: somebody is about to cut there.
--   seq    the last event that was folded: 1 to the version of the queue
--   state  {shape, maker, chunks, digest, …}: describes the chunks of this maker (job_queue_put_snapshot_chunk), all of which have to
--          be there; digest: the SHA-256 of their lines, which readers check
-- Returns {seq, kept}. kept is false if there is one at that number already; the chunks of this maker are then deleted. {seq,
-- kept: false, incomplete: true} if some chunks are not there (any more): nothing was kept. Raises JQ001 for a call out of
-- bounds.
create or replace function public.job_queue_put_snapshot(queue text, seq bigint, state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  added integer;
  found_chunks integer;
begin
  if jsonb_typeof($3) is distinct from 'object' or pg_column_size($3) > 67108864 or not exists (
       select from interlock.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version) then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot takes a queue, a sequence number that its log has reached, and a state of 64 MB at most';
  end if;
  if $3 ? 'chunks' then
    -- Locks the chunks, so that no other process deletes them as left over before this commits.
    perform from interlock.job_queue_snapshot_chunks c
      where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' for key share;
    get diagnostics found_chunks = row_count;
    if found_chunks is distinct from ($3 ->> 'chunks')::integer then
      return jsonb_build_object('seq', $2, 'kept', false, 'incomplete', true);
    end if;
  end if;
  insert into interlock.job_queue_snapshots (queue, seq, state) values ($1, $2, $3) on conflict do nothing;
  get diagnostics added = row_count;
  if added = 0 then
    delete from interlock.job_queue_snapshot_chunks c
     where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' and not exists (
       select from interlock.job_queue_snapshots s where s.queue = $1 and s.seq = $2 and s.state ->> 'maker' = $3 ->> 'maker');
  end if;
  -- No snapshot is deleted while a cut is under way: its place is not visible yet.
  if pg_try_advisory_xact_lock(hashtextextended('interlock.archive:' || $1, 0)) then
    delete from interlock.job_queue_snapshots s
     using interlock.job_queue_heads h
     where h.queue = $1 and s.queue = $1 and s.seq <> $2 and s.seq <> h.archived_seq
       and s.seq < (select k.seq from interlock.job_queue_snapshots k where k.queue = $1 order by k.seq desc offset 3 limit 1)
       and not (s.created_at > clock_timestamp() - interval '1 hour' and exists (
         select from public.job_queue_log l
          where l.queue = $1 and l.seq = s.seq and l.created_at < s.created_at - interval '10 seconds'))
       and (exists (
              select from interlock.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('day', k.created_at at time zone 'UTC') = date_trunc('day', s.created_at at time zone 'UTC'))
         or s.created_at < clock_timestamp() - interval '31 days' and (s.seq < h.archived_seq or exists (
              select from interlock.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('week', k.created_at at time zone 'UTC') = date_trunc('week', s.created_at at time zone 'UTC'))));
  end if;
  perform interlock.job_queue_drop_chunks($1);
  return jsonb_build_object('seq', $2, 'kept', added > 0);
end
$$;

-- job_queue_put_snapshot_chunk(queue, seq, maker, n, body): keeps a part of a snapshot that is still being made. Nobody sees it
-- until job_queue_put_snapshot gets the state that names its maker. If its maker does not come back for 10 minutes, a later
-- call deletes it. Idempotent. Never takes the queue's lock.
--   seq    the last event that the snapshot folds: 1 to the version of the queue
--   maker  1 to 100 characters, made up for this one snapshot: two processes may write one at the same number
--   n      0, 1, 2, …, as many as the state will say
--   body   lines of JSON, 4 MB at most
-- Returns nothing. Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_put_snapshot_chunk(queue text, seq bigint, maker text, n integer, body text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if (length($3) between 1 and 100 and $4 between 0 and 100000 and octet_length($5) <= 4194304 and exists (
       select from interlock.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version)) is not true then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot_chunk takes a queue, a sequence number that its log has reached, a maker of 1 to 100 characters, a number and 4 MB at most';
  end if;
  -- Need not be on disk: a chunk that a crash takes belongs to no snapshot yet, and job_queue_put_snapshot flushes those that it
  -- names.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if $4 = 0 then
    perform interlock.job_queue_drop_chunks($1);
  end if;
  insert into interlock.job_queue_snapshot_chunks (queue, seq, maker, n, body) values ($1, $2, $3, $4, $5) on conflict do nothing;
end
$$;

-- job_queue_drop_chunks(queue): deletes parts that belong to no snapshot, left by a crash or by snapshots that were thinned
-- out; for job_queue_put_snapshot and job_queue_put_snapshot_chunk. A maker that has written a part within 10 minutes is still
-- at work.
-- Returns how many were deleted. Raises nothing.
create or replace function interlock.job_queue_drop_chunks(queue text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  gone integer;
begin
  with makers as materialized (
    select c.seq, c.maker, max(c.written_at) as last_at from interlock.job_queue_snapshot_chunks c where c.queue = $1 group by c.seq, c.maker)
  delete from interlock.job_queue_snapshot_chunks c using makers m
   where c.queue = $1 and c.seq = m.seq and c.maker = m.maker
     and m.last_at < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from interlock.job_queue_snapshots s
        where s.queue = $1 and s.seq = m.seq and s.state ->> 'maker' = m.maker);
  get diagnostics gone = row_count;
  return gone;
end
$$;

-- job_queue_keep_cut(): the trigger that protects the snapshot at which a log was cut (archived_seq of job_queue_heads) and its
-- chunks, from their owner too: it is all that is left of events that are gone for good. Every other snapshot only saves time
-- and may be deleted. Raises JQ111 on UPDATE and DELETE of these rows, and on TRUNCATE if any log was cut.
create or replace function interlock.job_queue_keep_cut() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  cut record;
begin
  if tg_level = 'ROW' then
    select h.queue, h.archived_seq into cut from interlock.job_queue_heads h
     where h.queue = old.queue and h.archived_seq = old.seq;
    -- Chunks at the same number that do not belong to the snapshot may go: another process wrote them and came too late.
    if found and tg_table_name = 'job_queue_snapshot_chunks' and not exists (
         select from interlock.job_queue_snapshots s
          where s.queue = old.queue and s.seq = old.seq and s.state ->> 'maker' = to_jsonb(old) ->> 'maker') then
      return case when tg_op = 'DELETE' then old else new end;
    end if;
  else
    select h.queue, h.archived_seq into cut from interlock.job_queue_heads h
     where h.archived_seq > 0 limit 1;
  end if;
  if not found then
    return case when tg_op = 'DELETE' then old else new end;
  end if;
  raise exception using errcode = 'JQ111',
    message = format('the log of queue %s begins at its snapshot of event %s: %s is refused', cut.queue, cut.archived_seq, tg_op),
    hint = 'Every other one may go: DELETE FROM interlock.job_queue_snapshots s WHERE NOT EXISTS (SELECT FROM interlock.job_queue_heads h '
        || 'WHERE h.queue = s.queue AND h.archived_seq = s.seq).';
end
$$;
