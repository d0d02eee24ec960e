-- job_queue_put_staged(queue, staged): takes over staged data, as job_queue_put_data does for data in the append itself, and
-- clears it away. Internal; called by job_queue_append only, after it has written the events.
--   staged  [{command_id, job_id}, …]
-- Returns nothing. Raises 23514 for a value out of bounds (job_queue_data).
create or replace function public.job_queue_put_staged(queue text, staged jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  one record;
begin
  -- One command after the other: two may belong to one job.
  for one in
    select w.item ->> 'command_id' as command_id, array_agg(w.item ->> 'job_id') as job_ids, min(w.place) as place
      from jsonb_array_elements($2) with ordinality as w (item, place)
     group by 1 order by 3
  loop
    perform public.job_queue_put_data($1, (
      select to_jsonb(array_agg(s.item)) from public.job_queue_staged s
       where s.queue = $1 and s.command_id = one.command_id and s.job_id = any (one.job_ids)));
    delete from public.job_queue_staged s where s.queue = $1 and s.command_id = one.command_id;
  end loop;
end
$$;
