-- job_queue_forget(queue, job_ids): deletes what is kept of these jobs beside the log: payload, result, error, checkpoint,
-- progress and trace. For erasure. What the log says of them stays: ids, model names, codes, numbers, times. Doing it twice does nothing
-- more.
-- Returns how many of these jobs had something kept. Raises nothing.
create or replace function public.job_queue_forget(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from public.job_queue_data d where d.queue = $1 and d.job_id = any ($2);
  get diagnostics forgotten = row_count;
  delete from public.job_queue_staged s where s.queue = $1 and s.job_id = any ($2);
  return forgotten;
end
$$;
