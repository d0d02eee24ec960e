-- job_queue_stage(queue, command_id, data): puts payloads, results and errors aside for the append of their command, which
-- names them (`staged` in the changes of job_queue_append). Never takes the queue's lock, and changes nothing that is kept of a
-- job. Doing it twice does nothing more. Staged data is deleted after an hour.
--   command_id  1..200 characters
--   data        [{job_id, payload, result, error, checkpoint, trace}, …], each job once; as for job_queue_put_data
-- Returns how many were put aside. Raises JQ001 for a call out of bounds, 23514 for a value out of bounds.
create or replace function public.job_queue_stage(queue text, command_id text, data jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  staged integer;
begin
  if jsonb_typeof($3) is distinct from 'array' or jsonb_array_length($3) not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_stage takes a list of 1..10000 items {job_id, …}';
  end if;
  delete from public.job_queue_staged s where s.staged_at < clock_timestamp() - interval '1 hour';
  insert into public.job_queue_staged as s (queue, command_id, job_id, item)
  select $1, $2, g.item ->> 'job_id', g.item from jsonb_array_elements($3) as g (item)
  on conflict on constraint job_queue_staged_pkey do update set item = excluded.item, staged_at = excluded.staged_at;
  get diagnostics staged = row_count;
  return staged;
end
$$;
