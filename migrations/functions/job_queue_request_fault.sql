-- job_queue_request_fault(command): what is wrong with a command, as far as SQL can see without the queue: its type, its
-- fields, their types and bounds, and how deep it nests. Internal; called by job_queue_request. It refuses nothing that a
-- coordinator would carry out. Faults that it cannot see come with the answer.
-- Returns e.g. `jobs[3].models: must be a list of …`, null if nothing is wrong. Raises nothing.
create or replace function public.job_queue_request_fault(command jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- What each field must be: a type, or a range of whole numbers; `!`: it is required, `?`: it may be null.
  held constant text := '"job_id": "name!", "token": "1..9007199254740991!", "worker_id": "name", "claim": "object"';
  rules constant jsonb := format('{
    "enqueue": {"jobs": "list!"},
    "start": {"worker_id": "name!", "job": "object!", "wait": "boolean"},
    "claim": {"worker_id": "name!", "max": "1..1000!", "kinds": "names?"},
    "complete": {%1$s, "result": "any"},
    "fail": {%1$s, "error": "any", "code": "text", "retry_seconds": "seconds?"},
    "release": {%1$s, "reason": "text", "seconds": "seconds", "models": "names"},
    "confirm_cancel": {%1$s},
    "detach": {%1$s, "until": "text!"},
    "cancel": {"job_id": "name!", "worker_id": "name", "force": "boolean", "queued_at": "-9007199254740991..9007199254740991"},
    "heartbeat": {"worker_id": "name!", "ttl_ms": "100..86400000?", "grace_ms": "0..86400000?",
      "free_slots": "0..2147483647?", "kinds": "names?", "release": "text?"}}', held)::jsonb;
  of_claim constant jsonb := '{"max": "1..1000!", "kinds": "names?"}';
  -- Under either name: a job may also be written as in TypeScript.
  of_job constant jsonb := '{"job_id": "name", "jobId": "name", "models": "names!", "job_type": "text", "jobType": "text",
    "kind": "name", "priority": "-1000..1000", "run_at": "text?", "runAt": "text?", "attempts": "1..1000",
    "timeout_ms": "1..31536000000", "timeoutMs": "1..31536000000", "expire_ms": "1..31536000000?",
    "expireMs": "1..31536000000?", "fair_key": "name?", "fairKey": "name?", "payload": "any", "traceparent": "text?", "tracestate": "text?"}';
  must constant jsonb := '{"name": "a text of 1 to 200 characters, without control characters",
    "names": "a list of at most 10,000 names of 1 to 200 characters", "list": "a list of at most 10,000 jobs", "object": "an object",
    "boolean": "true or false", "text": "a text", "seconds": "a number of seconds from 0 to 31536000"}';
  -- Control characters could forge lines of logs and of terminals.
  unwanted constant text := '[\u0001-\u001f\u007f-\u009f]';
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
    select 'job.', of_job, command -> 'job' where kind = 'start' and command ? 'job'
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
             when r.rule = 'list' then r.is_a <> 'array'
             when r.rule in ('object', 'boolean') then r.is_a <> r.rule
             when r.rule = 'text' then r.is_a <> 'string'
             when r.is_a <> 'number' then true
             when r.rule = 'seconds' then r.said::numeric not between 0 and 31536000
             else r.said::numeric <> trunc(r.said::numeric)
               or r.said::numeric not between split_part(r.rule, '..', 1)::numeric and split_part(r.rule, '..', 2)::numeric
           end)
  select f.fault into fault from faults f limit 1;
  return fault;
end
$$;
