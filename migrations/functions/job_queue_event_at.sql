-- job_queue_event_at(queue, seq): when an event happened, in the log or archived. Times rise from event to event, so a
-- different time shows that this is another log than the one a process has folded, after a restore (job_queue_append,
-- job_queue_turn).
-- Returns null if there is no such event, or if it was archived and not kept.
create or replace function public.job_queue_event_at(queue text, seq bigint) returns timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select l.created_at from public.job_queue_log l where l.queue = $1 and l.seq = $2
   union all
  select a.created_at from public.job_queue_log_archive a where a.queue = $1 and a.seq = $2
   limit 1
$$;
