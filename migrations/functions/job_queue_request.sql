-- job_queue_request(command, queue, request_id): puts a command into the inbox, in the caller's transaction; any live
-- coordinator of the queue decides it once that has committed, and job_queue_answer says what became of it.
--   command     {type, …}; the types and their fields: docs/sql-api.md, "Commands". What is wrong with a field is told by the
--               answer (invalid_input). `heartbeat` is job_queue_beat: carried out and answered at once
--   queue       `default` unless given
--   request_id  1..190 characters, for a caller that may have to ask again after a lost connection: the same id does nothing
--               again, and has the same answer. Made here unless given
-- Returns the request's id. Raises JQ001 for what is out of bounds, for an id that was used for another command, and for a
-- command that starts something in a worker whose lease is not live (job_queue_beat comes first).
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
  beat jsonb;
begin
  if jsonb_typeof($1 -> 'type') is distinct from 'string' or length($2) between 1 and 200 is not true
     or length(id) not between 1 and 190 or id like 'hand:%' or pg_column_size($1) > 8388608 then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_request takes a command {type, …} of 1 MB at most, a queue, and a request id of 1..190 characters';
  end if;
  if $1 ->> 'type' = 'heartbeat' then
    beat := public.job_queue_beat($2, worker,
      case when jsonb_typeof($1 -> 'kinds') = 'array' then array(select jsonb_array_elements_text($1 -> 'kinds')) end,
      coalesce(($1 ->> 'free_slots')::integer, 0), coalesce($1 ->> 'release', 'sql'),
      coalesce(($1 ->> 'ttl_ms')::integer, 15000), coalesce(($1 ->> 'grace_ms')::integer, 5000));
    beat := jsonb_build_object('ok', true) || (beat - '{overdue,version,arrived,requested}'::text[]);
  elsif ($1 ->> 'type' in ('start', 'claim') or $1 ? 'claim') and not exists (
      select from public.job_queue_workers w
       where w.queue = $2 and w.worker_id = worker and not w.dead and w.expires_at > clock_timestamp()) then
    raise exception using errcode = 'JQ001',
      message = format('worker %s has no live lease', coalesce(worker, '(no worker_id)')),
      hint = 'Call job_queue_beat first, and again every third of its time to live; after a lost lease go on under a new worker_id.';
  end if;
  insert into public.job_queue_inbox as i (queue, request_id, command, answer, answered_at)
  values ($2, id, $1, beat, case when beat is not null then clock_timestamp() end)
  on conflict (queue, request_id) do nothing;
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
