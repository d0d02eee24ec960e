-- job_queue_put_snapshot(queue, seq, state): keeps the folded ledger at a sequence number: processes that start later go on
-- from it, and the log can be cut there. Never takes the queue's lock. These snapshots stay: the newest four; the newest of
-- each of the last 31 days; above the cut the newest of each week, of any age, so that job_queue_archive_before finds one; the
-- one at which the log was cut, since it is all that is left of what came before (job_queue_keep_cut); and for an hour one that
-- was made long after its event: somebody is about to cut there.
--   seq    the last event that was folded: 1 to the version of the queue
--   state  {shape, maker, chunks, …}: describes the chunks of this maker (job_queue_put_snapshot_chunk), all of which have to
--          be there; in releases before shape 3 the ledger itself, at most 64 MB
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
       select from public.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version) then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot takes a queue, a sequence number that its log has reached, and a state of 64 MB at most';
  end if;
  if $3 ? 'chunks' then
    -- Locks the chunks, so that no other process deletes them as left over before this commits.
    perform from public.job_queue_snapshot_chunks c
      where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' for key share;
    get diagnostics found_chunks = row_count;
    if found_chunks is distinct from ($3 ->> 'chunks')::integer then
      return jsonb_build_object('seq', $2, 'kept', false, 'incomplete', true);
    end if;
  end if;
  insert into public.job_queue_snapshots (queue, seq, state) values ($1, $2, $3) on conflict do nothing;
  get diagnostics added = row_count;
  if added = 0 then
    delete from public.job_queue_snapshot_chunks c
     where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' and not exists (
       select from public.job_queue_snapshots s where s.queue = $1 and s.seq = $2 and s.state ->> 'maker' = $3 ->> 'maker');
  end if;
  -- No snapshot is deleted while a cut is under way: its place is not visible yet.
  if pg_try_advisory_xact_lock(hashtextextended('interlock.archive:' || $1, 0)) then
    delete from public.job_queue_snapshots s
     using public.job_queue_heads h
     where h.queue = $1 and s.queue = $1 and s.seq <> $2 and s.seq <> h.archived_seq
       and s.seq < (select k.seq from public.job_queue_snapshots k where k.queue = $1 order by k.seq desc offset 3 limit 1)
       and not (s.created_at > clock_timestamp() - interval '1 hour' and exists (
         select from public.job_queue_log l
          where l.queue = $1 and l.seq = s.seq and l.created_at < s.created_at - interval '10 seconds'))
       and (exists (
              select from public.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('day', k.created_at at time zone 'UTC') = date_trunc('day', s.created_at at time zone 'UTC'))
         or s.created_at < clock_timestamp() - interval '31 days' and (s.seq < h.archived_seq or exists (
              select from public.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('week', k.created_at at time zone 'UTC') = date_trunc('week', s.created_at at time zone 'UTC'))));
  end if;
  perform public.job_queue_drop_chunks($1);
  return jsonb_build_object('seq', $2, 'kept', added > 0);
end
$$;
