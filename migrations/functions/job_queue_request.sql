-- job_queue_request(command, queue, request_id): puts a command into the inbox, in the caller's transaction. After the commit
-- any live coordinator of the queue decides it, and job_queue_answer gives the answer.
--   command     {type, …}; the types and their fields: docs/sql-api.md, "Commands"; 8 MB of jsonb at most, nested 100 levels
--               deep at most. A `heartbeat` calls job_queue_beat and is answered at once; only the last one of each worker is
--               kept
--   queue       `default` unless given
--   request_id  1..190 characters. Give one if you may have to ask again after a lost connection: the same id does nothing
--               again, and has the same answer. Made here unless given
-- Returns the request's id. Raises JQ003, naming the field, for a command that no queue can carry out. Raises JQ001 for
-- a queue or an id out of bounds, for an id that was used for another command, and for a command that starts something in a
-- worker whose lease is not live (call job_queue_beat first).
create or replace function public.job_queue_request(command jsonb, queue text default 'default', request_id text default null)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  id text := coalesce($3, gen_random_uuid()::text);
  worker text := $1 ->> 'worker_id';
  known jsonb;
  fault text;
  beat jsonb;
begin
  if length($2) between 1 and 200 is not true or length(id) not between 1 and 190 or id like 'hand:%' then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_request takes a command {type, …}, a queue, and a request id of 1..190 characters';
  end if;
  fault := case when pg_column_size($1) > 8388608 then 'command: has more than 8 MB; send it in several, or keep payloads elsewhere'
    else public.job_queue_request_fault($1) end;
  if fault is not null then
    raise exception using errcode = 'JQ003', message = 'job_queue_request takes a command {type, …}: ' || fault,
      hint = 'Nothing was requested. The types and their fields: docs/sql-api.md, "Commands".';
  end if;
  if $1 ->> 'type' = 'heartbeat' then
    beat := public.job_queue_beat($2, worker,
      case when jsonb_typeof($1 -> 'kinds') = 'array' then array(select jsonb_array_elements_text($1 -> 'kinds')) end,
      coalesce(($1 ->> 'free_slots')::numeric::integer, 0), coalesce($1 ->> 'release', 'sql'),
      coalesce(($1 ->> 'ttl_ms')::numeric::integer, 15000), coalesce(($1 ->> 'grace_ms')::numeric::integer, 5000));
    -- A worker may beat every few seconds for months: only its last answer is kept.
    delete from public.job_queue_inbox i
     where i.queue = $2 and left(i.command ->> 'worker_id', 200) = worker and i.command ->> 'type' = 'heartbeat';
    insert into public.job_queue_inbox as i (queue, request_id, command, answer, answered_at)
    values ($2, id, $1, jsonb_build_object('ok', true) || (beat - '{overdue,version,arrived,requested}'::text[]), clock_timestamp())
    on conflict (queue, request_id) do nothing;
  elsif ($1 ->> 'type' in ('start', 'claim') or $1 ? 'claim') and not exists (
      select from public.job_queue_workers w
       where w.queue = $2 and w.worker_id = worker and not w.dead
         and (w.expires_at > clock_timestamp() or public.job_queue_elsewhere(w.server_since))) then
    raise exception using errcode = 'JQ001',
      message = format('worker %s has no live lease', coalesce(worker, '(no worker_id)')),
      hint = 'Call job_queue_beat first, and again every third of its time to live; after a lost lease go on under a new worker_id.';
  else
    insert into public.job_queue_inbox as i (queue, request_id, command) values ($2, id, $1)
    on conflict (queue, request_id) do nothing;
  end if;
  if not found then
    select i.command into known from public.job_queue_inbox i where i.queue = $2 and i.request_id = id;
    if known is distinct from $1 then
      raise exception using errcode = 'JQ001', message = format('request id %s was used for another command', id),
        hint = 'Use a new id for a new command.';
    end if;
  elsif beat is null and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return id;
end
$$;
