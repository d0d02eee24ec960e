-- job_queue_forget_operator(operator): deletes what job_queue_operators has of a person or role, in every queue. For erasure: the log
-- keeps the ids of the processes, which then name nobody. Idempotent.
-- Returns how many rows were deleted. Raises nothing.
create or replace function public.job_queue_forget_operator(operator text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from public.job_queue_operators o where o.operator = $1;
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
