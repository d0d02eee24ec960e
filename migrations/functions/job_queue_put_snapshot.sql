-- job_queue_put_snapshot(queue, seq, state): keeps the folded ledger at a sequence number, for processes that start later
-- to go on from. The newest four stay, the newest of each of the last 31 days, and the one at which the log was cut. Never takes the queue's lock. The log stays the truth: `interlock verify` folds all
-- of it, and whoever does not trust a snapshot deletes its row.
--   seq    up to which event it was folded: 1 to the version of the queue
--   state  the ledger as the core writes it down, at most 64 MB
-- Returns {seq, kept}: kept false when there is one at that number already.
-- Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_put_snapshot(queue text, seq bigint, state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  added integer;
begin
  if jsonb_typeof($3) is distinct from 'object' or pg_column_size($3) > 67108864 or not exists (
       select from public.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version) then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot takes a queue, a sequence number that its log has reached, and a state of 64 MB at most';
  end if;
  insert into public.job_queue_snapshots (queue, seq, state) values ($1, $2, $3) on conflict do nothing;
  get diagnostics added = row_count;
  delete from public.job_queue_snapshots s
   where s.queue = $1 and s.seq <> $2
     and s.seq < (select k.seq from public.job_queue_snapshots k where k.queue = $1 order by k.seq desc offset 3 limit 1)
     and s.seq <> (select h.archived_seq from public.job_queue_heads h where h.queue = $1)
     and (s.created_at < clock_timestamp() - interval '31 days' or exists (
       select from public.job_queue_snapshots k
        where k.queue = $1 and k.seq > s.seq and k.created_at::date = s.created_at::date));
  return jsonb_build_object('seq', $2, 'kept', added > 0);
end
$$;
