-- job_queue_chain(queue, after, lim): a page of the hash chain, for a program that checks it: each event as the text that its
-- hash is made over, and its hash. The chain starts from SHA-256 over 'interlock:<queue>:<chain_from>'; each hash is then made
-- over the 32 bytes of the hash before it and the text of its event. If events were archived and not kept, start is the hash of
-- the last of them, from which the chain goes on; else null.
--   after  events with a greater sequence number, ascending; lim: how many at most, 1..10,000
-- Returns {version, chain_from, start, head, events: [[seq, text, hash], …]}: hashes in hexadecimal, null for an event without
-- one. Null if the queue keeps no chain. Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_chain(queue text, after bigint, lim integer) returns json
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
  if after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_chain takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  select h.version, h.archived_seq, h.chain_from, h.chain_start, h.chain into head 
    from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.chain is null then
    return null;
  end if;
  return json_build_object('version', head.version, 'chain_from', head.chain_from,
    'start', encode(head.chain_start, 'hex'), 'head', encode(head.chain, 'hex'),
    'events', (
      select coalesce(json_agg(json_build_array(e.seq, e.text, encode(e.hash, 'hex')) order by e.seq), '[]')
        from (
          select l.seq, l.hash, public.job_queue_event_text(l) as text
            from public.job_queue_log l
           where l.queue = $1 and l.seq > greatest($2, head.chain_from, head.archived_seq) and l.seq <= greatest($2, head.chain_from) + $3
          union all
          select a.seq, a.hash, public.job_queue_event_text(row(a.*)::public.job_queue_log)
            from public.job_queue_log_archive a
           where a.queue = $1 and a.seq > greatest($2, head.chain_from) and a.seq <= greatest($2, head.chain_from) + $3) e));
end
$$;
