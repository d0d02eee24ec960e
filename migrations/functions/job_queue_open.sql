-- job_queue_open(queue): makes the queue if it is new; a program calls it first. Takes no lock if the queue exists.
--   queue  1..200 characters
-- Returns {version, epoch, min_reader, now, channel}: the head, the lowest shape of events (schema_version) that a reader has to
-- understand, the database's clock in microseconds, and the name of the channel on which appends are announced with their events
-- (job_queue_append, job_queue_wake). Raises JQ001 for a name out of bounds.
create or replace function public.job_queue_open(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  head record;
begin
  if queue is null or length(queue) not between 1 and 200 then
    raise exception using errcode = 'JQ001', message = 'the name of a queue has 1 to 200 characters';
  end if;
  select h.version, h.epoch, h.min_reader, h.channel into head
    from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not found then
    -- One at a time: the version is part of the keys, so they do not keep a queue from having two heads.
    perform pg_advisory_xact_lock(hashtextextended('interlock.open:' || $1, 0));
    insert into public.job_queue_heads (queue)
    select $1 where not exists (select from public.job_queue_heads h where h.queue = $1);
    insert into public.job_queue_state (queue)
    select $1 where not exists (select from public.job_queue_state s where s.queue = $1);
    select h.version, h.epoch, h.min_reader, h.channel into head
      from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  end if;
  return jsonb_build_object('version', head.version, 'epoch', head.epoch, 'min_reader', head.min_reader,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'channel', head.channel);
end
$$;
