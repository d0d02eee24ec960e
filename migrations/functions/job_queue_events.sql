-- job_queue_events(queue, after, max_events, max_bytes): a stretch of the log as one jsonb array, for the functions that
-- give events to a program (append, turn, read). One value and not a set of rows: PostgREST cuts sets at max-rows.
--   after       events with a greater sequence number, ascending
--   max_events  at most this many
--   max_bytes   about this many bytes at most, but always one event if there is one
-- Returns [{seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version}, …];
-- at is created_at in microseconds since 1970. Empty when there is nothing after.
create or replace function public.job_queue_events(queue text, after bigint, max_events integer, max_bytes integer)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(e.event order by e.seq), '[]')
    from (
      select l.seq,
             jsonb_build_object(
               'seq', l.seq, 'at', (extract(epoch from l.created_at) * 1000000)::bigint,
               'event_type', l.event_type, 'job_id', l.job_id, 'job_type', l.job_type, 'models', l.models,
               'worker_id', l.worker_id, 'data', l.data, 'command_id', l.command_id,
               'command_hash', l.command_hash, 'schema_version', l.schema_version) as event,
             sum(pg_column_size(l)) over (order by l.seq) - pg_column_size(l) as bytes_before
        from public.job_queue_log l
       where l.queue = $1 and l.seq > $2 and l.seq <= $2 + $3) e
   where e.bytes_before < $4
$$;
