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
    from public.job_queue_snapshots s
   where s.queue = $1 and s.seq <= coalesce($2, 9223372036854775807)
   order by s.seq desc
   limit 1
$$;
