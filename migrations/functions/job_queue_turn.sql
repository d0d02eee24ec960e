-- job_queue_turn(queue, since): takes the queue's lock until the transaction ends, and returns what the caller has missed. So
-- it can decide and append (job_queue_append) in the same transaction without losing a race. Only for clients that hold a
-- transaction over two calls: through PostgREST the lock would end at once.
--   since  the last sequence number that the caller knows
-- Returns {version, epoch, now, since_at, missed, voided}: the head; the clock in microseconds, read after the wait; the time
-- of the event `since` (null for 0, and if it is gone); the events after it, at most 500 or 256 KB; and job_queue_voided. If
-- the last of them is not `version`, end the transaction, read on (job_queue_read) and call again. If `since_at` is not the
-- time that you know, this is another log: a backup was restored. A client that is paused while it holds the lock is cut off
-- after 1 s (idle_in_transaction_session_timeout, which ends with the transaction). Others wait 2 s at most, or as long as
-- their own lock_timeout says. Raises JQ001 for an argument out of bounds, 55P03 when the lock does not come free.
create or replace function public.job_queue_turn(queue text, since bigint) returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_generic_plan
as $$
declare
  head record;
begin
  if since is null or since < 0 then
    raise exception using errcode = 'JQ001', message = 'job_queue_turn takes a queue and since >= 0';
  end if;
  perform set_config('idle_in_transaction_session_timeout', '1s', true);
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout', '2s', true);
  end if;
  select h.version, h.epoch into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  if not found then
    perform public.job_queue_open($1);
    select h.version, h.epoch into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  end if;
  return json_build_object('version', head.version, 'epoch', head.epoch,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'since_at', (extract(epoch from public.job_queue_event_at($1, $2)) * 1000000)::bigint,
    'missed', public.job_queue_events($1, $2, 500, 262144), 'voided', public.job_queue_voided($1, $2));
end
$$;
