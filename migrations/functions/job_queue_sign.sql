-- job_queue_sign(queue, worker_id, operator, host, command): notes who acts through a process, beside the log (job_queue_operators).
--   worker_id  as in the events of the process; 1..200 characters. What was noted first stays
--   operator   a person or role; host: the machine; command: what was typed. Cut at 200, 200 and 500 characters; host and
--              command may be null
-- Returns true if it was noted. Never takes the queue's lock. Raises JQ001 when an argument is missing or out of bounds.
create or replace function public.job_queue_sign(queue text, worker_id text, operator text, host text, command text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if length($1) between 1 and 200 is not true or length($2) between 1 and 200 is not true or $3 is null then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_sign is missing or out of bounds';
  end if;
  insert into public.job_queue_operators (queue, worker_id, operator, host, command)
  values ($1, $2, left($3, 200), left($4, 200), left($5, 500))
  on conflict do nothing;
  return found;
end
$$;
