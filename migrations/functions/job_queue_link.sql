-- job_queue_link(target, job_ids): says on behalf of the server that rows which anon or authenticated has written belong to the jobs
-- of their ids, however those come into a queue (the gate, enqueue, SQL): their columns follow, a handler gets them, and deleting
-- one cancels its job. Rows that are taken in (intake) and rows that the server inserts need none of this. Writing required_models
-- of a row as the server does the same. Doing it twice does nothing more.
--   target   jobs or workflow_executions
--   job_ids  ids of rows that are there
-- Returns how many were not linked before. Raises nothing.
create or replace function public.job_queue_link(target text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  linked integer;
begin
  delete from public.job_queue_unlinked u where u.target = $1 and u.job_id = any ($2);
  get diagnostics linked = row_count;
  return linked;
end
$$;
