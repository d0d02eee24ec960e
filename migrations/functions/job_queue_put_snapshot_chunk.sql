-- job_queue_put_snapshot_chunk(queue, seq, maker, n, body): keeps a part of a snapshot that is still being made. Nobody sees it
-- until job_queue_put_snapshot gets the state that names its maker. If its maker does not come back for 10 minutes, a later
-- call deletes it. Doing it twice does nothing more. Never takes the queue's lock.
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
       select from public.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version)) is not true then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot_chunk takes a queue, a sequence number that its log has reached, a maker of 1 to 100 characters, a number and 4 MB at most';
  end if;
  -- Need not be on disk: a chunk that a crash takes belongs to no snapshot yet, and job_queue_put_snapshot flushes those that it
  -- names.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if $4 = 0 then
    perform public.job_queue_drop_chunks($1);
  end if;
  insert into public.job_queue_snapshot_chunks (queue, seq, maker, n, body) values ($1, $2, $3, $4, $5) on conflict do nothing;
end
$$;
