-- job_queue_known(job_id): whether the log of any queue knows a job with this id. Internal.
-- Returns true or false. Raises nothing.
create or replace function public.job_queue_known(job_id text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  return exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from public.job_queue_heads h)) and l.job_id = $1);
end
$$;
