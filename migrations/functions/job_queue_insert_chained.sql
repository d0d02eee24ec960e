-- job_queue_insert_chained(queue, events, chain): inserts events with their hashes: each is SHA-256 over the hash of the event
-- before it and its own text (job_queue_event_text). One row after the other, since each needs the one before. Internal; called
-- by job_queue_append, which has checked them, for queues that keep a chain.
--   chain  the hash of the last event, or the one that the chain starts from
-- Returns the hash of the last event.
create or replace function public.job_queue_insert_chained(queue text, events jsonb, chain bytea) returns bytea
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  e record;
  entry public.job_queue_log;
  last bytea := $3;
begin
  for e in
    select r.* from jsonb_to_recordset($2) as r (seq bigint, at bigint, event_type text, job_id text, job_type text,
      models text[], worker_id text, data jsonb, command_id text, command_hash bigint, schema_version smallint)
     order by r.seq
  loop
    entry.seq := e.seq;
    entry.created_at := 'epoch'::timestamptz + e.at * interval '1 microsecond';
    entry.queue := $1;
    entry.event_type := e.event_type;
    entry.job_id := e.job_id;
    entry.job_type := e.job_type;
    entry.models := e.models;
    entry.worker_id := e.worker_id;
    entry.data := e.data;
    entry.command_id := e.command_id;
    entry.command_hash := e.command_hash;
    entry.schema_version := coalesce(e.schema_version, 1);
    last := sha256(last || convert_to(public.job_queue_event_text(entry), 'UTF8'));
    entry.hash := last;
    insert into public.job_queue_log select entry.*;
  end loop;
  return last;
end
$$;
