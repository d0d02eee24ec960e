-- job_queue_open_requests(queue, lim): commands in the inbox that nobody has decided yet, the oldest first. They are kept for
-- this caller for 5 s; what it has not answered by then is given to others.
--   lim  how many at most, 1..1,000
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
  requests jsonb;
begin
  if lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_open_requests takes a limit of 1..1,000';
  end if;
  with free as (
    select i.request_id from public.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null
       and (i.taken_until is null or i.taken_until < clock_timestamp())
     order by i.created_at limit lim for update skip locked),
  taken as (
    update public.job_queue_inbox i set taken_until = clock_timestamp() + interval '5 seconds'
      from free where i.queue = $1 and i.request_id = free.request_id
    returning i.request_id, i.command, i.created_at)
  select coalesce(jsonb_agg(jsonb_build_object('request_id', t.request_id, 'command', t.command)
           order by t.created_at, t.request_id), '[]') into requests
    from taken t;
  return requests;
end
$$;
