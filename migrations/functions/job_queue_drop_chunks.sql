-- job_queue_drop_chunks(queue): deletes parts that belong to no snapshot, left by a crash or by snapshots that were thinned
-- out; for job_queue_put_snapshot and job_queue_put_snapshot_chunk. A maker that has written a part within 10 minutes is still
-- at work.
-- Returns how many were deleted. Raises nothing.
create or replace function public.job_queue_drop_chunks(queue text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  gone integer;
begin
  with makers as materialized (
    select c.seq, c.maker, max(c.written_at) as last_at from public.job_queue_snapshot_chunks c where c.queue = $1 group by c.seq, c.maker)
  delete from public.job_queue_snapshot_chunks c using makers m
   where c.queue = $1 and c.seq = m.seq and c.maker = m.maker
     and m.last_at < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from public.job_queue_snapshots s
        where s.queue = $1 and s.seq = m.seq and s.state ->> 'maker' = m.maker);
  get diagnostics gone = row_count;
  return gone;
end
$$;
