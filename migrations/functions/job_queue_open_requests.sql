-- job_queue_open_requests(queue, lim): undecided commands in the inbox, the oldest first. They are reserved for this caller for
-- 2 s; unanswered ones then go to others.
--   lim  how many at most, 1..1,000; fewer if they are large: the list stops once it has 1,000,000 characters
-- Returns [{request_id, command}, …]. Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_open_requests(queue text, lim integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  request record;
  requests jsonb[] := '{}';
  ids text[] := '{}';
  size bigint := 0;
begin
  if lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_open_requests takes a limit of 1..1,000';
  end if;
  for request in
    select i.request_id, i.command from public.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null
       and (i.taken_until is null or i.taken_until < clock_timestamp())
     order by i.created_at limit lim for update skip locked
  loop
    ids := ids || request.request_id;
    requests := requests || jsonb_build_object('request_id', request.request_id, 'command', request.command);
    size := size + length(request.command::text);
    exit when size >= 1000000;
  end loop;
  if ids <> '{}' then
    update public.job_queue_inbox i set taken_until = clock_timestamp() + interval '2 seconds'
     where i.queue = $1 and i.request_id = any (ids);
  end if;
  return to_jsonb(requests);
end
$$;
