-- job_queue_doubtful(queue, target, job_ids): of which of these jobs a row may be there that does not speak for it
-- (job_queue_linked): those that anon or authenticated has written a row of, and those that another queue knows as well. Of the
-- others every row speaks, so nobody has to ask row by row. Internal.
-- Returns their ids, none as a rule. Raises nothing.
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
