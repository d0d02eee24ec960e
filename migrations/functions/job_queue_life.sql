-- job_queue_life(queue, job_id): the sequence number of the job's `queued` event in the log, negative when a row of `jobs` of this id was
-- taken in; null without one (it is archived). What job_queue_jobs.life says of a job whose row was written before there was that
-- column, or again from the log (job_queue_rebuild_rows). Internal. Raises nothing.
create or replace function public.job_queue_life(queue text, job_id text) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
-- While the log looks small, the planner may take the primary key instead of the index by job, and keep that plan.
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    -- seq + 0: a plain max would read the primary key backwards, past the events of all other jobs.
    select max(l.seq + 0) * case when bool_or(l.data ? 'intake') then -1 else 1 end
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.event_type = 'queued');
end
$$;
