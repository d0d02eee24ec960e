-- job_queue_void(queue, voided_from): cleans up after some events, from this number on, were declared void. Snapshots that were
-- folded from there on are of another log and are deleted, except that of the cut. Readers that do not know the type `voided`
-- are kept out. Internal; called by job_queue_append only.
-- Returns nothing. Raises nothing.
create or replace function public.job_queue_void(queue text, voided_from bigint) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from public.job_queue_snapshots s
   using public.job_queue_heads h
   where h.queue = $1 and s.queue = $1 and s.seq >= $2 and s.seq <> h.archived_seq;
  update public.job_queue_heads h set min_reader = greatest(h.min_reader, 2) where h.queue = $1;
$$;
