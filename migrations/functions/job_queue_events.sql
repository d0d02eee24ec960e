-- job_queue_events(queue, after, max_events, max_bytes): a part of the log as one JSON array, for the functions that give
-- events to a program (append, turn, read). One value, not a set of rows: PostgREST cuts sets at max-rows. json, not jsonb:
-- 200,000 events/s instead of 40,000.
--   after       events with a greater sequence number, ascending
--   max_events  at most this many
--   max_bytes   about this many bytes at most (200 per event, and its data), but at least one event if there is one
-- Returns [{seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version}, …]; at
-- is created_at in microseconds since 1970. Empty if there is nothing after.
create or replace function public.job_queue_events(queue text, after bigint, max_events integer, max_bytes integer)
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
             and coalesce((select h.archived_seq from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0) <= $2) l
       where l.bytes < $4 or l.seq = $2 + 1
       order by l.seq) e
$$;
