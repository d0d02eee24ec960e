-- job_queue_keep_cut(): the trigger that protects the snapshot at which a log was cut (archived_seq of job_queue_heads) and its
-- chunks, from their owner too: it is all that is left of events that are gone for good. Every other snapshot only saves time
-- and may be deleted. Raises JQ111 on UPDATE and DELETE of these rows, and on TRUNCATE if any log was cut.
create or replace function public.job_queue_keep_cut() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  cut record;
begin
  if tg_level = 'ROW' then
    select h.queue, h.archived_seq into cut from public.job_queue_heads h
     where h.queue = old.queue and h.archived_seq = old.seq;
    -- Chunks at the same number that do not belong to the snapshot may go: another process wrote them and came too late.
    if found and tg_table_name = 'job_queue_snapshot_chunks' and not exists (
         select from public.job_queue_snapshots s
          where s.queue = old.queue and s.seq = old.seq and s.state ->> 'maker' = to_jsonb(old) ->> 'maker') then
      return case when tg_op = 'DELETE' then old else new end;
    end if;
  else
    select h.queue, h.archived_seq into cut from public.job_queue_heads h
     where h.archived_seq > 0 limit 1;
  end if;
  if not found then
    return case when tg_op = 'DELETE' then old else new end;
  end if;
  raise exception using errcode = 'JQ111',
    message = format('the log of queue %s begins at its snapshot of event %s: %s is refused', cut.queue, cut.archived_seq, tg_op),
    hint = 'Every other one may go: DELETE FROM job_queue_snapshots s WHERE NOT EXISTS (SELECT FROM job_queue_heads h '
        || 'WHERE h.queue = s.queue AND h.archived_seq = s.seq).';
end
$$;
