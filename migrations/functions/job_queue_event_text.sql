-- job_queue_event_text(event): for job_queue_chain and job_queue_insert_chained, the text of an event that its hash is made
-- over, the same on every server. Returns a JSON array of its values, times in microseconds, as jsonb writes it.
create or replace function public.job_queue_event_text(event public.job_queue_log) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_array(event.queue, event.seq, (extract(epoch from event.created_at) * 1000000)::bigint,
    event.event_type, event.job_id, event.job_type, to_jsonb(event.models), event.worker_id, event.data, event.command_id,
    event.command_hash, event.schema_version)::text
$$;
