-- job_queue_archived_events(queue, after, max_events): a page of archived events that were kept (job_queue_archive), in the
-- form of job_queue_events; for job_queue_read.
-- Returns [{seq, at, event_type, …}, …]; empty if there is nothing after, or the next event was not kept.
create or replace function public.job_queue_archived_events(queue text, after bigint, max_events integer) returns json
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
        from public.job_queue_log_archive l
       where l.queue = $1 and l.seq > $2 and l.seq <= $2 + $3
         and exists (select from public.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
       order by l.seq) e
$$;
