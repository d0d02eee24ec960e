-- job_queue_doubtful(queue, target, job_ids): the jobs, of these, that may have a row which does not speak for them
-- (job_queue_linked): jobs whose row anon or authenticated has written, and jobs that another queue knows too. For all others
-- every row speaks, so nobody has to check row by row. Internal.
-- Returns their ids, usually none. Raises nothing.
create or replace function public.job_queue_doubtful(queue text, target text, job_ids text[]) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  return array(
    select u.job_id from public.job_queue_unlinked u where u.target = $2 and u.job_id = any ($3)
    union
    select l.job_id from public.job_queue_log l
     where $2 = 'jobs' and l.queue = any (array(select h.queue from public.job_queue_heads h where h.queue <> $1))
       and l.job_id = any ($3) and l.event_type = 'queued');
end
$$;
