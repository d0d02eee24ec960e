-- job_queue_read(queue, after, lim): a page of the log, for replay and for catching up. Never takes the queue's lock.
--   queue  name of the queue
--   after  events with a greater sequence number, ascending; 0 for the first page
--   lim    how many events at most, 1..10,000; a page also ends at about 8 MB
-- Returns {version, epoch, now, archived_seq, voided, events}: the head when the page was read (0 and 1 for a queue that nobody
-- has opened), the database's clock in microseconds, what later events say of the events after `after` (job_queue_voided), and
-- the events (job_queue_events). The page is the last one if its last event has the number `version`. archived_seq: events up
-- to it were archived. If they were not kept, nobody can read them: a reader from before the cut has to start from a snapshot.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_read(queue text, after bigint, lim integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  head record;
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_read takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: both statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return json_build_object(
    'version', coalesce(head.version, 0),
    'epoch', coalesce(head.epoch, 1),
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'archived_seq', coalesce(head.archived_seq, 0),
    'voided', public.job_queue_voided($1, $2),
    'events', case when head.archived_seq > $2 then public.job_queue_archived_events($1, $2, $3)
              else public.job_queue_events($1, $2, $3, 8388608) end);
end
$$;
