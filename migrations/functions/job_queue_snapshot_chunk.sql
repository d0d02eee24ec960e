-- job_queue_snapshot_chunk(queue, seq, maker, n): a part of a snapshot, as job_queue_put_snapshot_chunk got it.
-- Returns {body}, lines of JSON; null if it is not there (any more). Raises nothing.
create or replace function public.job_queue_snapshot_chunk(queue text, seq bigint, maker text, n integer) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('body', c.body)
    from public.job_queue_snapshot_chunks c
   where c.queue = $1 and c.seq = $2 and c.maker = $3 and c.n = $4
$$;
