-- job_queue_payloads(queue, after): a page of the payloads that are kept beside the log, each with the hash of it that its `queued`
-- event has, for a program that compares the two (`interlock verify`). Reads only.
--   after  payloads of jobs whose id comes after this one, in the order of job_queue_data; '' for the first page
-- Returns [{job_id, seq, hash, payload}, …], at most 1,000, and no further one beyond 4 MB of text; empty when there are no more.
-- seq: the number of the event, null if neither the log nor the archive has it (any more); hash: null if it has none. Raises nothing.
create or replace function public.job_queue_payloads(queue text, after text) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  kept record;
  items text[] := '{}';
  size bigint := 0;
begin
  for kept in
    select d.job_id, d.payload, e.seq, e.hash
      from public.job_queue_data d
      left join lateral (
        select l.seq, l.data -> 'payload_hash' as hash from public.job_queue_log l
         where l.queue = $1 and l.seq = d.life and l.event_type = 'queued' and l.job_id = d.job_id
        union all
        select a.seq, a.data -> 'payload_hash' from public.job_queue_log_archive a
         where a.queue = $1 and a.seq = d.life and a.event_type = 'queued' and a.job_id = d.job_id
         limit 1) e on true
     where d.queue = $1 and d.job_id > $2 and d.payload is not null
     order by d.job_id limit 1000
  loop
    items := items || json_build_object('job_id', kept.job_id, 'seq', kept.seq, 'hash', kept.hash, 'payload', kept.payload)::text;
    size := size + octet_length(items[cardinality(items)]);
    exit when size >= 4194304;
  end loop;
  return ('[' || array_to_string(items, ',') || ']')::json;
end
$$;
