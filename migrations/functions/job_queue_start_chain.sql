-- job_queue_start_chain(queue): from the next event on, each event of this queue carries the hash of the one before it. It
-- cannot be undone; a second call does nothing. Takes the queue's lock for a moment.
-- Returns {version, chain_from, head}: the log's version, the number after which events are on the chain, and the hash of the
-- last of them in hexadecimal: the anchor for you to keep elsewhere. Raises JQ001 for a queue that nobody has opened, 55P03
-- when the lock does not come free.
create or replace function public.job_queue_start_chain(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  row record;
begin
  update public.job_queue_heads h
     set chain_from = coalesce(h.chain_from, h.version),
         chain = coalesce(h.chain, sha256(convert_to('interlock:' || h.queue || ':' || h.version, 'UTF8')))
   where h.queue = $1
  returning h.version, h.chain_from, encode(h.chain, 'hex') as head into row;
  if not found then
    raise exception using errcode = 'JQ001', message = 'there is no such queue; open it first (job_queue_open)';
  end if;
  return to_jsonb(row);
end
$$;
