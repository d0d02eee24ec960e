-- job_queue_backlog(queue): what waits outside of the line: events that your tables do not follow yet, and what came in and nobody
-- has decided. Cheap enough for every few seconds; `interlock doctor` looks closer (job_queue_checkup). Reads only.
-- Returns {behind, arrivals, inbox}; ages in milliseconds, null if there is none:
--   behind           {events, age_ms}: events that your tables do not follow yet, and the age of the first of them; null: Interlock
--                    follows no table of yours
--   arrivals, inbox  {rows, age_ms}: rows of jobs that were not taken in yet, commands by SQL that were not decided yet; counts at
--                    most 1,000; the age of the oldest of those
-- Raises nothing.
create or replace function public.job_queue_backlog(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  head record;
begin
  select h.version, h.projected_seq into head
    from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return jsonb_build_object(
    'behind', case when exists (select from public.job_queue_targets()) then
      jsonb_build_object('events', coalesce(head.version - head.projected_seq, 0),
        'age_ms', (select (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint
                     from public.job_queue_log l where l.queue = $1 and l.seq = head.projected_seq + 1)) end,
    'arrivals', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.arrived_at)) * 1000)::bigint)
      from (select a.arrived_at from public.job_queue_arrivals a
             where a.queue = $1 or a.queue is null order by a.id limit 1000) s),
    'inbox', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.created_at)) * 1000)::bigint)
      from (select i.created_at from public.job_queue_inbox i
             where i.queue = $1 and i.answered_at is null order by i.created_at limit 1000) s));
end
$$;
