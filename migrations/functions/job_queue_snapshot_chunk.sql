-- job_queue_snapshot_chunk(queue, seq, maker, n): a part of a snapshot, as it was put (job_queue_put_snapshot_chunk).
-- Returns {body}, lines of JSON; null when it is not there, or not any more. Raises nothing.
create or replace function public.job_queue_snapshot_chunk(queue text, seq bigint, maker text, n integer) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('body', c.body)
    from public.job_queue_snapshot_chunks c
   where c.queue = $1 and c.seq = $2 and c.maker = $3 and c.n = $4
$$;
