-- Commands by SQL: the inbox, in which any coordinator of the queue decides them and leaves its answer.

-- job_queue_request(command, queue, request_id): puts a command into the inbox, in the caller's transaction. After the commit
-- any live coordinator of the queue decides it, and job_queue_answer gives the answer.
--   command     {type, …}; the types and their fields: docs/reference/sql-workers.md, "Commands"; 8 MB of jsonb at most, nested 100 levels
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
  if length($2) between 1 and 200 is not true or length(id) not between 1 and 190 or id like any ('{hand:%,end-of:%}') then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_request takes a command {type, …}, a queue, and a request id of 1..190 characters';
  end if;
  fault := case when pg_column_size($1) > 8388608 then 'command: has more than 8 MB; send it in several, or keep payloads elsewhere'
    else interlock.job_queue_request_fault($1) end;
  if fault is not null then
    raise exception using errcode = 'JQ003', message = 'job_queue_request takes a command {type, …}: ' || fault,
      hint = 'Nothing was requested. The types and their fields: interlock-queue/docs/reference/sql-workers.md#commands.';
  end if;
  if $1 ->> 'type' = 'heartbeat' then
    beat := public.job_queue_beat($2, worker,
      case when jsonb_typeof($1 -> 'kinds') = 'array' then array(select jsonb_array_elements_text($1 -> 'kinds')) end,
      coalesce(($1 ->> 'free_slots')::numeric::integer, 0), coalesce($1 ->> 'release', 'sql'),
      coalesce(($1 ->> 'ttl_ms')::numeric::integer, 15000), coalesce(($1 ->> 'grace_ms')::numeric::integer, 5000));
    -- A worker may beat every few seconds for months: only its last answer is kept.
    delete from interlock.job_queue_inbox i
     where i.queue = $2 and left(i.command ->> 'worker_id', 200) = worker and i.command ->> 'type' = 'heartbeat';
    insert into interlock.job_queue_inbox as i (queue, request_id, command, answer, answered_at)
    values ($2, id, $1, jsonb_build_object('ok', true) || (beat - '{overdue,version,arrived,requested}'::text[]), clock_timestamp())
    on conflict (queue, request_id) do nothing;
  elsif ($1 ->> 'type' in ('start', 'claim') or $1 ? 'claim') and not exists (
      select from interlock.job_queue_workers w
       where w.queue = $2 and w.worker_id = worker and not w.dead
         and (w.expires_at > clock_timestamp() or interlock.job_queue_elsewhere(w.server_since))) then
    raise exception using errcode = 'JQ001',
      message = format('worker %s has no live lease', coalesce(worker, '(no worker_id)')),
      hint = 'Call job_queue_beat first, and again every third of its time to live; after a lost lease go on under a new worker_id.';
  else
    insert into interlock.job_queue_inbox as i (queue, request_id, command) values ($2, id, $1)
    on conflict (queue, request_id) do nothing;
  end if;
  if not found then
    select i.command into known from interlock.job_queue_inbox i where i.queue = $2 and i.request_id = id;
    if known is distinct from $1 and known is distinct from interlock.job_queue_without_data($1) then
      raise exception using errcode = 'JQ001', message = format('request id %s was used for another command', id),
        hint = 'Use a new id for a new command.';
    end if;
  elsif beat is null and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return id;
end
$$;

-- job_queue_request_fault(command): what is wrong with a command, as far as SQL can see without the queue: its type, its
-- fields, their types and bounds, and how deep it nests. Internal; called by job_queue_request. It refuses nothing that a
-- coordinator would carry out. Faults that it cannot see come with the answer.
-- Returns e.g. `jobs[3].models: must be a list of …`, null if nothing is wrong. Raises nothing.
create or replace function interlock.job_queue_request_fault(command jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- What each field must be: a type, or a range of whole numbers; `!`: it is required, `?`: it may be null.
  held constant text := '"job_id": "name!", "token": "1..9007199254740991!", "worker_id": "name", "claim": "object"';
  rules constant jsonb := format('{
    "enqueue": {"jobs": "list!", "under": "object"},
    "start": {"worker_id": "name!", "job": "object!", "wait": "boolean", "serves": "names", "keeps": "1..1000"},
    "claim": {"worker_id": "name!", "max": "1..1000!", "kinds": "names?", "serves": "names", "keeps": "1..1000"},
    "complete": {%1$s, "result": "any", "used": "used"},
    "fail": {%1$s, "error": "any", "code": "text", "retry_seconds": "seconds?", "used": "used"},
    "release": {%1$s, "reason": "text", "seconds": "seconds", "models": "names", "used": "used"},
    "confirm_cancel": {%1$s, "used": "used"},
    "detach": {%1$s, "until": "text!"},
    "done": {%1$s, "model": "name!", "epoch": "1..9007199254740991"},
    "cancel": {"job_id": "name!", "worker_id": "name", "force": "boolean", "descendants": "boolean",
      "queued_at": "-9007199254740991..9007199254740991"},
    "schedules": {"owner": "name!", "schedules": "schedules!", "revision": "0..9007199254740991?"},
    "pause_schedule": {"schedule": "name!"},
    "resume_schedule": {"schedule": "name!"},
    "remove_schedule": {"schedule": "name!"},
    "heartbeat": {"worker_id": "name!", "ttl_ms": "100..86400000?", "grace_ms": "0..86400000?",
      "free_slots": "0..2147483647?", "kinds": "names?", "release": "text?"}}', held)::jsonb;
  of_claim constant jsonb := '{"max": "1..1000!", "kinds": "names?", "serves": "names", "keeps": "1..1000"}';
  -- Under either name: a job may also be written as in TypeScript.
  of_job constant jsonb := '{{job_fields}}';
  must constant jsonb := E'{"parents": "a list of at most 10,000 jobs: ids, or {job, if_failed: fail or continue}",
    "name": "a text of 1 to 200 characters, without control characters",
    "names": "a list of at most 10,000 names of 1 to 200 characters", "list": "a list of at most 10,000 jobs",
    "schedules": "a list of at most 10,000 schedules", "object": "an object",
    "uses": "an object of at most 20 resources, each with a whole number from 1 to 100,000,000",
    "used": "an object of at most 20 resources, each with a whole number from 0 to 100,000,000",
    "boolean": "true or false", "text": "a text", "modes": "an object that says of models whether the job has them shared or exclusive",
    "asks": "what it takes of a place of one of its models, e.g. {\\"flux-dev\\": {\\"vram\\": 20}}: 1 to 8 units, whole numbers from 1 to 1,000,000,000",
    "once": "a time such as \\"24h\\" (whole s, m, h or d, 365d at most), or \\"for ever\\"",
    "dedupe": "an object with a key, while (\\"waiting\\", \\"live\\" or {\\"within\\": \\"1h\\"}) and perhaps debounce ({\\"delay\\": \\"5s\\", \\"max_delay\\": \\"1m\\"})",
    "seconds": "a number of seconds from 0 to 31536000"}';
  -- Control characters could forge lines of logs and of terminals.
  span constant text := '^[1-9][0-9]{0,8}[smhd]$';
  unwanted constant text := E'[\\u0001-\\u001f\\u007f-\\u009f]';
  kind text := command ->> 'type';
  fault text;
begin
  if jsonb_typeof(command) is distinct from 'object' or rules -> kind is null then
    return 'type: must be ' || (select string_agg(t, ', ' order by t) from jsonb_object_keys(rules) t);
  end if;
  if jsonb_path_exists(command, '$.**{106}') then
    return 'command: nests deeper than 100 levels; make it flatter';
  end if;
  if kind = 'enqueue' and (jsonb_typeof(command -> 'jobs') is distinct from 'array' or jsonb_array_length(command -> 'jobs') > 10000) then
    return 'jobs: must be a list of at most 10,000 jobs; send more in several calls';
  end if;
  with parts as (
    select '' as path, rules -> kind as fields, command - 'type' as part
    union all
    select 'claim.', of_claim, command -> 'claim' where kind <> 'claim' and command ? 'claim'
    union all
    select 'job.', of_job - 'dedupe', command -> 'job' where kind = 'start' and command ? 'job'
    union all
    select format('jobs[%s].', e.n - 1), of_job, e.job
      from jsonb_array_elements(case kind when 'enqueue' then command -> 'jobs' else '[]' end) with ordinality as e (job, n)),
  objects as (
    select p.* from parts p where jsonb_typeof(p.part) = 'object'),
  faults as (
    select rtrim(p.path, '.') || ': must be an object with its fields' as fault from parts p where jsonb_typeof(p.part) <> 'object'
    union all
    select p.path || 'job_id: is missing' from objects p where p.fields ? 'jobId' and not p.part ?| '{job_id,jobId}'
    union all
    select p.path || f.key || ': is missing' from objects p, jsonb_each_text(p.fields) f
     where right(f.value, 1) = '!' and not p.part ? f.key
    union all
    select p.path || left(v.key, 100) || case when r.rule is null then ': is not a field of it'
             else ': must be ' || coalesce(must ->> r.rule, 'a whole number from ' || replace(r.rule, '..', ' to ')) end
      from objects p
      cross join lateral jsonb_each(p.part) v
      cross join lateral (
        select rtrim(p.fields ->> v.key, '!?') as rule, jsonb_typeof(v.value) as is_a, v.value #>> '{}' as said) r
     where case
             when r.rule is null then true
             when r.is_a = 'null' then r.rule <> 'any' and right(p.fields ->> v.key, 1) <> '?'
             when r.rule = 'any' then false
             when r.rule = 'name' then not (r.is_a = 'string' and length(r.said) between 1 and 200 and r.said !~ unwanted)
             when r.rule = 'names' and r.is_a = 'array' and jsonb_array_length(v.value) > 10000 then true
             when r.rule = 'names' then r.is_a <> 'array' or exists (
               select from jsonb_array_elements(case r.is_a when 'array' then v.value else '[]' end) n
                where not (jsonb_typeof(n) = 'string' and length(n #>> '{}') between 1 and 200 and n #>> '{}' !~ unwanted))
             when r.rule = 'parents' and r.is_a = 'array' and jsonb_array_length(v.value) > 10000 then true
             when r.rule = 'parents' then r.is_a <> 'array' or exists (
               select from jsonb_array_elements(case r.is_a when 'array' then v.value else '[]' end) n
                cross join lateral (
                  select case jsonb_typeof(n) when 'string' then n when 'object' then n -> 'job' end as job,
                         case jsonb_typeof(n) when 'object' then coalesce(n -> 'if_failed', n -> 'ifFailed', '"fail"') else '"fail"' end as how) c
                where (jsonb_typeof(c.job) = 'string' and length(c.job #>> '{}') between 1 and 200 and c.job #>> '{}' !~ unwanted
                    and c.how in ('"fail"', '"continue"')) is not true)
             when r.rule = 'modes' then r.is_a <> 'object' or exists (
               select from jsonb_each(case r.is_a when 'object' then v.value else '{}' end) m where m.value not in ('"shared"', '"exclusive"'))
             when r.rule in ('list', 'schedules') then r.is_a <> 'array'
             when r.rule in ('object', 'boolean') then r.is_a <> r.rule
             when r.rule = 'asks' and r.is_a <> 'object' then true
             when r.rule = 'asks' then (
               select (select count(*) from jsonb_object_keys(v.value)) = 1 and count(*) between 1 and 8
                      and bool_and(u.name ~ '^[A-Za-z][A-Za-z0-9_-]{0,49}$' and jsonb_typeof(u.amount) = 'number'
                        and case jsonb_typeof(u.amount) when 'number' then (u.amount #>> '{}')::numeric else 0 end between 1 and 1000000000
                        and u.amount #>> '{}' !~ E'\\.0*[1-9]')
                 from jsonb_each(v.value) as m (model, units)
                cross join lateral jsonb_each(case jsonb_typeof(m.units) when 'object' then m.units else '{}' end) as u (name, amount)) is not true
             when r.rule = 'text' then r.is_a <> 'string'
             when r.rule = 'once' then r.is_a <> 'string' or r.said !~ '^(for ever|[1-9][0-9]{0,8}[smhd])$'
               or (r.said <> 'for ever' and r.said::interval > interval '365 days')
             when r.rule in ('uses', 'used') then r.is_a <> 'object' or (
               select count(*) > 20 or bool_or((length(u.key) between 1 and 200 and u.key !~ unwanted and case jsonb_typeof(u.value)
                   when 'number' then u.value::text::numeric = trunc(u.value::text::numeric)
                     and u.value::text::numeric between case r.rule when 'uses' then 1 else 0 end and 100000000 end) is not true)
                 from jsonb_each(case r.is_a when 'object' then v.value else '{}' end) u)
             when r.rule = 'dedupe' and r.is_a <> 'object' then true
             when r.rule = 'dedupe' then (
               v.value - '{key,while,debounce}'::text[] = '{}'
               and jsonb_typeof(v.value -> 'key') = 'string' and length(v.value ->> 'key') between 1 and 200 and v.value ->> 'key' !~ unwanted
               and (v.value -> 'while' in ('"waiting"', '"live"')
                 or v.value -> 'while' = jsonb_build_object('within', v.value #> '{while,within}') and v.value #>> '{while,within}' ~ span and not v.value ? 'debounce')
               and (not v.value ? 'debounce' or v.value -> 'debounce' in (
                   jsonb_build_object('delay', v.value #> '{debounce,delay}', 'max_delay', v.value #> '{debounce,max_delay}'),
                   jsonb_build_object('delay', v.value #> '{debounce,delay}', 'maxDelay', v.value #> '{debounce,maxDelay}'))
                 and v.value #>> '{debounce,delay}' ~ span
                 and coalesce(v.value #>> '{debounce,max_delay}', v.value #>> '{debounce,maxDelay}') ~ span)) is not true
             when r.is_a <> 'number' then true
             when r.rule = 'seconds' then r.said::numeric not between 0 and 31536000
             else r.said::numeric <> trunc(r.said::numeric)
               or r.said::numeric not between split_part(r.rule, '..', 1)::numeric and split_part(r.rule, '..', 2)::numeric
           end)
  select f.fault into fault from faults f limit 1;
  return fault;
end
$$;

-- job_queue_without_data(command): what stays of a command once it is decided: without payloads, results and errors, and with a digest of the
-- whole in their place, by which the same command is known when it comes again. Internal.
-- Returns the command as it is if it has none of these. Raises nothing.
create or replace function interlock.job_queue_without_data(command jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case when s.rest = $1 then $1 else s.rest || jsonb_build_object('digest', md5($1::text)) end
    from (
      -- An older release has let in what is no object.
      select case when jsonb_typeof($1) <> 'object' then $1 else $1 - '{result,error}'::text[]
             || case when jsonb_typeof($1 -> 'job') = 'object' then jsonb_build_object('job', ($1 -> 'job') - 'payload') else '{}' end
             || case when jsonb_typeof($1 -> 'jobs') = 'array' then jsonb_build_object('jobs', (
                  select coalesce(to_jsonb(array_agg(case jsonb_typeof(e.job) when 'object' then e.job - 'payload' else e.job end order by e.n)), '[]')
                    from jsonb_array_elements($1 -> 'jobs') with ordinality as e (job, n))) else '{}' end
             || case when jsonb_typeof($1 -> 'schedules') = 'array' then jsonb_build_object('schedules', (
                  select coalesce(to_jsonb(array_agg(case when jsonb_typeof(e.one -> 'job') = 'object' then e.one #- '{job,payload}' else e.one end
                   order by e.n)), '[]')
                    from jsonb_array_elements($1 -> 'schedules') with ordinality as e (one, n))) else '{}' end end as rest) s
$$;

-- job_queue_open_requests(queue, lim): undecided commands in the inbox, the oldest first. They are reserved for this caller for
-- 2 s; unanswered ones then go to others.
--   lim  how many at most, 1..1,000; fewer if they are large: the list stops once it has 1,000,000 characters
-- Returns [{request_id, command}, …]. Raises JQ001 for a limit out of bounds.
create or replace function interlock.job_queue_open_requests(queue text, lim integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  request record;
  requests jsonb[] := '{}';
  ids text[] := '{}';
  size bigint := 0;
begin
  if lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_open_requests takes a limit of 1..1,000';
  end if;
  for request in
    select i.request_id, i.command from interlock.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null
       and (i.taken_until is null or i.taken_until < clock_timestamp())
     order by i.created_at limit lim for update skip locked
  loop
    ids := ids || request.request_id;
    requests := requests || jsonb_build_object('request_id', request.request_id, 'command', request.command);
    size := size + length(request.command::text);
    exit when size >= 1000000;
  end loop;
  if ids <> '{}' then
    update interlock.job_queue_inbox i set taken_until = clock_timestamp() + interval '2 seconds'
     where i.queue = $1 and i.request_id = any (ids);
  end if;
  return to_jsonb(requests);
end
$$;

-- job_queue_answer_requests(queue, answers): answers commands in the inbox. The first answer to a command counts. Their payloads, results and
-- errors go with it (job_queue_without_data). Also deletes answers older than a day.
--   answers  [{request_id, answer}, …]; answer: {ok: true, …} or {ok: false, code, message}; null: it could not be decided now,
--            so others may decide it
-- One NOTIFY on channel interlock_answers with the name of the queue, unless the setting interlock.notify is 'off'.
-- Returns how many this call answered. Raises nothing.
create or replace function public.job_queue_answer_requests(queue text, answers jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  answered integer;
begin
  update interlock.job_queue_inbox i
     set answer = a.answer, answered_at = clock_timestamp(),
         -- The end that a handler has committed is compared with the log for a while.
         command = case when i.request_id like 'end-of:%' then i.command else interlock.job_queue_without_data(i.command) end
    from jsonb_to_recordset(answers) as a (request_id text, answer jsonb)
   where i.queue = $1 and i.request_id = a.request_id and i.answered_at is null and a.answer is not null;
  get diagnostics answered = row_count;
  -- Wakes no process: that would also wake the one that gives the request back.
  update interlock.job_queue_inbox i set taken_until = null
    from jsonb_to_recordset(answers) as a (request_id text, answer jsonb)
   where i.queue = $1 and i.request_id = a.request_id and i.answered_at is null and a.answer is null;
  if answered > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock_answers', $1);
  end if;
  delete from interlock.job_queue_inbox i
   where i.queue = $1 and i.answered_at < clock_timestamp() - interval '1 day'
     and not exists (select from interlock.job_queue_submissions s where s.queue = $1 and s.request_id = i.request_id);
  return answered;
end
$$;

-- job_queue_answer(request_id, queue): the answer to a command in the inbox. Answers are kept for a day.
--   request_id  what job_queue_request, job_queue_submit or job_queue_enqueue_in returned
--   queue       `default` unless given
-- Returns null until the command is decided, then {ok: true, …} with its result, or {ok: false, code, message}. For submitted jobs null
-- until all are in line or cancelled, then {ok: true, queued, known, waiting, deduplicated, cancelled}: how many were put in line, the ids of
-- those that were there before, of those that wait now, and, if there are any, which stand for others, {job_id, stands_for}, and which were
-- cancelled before (job_queue_cancel_submitted). Raises JQ001 for an unknown id: nothing was requested under it, or its answer was deleted.
create or replace function public.job_queue_answer(request_id text, queue text default 'default') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  request record;
begin
  select i.command ->> 'type' as type, i.answer, i.created_at into request from interlock.job_queue_inbox i where i.queue = $2 and i.request_id = $1;
  if not found then
    raise exception using errcode = 'JQ001', message = format('there is no request %s in queue %s', left($1, 201), left($2, 201));
  end if;
  if request.type is distinct from 'submit' then
    return request.answer;
  end if;
  if exists (select from interlock.job_queue_submissions s where s.queue = $2 and s.request_id = $1) then
    return null;
  end if;
  return (
    select jsonb_build_object('ok', true, 'queued', count(*) filter (where j.state = 'submitted' and d.stands_for is null),
             'known', coalesce(to_jsonb(array_agg(j.job_id) filter (where j.state = 'known' and d.stands_for is null)), '[]'),
             'waiting', coalesce(to_jsonb(array_agg(j.job_id) filter (where exists (
               select from public.job_queue_jobs w where w.queue = $2 and w.job_id = j.job_id and w.state = 'waiting'
                  and w.conflict_reason is not null))), '[]'))
           || case when count(*) filter (where j.state = 'cancelled') > 0
                then jsonb_build_object('cancelled', to_jsonb(array_agg(j.job_id) filter (where j.state = 'cancelled'))) else '{}' end
           || case when count(d.stands_for) > 0 then jsonb_build_object('deduplicated', to_jsonb(
                array_agg(jsonb_build_object('job_id', j.job_id, 'stands_for', d.stands_for)) filter (where d.stands_for is not null))) else '{}' end
      from jsonb_to_recordset(request.answer -> 'jobs') as j (job_id text, state text)
      left join lateral (
        select l.data ->> 'stands_for' as stands_for from public.job_queue_log l
         where l.queue = $2 and l.job_id = j.job_id and l.event_type = 'deduplicated' and l.data ? 'submission'
           -- Not by the index of times, which would be read for each job.
           and l.created_at - request.created_at > interval '0'
        union all
        -- It was a double before, and was asked for `once`.
        select o.stands_for from interlock.job_queue_once o
         where j.state = 'known' and o.queue = $2 and o.job_id = j.job_id and o.stands_for is not null
         limit 1) d on true);
end
$$;
