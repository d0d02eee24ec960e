-- job_queue_touched(queue, after, through): the jobs that changed in this part of the log. Internal.
--   after, through  sequence numbers: the part is after < seq <= through
-- Returns the ids, without duplicates, of the jobs that an event names, and of those whose row an append changed besides
-- (job_queue_changes). Raises nothing.
create or replace function public.job_queue_touched(queue text, after bigint, through bigint) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
begin
  -- Without statistics the planner would read the whole log instead of a stretch of it; hence the setting.
  return array(
    select l.job_id from public.job_queue_log l
     where l.queue = $1 and l.seq > $2 and l.seq <= $3 and l.job_id is not null
    union
    select unnest(c.job_ids) from public.job_queue_changes c
     where c.queue = $1 and c.seq > $2 and c.seq <= $3);
end
$$;
