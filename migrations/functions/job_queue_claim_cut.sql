-- job_queue_claim_cut(queue, before): where to cut the log so that nothing older than a time is left in it. The one process
-- that gets an answer folds the log up to there, keeps that as a snapshot (job_queue_put_snapshot), and archives below it
-- (job_queue_archive). No other process gets one for 55 minutes, or until it is done. Takes the queue's lock for a moment, and
-- only if there is something to do.
--   before  the time; less than an hour's worth of older events is not worth a cut
-- Returns {through}: the number of the last older event that your own tables already follow; null if there is nothing to do, or
-- another process is doing it. Raises 55P03 when the lock does not come free within 2 s.
create or replace function public.job_queue_claim_cut(queue text, before timestamptz) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
set lock_timeout = '2s'
as $$
declare
  head record;
  low bigint;
  high bigint;
  middle bigint;
begin
  select h.* into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not coalesce(head.cut_claimed_at < clock_timestamp() - interval '55 minutes', false) or not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.seq = head.archived_seq + 1 and l.created_at < $2 - interval '1 hour') then
    return '{"through": null}';
  end if;
  -- Times rise with the numbers, so bisection finds the event in 20 look-ups by the primary key.
  low := head.archived_seq;
  high := case when exists (select from public.job_queue_targets()) then least(head.version, head.projected_seq) else head.version end;
  while low < high loop
    middle := low + (high - low + 1) / 2;
    if exists (select from public.job_queue_log l where l.queue = $1 and l.seq = middle and l.created_at < $2) then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  if low <= head.archived_seq then
    return '{"through": null}';
  end if;
  update public.job_queue_heads h set cut_claimed_at = clock_timestamp()
   where h.queue = $1 and h.cut_claimed_at = head.cut_claimed_at;
  return jsonb_build_object('through', case when found then low end);
end
$$;
