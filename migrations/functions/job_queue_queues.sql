-- job_queue_queues(): the names of all queues.
-- Returns ["…", …]. Raises nothing.
create or replace function public.job_queue_queues() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(h.queue order by h.queue), '[]') from public.job_queue_heads h
$$;
