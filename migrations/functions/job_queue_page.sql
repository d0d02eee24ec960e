-- job_queue_page(queue, after, lim): a page of the log as job_queue_read has it, column by column, for programs that are connected to the
-- server: as one JSON value of all events it takes them and the server twice as long. Never takes the queue's lock.
--   queue  name of the queue
--   after  events with a greater sequence number, ascending; 0 for the first page
--   lim    how many events at most, 1..10,000
-- Returns one row: version, epoch, now, archived_seq and voided as in job_queue_read; at: the times of the events, 8 bytes of
-- timestamptz_send each, in hexadecimal digits; each of the other columns as one JSON array. All of these are null where there is no event.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_page(queue text, after bigint, lim integer, out version bigint, out epoch integer,
  out now bigint, out archived_seq bigint, out voided json, out at text, out seq json, out event_type json, out job_id json,
  out job_type json, out models json, out worker_id json, out data json, out command_id json, out command_hash json,
  out schema_version json)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
-- The plan is made once and has to use the keys, whatever the size of the tables was then. No trigger fires here, so none
-- inherits this.
set enable_seqscan = off
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_page takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: all statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into version, epoch, archived_seq
    from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  version := coalesce(version, 0);
  epoch := coalesce(epoch, 1);
  archived_seq := coalesce(archived_seq, 0);
  now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  -- Hardly any log has `voided` events, and to look for them costs as much as the page.
  if archived_seq <= $2 then
    select case when exists (select from public.job_queue_log v where v.queue = $1 and v.event_type = 'voided')
                  or exists (select from public.job_queue_log_archive v where v.queue = $1 and v.event_type = 'voided')
                then public.job_queue_voided($1, $2) end,
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from public.job_queue_log t where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3 order by t.seq) l;
  else
    -- Archived events: none if the next event was not kept.
    select public.job_queue_voided($1, $2),
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from public.job_queue_log_archive t
             where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3
               and exists (select from public.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
             order by t.seq) l;
  end if;
end
$$;
