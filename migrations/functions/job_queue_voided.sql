-- job_queue_voided(queue, after): what `voided` events say of events after a number. Unreadable events are void, and readers
-- have to know it before they meet them: so it comes with every page (job_queue_read, job_queue_turn, job_queue_append).
-- Returns [[of, as], …], the newest last: the number of the event, and what to read instead of its data (null: it counts as
-- nothing). Null if there is none, as in nearly every log.
create or replace function public.job_queue_voided(queue text, after bigint) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select json_agg(json_build_array((v.data ->> 'of')::bigint, v.data -> 'as') order by v.seq)
    from (select l.seq, l.data from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided'
          union all
          select a.seq, a.data from public.job_queue_log_archive a where a.queue = $1 and a.event_type = 'voided') v
   where (v.data ->> 'of')::bigint > $2
$$;
