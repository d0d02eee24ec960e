-- job_queue_link(target, job_ids): your server's word that rows which anon or authenticated wrote belong to the jobs with their
-- ids, however these come into a queue (the gate, enqueue, SQL): their columns follow the job, its handler gets the row, and
-- deleting the row cancels the job. You do not need it for rows that are taken in (intake) or that your server inserts. Writing
-- required_models of a row as the server does the same. Doing it twice does nothing more.
--   target   jobs or workflow_executions
--   job_ids  ids of existing rows
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
