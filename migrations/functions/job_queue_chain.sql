-- job_queue_chain(queue, after, lim): a page of the hash chain, for whoever checks it: each event as the text that its hash
-- is made over, and the hash that it carries. The first hash is SHA-256 over 'interlock:<queue>:<chain_from>', each further
-- one over the 32 bytes before it and the text of its event.
--   after  events with a greater sequence number, ascending; lim: how many at most, 1..10,000
-- Returns {version, chain_from, head, events: [[seq, text, hash], …]}: hashes in hexadecimal, null for an event that has
-- none; null when the queue keeps no chain.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_chain(queue text, after bigint, lim integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  head record;
begin
  if after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_chain takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  select h.version, h.chain_from, h.chain into head from public.job_queue_heads h where h.queue = $1;
  if head.chain is null then
    return null;
  end if;
  return json_build_object('version', head.version, 'chain_from', head.chain_from, 'head', encode(head.chain, 'hex'),
    'events', (
      select coalesce(json_agg(json_build_array(l.seq, public.job_queue_event_text(l), encode(l.hash, 'hex')) order by l.seq), '[]')
        from public.job_queue_log l
       where l.queue = $1 and l.seq > greatest($2, head.chain_from) and l.seq <= greatest($2, head.chain_from) + $3));
end
$$;
