-- job_queue_linked(queue, target, job_id, row_queued_at): whether a row of the user's tables speaks for the job with its id in
-- this queue. Only such a row is written, is given to a handler, or cancels the job when it is deleted. Internal.
--   target         jobs or workflow_executions
--   row_queued_at  the queued_at of the row, which browsers cannot write; null for workflow_executions
-- Returns true for a row that says when the present life of the job began. Otherwise, for a row that anon or authenticated
-- wrote (job_queue_unlinked), true only if intake made the job from it; for other rows, true unless the row is that of a job in
-- another queue. Raises nothing.
create or replace function public.job_queue_linked(queue text, target text, job_id text, row_queued_at timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  late boolean;
begin
  if $2 = 'jobs' and $4 = (
    -- seq + 0: find the events of the job by its id and sort them. Otherwise it may read backwards through the events of all
    -- other jobs.
    select l.created_at from public.job_queue_log l
     where l.queue = $1 and l.job_id = $3 and l.event_type = 'queued' order by l.seq + 0 desc limit 1) then
    return true;
  end if;
  select u.late into late from public.job_queue_unlinked u where u.target = $2 and u.job_id = $3;
  if found then
    return $2 = 'jobs' and not late and exists (
      select from public.job_queue_log l
       where l.queue = $1 and l.job_id = $3 and l.event_type = 'queued' and l.data ? 'intake');
  end if;
  return $2 <> 'jobs' or not exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from public.job_queue_heads h where h.queue <> $1))
       and l.job_id = $3 and l.event_type = 'queued'
       and (l.created_at = $4 or ($4 is null and l.data ? 'intake' and exists (
         select from public.job_queue_jobs j
          where j.queue = l.queue and j.job_id = l.job_id and j.queued_at = l.created_at))));
end
$$;
