-- job_queue_open_requests(queue, lim): commands in the inbox that nobody has decided yet, the oldest first.
--   lim  how many at most, 1..1,000
-- Returns [{request_id, command}, …]. Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_open_requests(queue text, lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  if lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_open_requests takes a limit of 1..1,000';
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('request_id', r.request_id, 'command', r.command)
             order by r.created_at, r.request_id), '[]')
      from (
        select i.request_id, i.command, i.created_at from public.job_queue_inbox i
         where i.queue = $1 and i.answered_at is null
         order by i.created_at limit lim) r);
end
$$;
