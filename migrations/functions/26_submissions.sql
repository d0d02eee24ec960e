-- Jobs that are submitted in the caller's transaction: what is committed is in line, or will be (docs/guides/submitting.md).

-- job_queue_enqueue_in(jobs, queue, request_id, notify): puts jobs in line, all or none, in the caller's transaction. Shape and bounds are
-- checked here, and each id against what is committed. So what is refused is refused in this statement; what is committed is not refused
-- any more. Any process of the queue takes the jobs in after the commit; until then they are `submitted` for everybody. A job whose id is
-- live with another body by then waits behind that one, one that the policy does not allow waits until it does, and one that comes after a
-- job of which nobody knows, until that is in line.
--   jobs        one job or a list of 10,000 at most: {{{job_names}}}; job_id and models are required; run_at as
--               2026-11-24T15:00:00Z; once as 24h, or for ever: how long the id is taken (docs/guides/idempotency.md); dedupe: {key, while,
--               debounce}, so that another job with the same key stands for it: while `waiting`, `live` or {"within": "1h"}, debounce
--               {delay, max_delay} (docs/guides/idempotency.md#duplicates); after: ids, or {job, if_failed: fail or continue}
--               (docs/guides/flows.md); 8 MB of jsonb at most
--   queue       `default` unless given
--   request_id  1..190 characters, for job_queue_answer. Give one to repeat the call after a commit of unknown outcome: for a day, the
--               same id with the same jobs does nothing again, also when they have ended. Made here unless given
--   notify      false: no NOTIFY, which all commits of a server wait for one after the other. The jobs then start within a poll
-- Returns {request_id, jobs: [{job_id, state}, …]}, each id once, in the order given. state: submitted, by this call or an earlier one;
-- known: it is in line, runs, or has ended and was enqueued `once`, with the same body.
-- Raises JQ003, naming the field, for a fault in a job. Raises JQ005 (job_exists) for an id that is submitted, live or, with `once`, taken
-- with another body. Raises JQ006 (flow_cycle) for jobs that come after each other in a circle, with what is submitted by then, JQ007 (unknown_model) for a model
-- that the policy does not declare, though it declares some, and JQ008 (models_required) for a job without models where the policy rejects
-- those: by the policy as it is then. Raises JQ001 for a queue or a request id out of bounds, and for a request id that was used for other
-- jobs. Waits for the commit of another transaction that has submitted one of the ids. Locks nothing that an append waits for.
create or replace function public.job_queue_enqueue_in(jobs jsonb, queue text default 'default', request_id text default null,
  notify boolean default true)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  id text := coalesce($3, gen_random_uuid()::text);
  given jsonb := case jsonb_typeof($1) when 'array' then $1 else jsonb_build_array(coalesce($1, 'null')) end;
  said jsonb := jsonb_build_object('type', 'submit', 'digest', md5(given::text));
  before text := coalesce(current_setting('interlock.notify', true), '');
  fault text;
  circle text[];
  listed jsonb[];
  places bigint[];
  ids bigint[];
  fresh text[];
  present text[];
  answer jsonb;
begin
  if length($2) between 1 and 200 is not true or length(id) not between 1 and 190 or id like 'hand:%' then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_enqueue_in takes jobs, a queue, and a request id of 1..190 characters';
  end if;
  fault := case when pg_column_size(given) > 8388608 then 'jobs: have more than 8 MB; send them in several calls, or keep payloads elsewhere'
    else coalesce(interlock.job_queue_request_fault(jsonb_build_object('type', 'enqueue', 'jobs', given)), interlock.job_queue_jobs_fault(given)) end;
  if fault is not null then
    raise exception using errcode = 'JQ003', message = 'job_queue_enqueue_in takes jobs {job_id, models, …}: ' || fault,
      hint = 'Nothing was submitted. The fields: interlock-queue/docs/reference/sql-workers.md#commands.';
  end if;
  answer := interlock.job_queue_said_before($2, id, said);
  if answer is not null then
    return answer;
  end if;
  circle := coalesce(interlock.job_queue_circle(given), interlock.job_queue_submitted_circle($2, given));
  if circle is not null then
    raise exception using errcode = 'JQ006', constraint = 'flow_cycle', message = interlock.job_queue_circle_text(circle),
      hint = 'Nothing was submitted. Leave out one of these links.';
  end if;

  select coalesce(array_agg(j.job order by j.job ->> 'job_id' collate "C", j.n), '{}'),
         array_agg(j.n order by j.job ->> 'job_id' collate "C", j.n)
    into listed, places
    from (select interlock.job_queue_submitted_job(e.job) as job, e.n from jsonb_array_elements(given) with ordinality as e (job, n)) j;
  ids := array(select nextval('interlock.job_queue_submissions_id_seq') from generate_series(1, cardinality(listed)));
  if not notify then
    perform set_config('interlock.notify', 'off', true);
  end if;
  -- Written in the order of the jobs' ids, so that two lists never wait for each other; numbered in the order given.
  with entered as (
    insert into interlock.job_queue_submissions as s (id, queue, job_id, request_id, job)
    overriding system value
    select ids[places[u.n]], $2, u.job ->> 'job_id', id, u.job from unnest(listed) with ordinality as u (job, n) order by u.n
    on conflict (queue, job_id) do nothing returning s.job_id)
  select coalesce(array_agg(e.job_id), '{}') into fresh from entered e;

  -- Statements of their own, which see what has been committed since. First what was submitted before, or twice in this list; then what
  -- is in line, since a submission that is gone by now has got there.
  if cardinality(fresh) < cardinality(listed) then
    perform interlock.job_queue_refuse_other('submitted', u.job, interlock.job_queue_job_body(s.job), s.job -> 'payload', false)
       from unnest(listed) as u (job)
       join interlock.job_queue_submissions s on s.queue = $2 and s.job_id = u.job ->> 'job_id';
  end if;
  with lives as (
    select u.job, j.life as seq, 'live' as how, null as digest from unnest(listed) as u (job)
      join public.job_queue_jobs j on j.queue = $2 and j.job_id = u.job ->> 'job_id'
    union all
    select u.job, o.seq, 'enqueued once', o.digest from unnest(listed) as u (job)
      join interlock.job_queue_once o on o.queue = $2 and o.job_id = u.job ->> 'job_id' and coalesce(o.until > clock_timestamp(), true)
     where u.job ? 'once' and not exists (select from public.job_queue_jobs j where j.queue = $2 and j.job_id = o.job_id)),
  known as (
    select l.job ->> 'job_id' as job_id, case when q.body is null then interlock.job_queue_refuse_digest(l.job, l.digest)
             else interlock.job_queue_refuse_other(l.how, l.job, q.body, q.payload, q.is_vague) end as is_same
      from lives l
      cross join lateral interlock.job_queue_queued_job($2, l.job ->> 'job_id', abs(l.seq)) q)
  select coalesce(array_agg(k.job_id) filter (where k.is_same), '{}') into present from known k;
  delete from interlock.job_queue_submissions s where s.queue = $2 and s.job_id = any (present) and s.job_id = any (fresh);
  -- A live job is left as it is, and so is one that was submitted before.
  perform interlock.job_queue_refuse_by_policy($2, array(
    select u.job from unnest(listed) as u (job) where u.job ->> 'job_id' = any (fresh) and u.job ->> 'job_id' <> all (present)));

  answer := jsonb_build_object('request_id', id, 'jobs', (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', f.job_id,
             'state', case when f.job_id = any (present) then 'known' else 'submitted' end) order by f.n)), '[]')
      from (select coalesce(e.job ->> 'job_id', e.job ->> 'jobId') as job_id, min(e.n) as n
              from jsonb_array_elements(given) with ordinality as e (job, n) group by 1) f));
  -- Answered at once: no process decides this row. Last, since a call that repeats this one at the same time waits here too.
  insert into interlock.job_queue_inbox as i (queue, request_id, command, answer, answered_at)
  values ($2, id, said, answer, clock_timestamp()) on conflict (queue, request_id) do nothing;
  if not found then
    delete from interlock.job_queue_submissions s where s.queue = $2 and s.job_id = any (fresh);
    answer := interlock.job_queue_said_before($2, id, said);
  elsif current_setting('interlock.notify', true) is distinct from 'off' and not fresh <@ present then
    perform pg_notify('interlock', 'intake');
  end if;
  perform set_config('interlock.notify', before, true);
  return answer;
end
$$;

-- job_queue_submit(jobs, queue, request_id): puts jobs in line, all or none, in the caller's transaction: what job_queue_enqueue_in does, which
-- says what the arguments are and what it raises.
-- Returns the request's id, for job_queue_answer.
create or replace function public.job_queue_submit(jobs jsonb, queue text default 'default', request_id text default null)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_enqueue_in($1, $2, $3) ->> 'request_id';
end
$$;

-- job_queue_submit_call(queue, request_id, digest, jobs, known, staged): commits the jobs of one large call as submissions, all or none, for a
-- process that has decided that none of them is refused. They are reserved for it for 5 s (job_queue_submitted_call), and come into line in
-- parts; if it dies, any other process takes them in. Takes no lock that an append waits for. No NOTIFY.
--   request_id  1..190 characters, and begins with call: (job_queue_incoming); the same id again does nothing
--   digest      of the call, by which another call under the same id is known
--   jobs        10,000 at most, as job_queue_submitted_job returns them, each id once, in the order in which they come into line. Not checked: one
--               that no process can read is put off, and says why
--   known       ids of the rest of the call: they are live already, or have ended and were enqueued `once`
--   staged      of how many jobs the payloads were put aside under this id (job_queue_stage)
-- Returns {ok: true} when they are committed, or were before. Else nothing was: {ok: false, reason, once}. reason: reused, for another call;
-- unstaged; changed: some of the jobs have come into line since, or their ids are taken, as `once` says (job_queue_once_before): decide again.
-- Raises JQ005 (job_exists) for an id that is submitted with another body, JQ001 for a call out of bounds.
create or replace function public.job_queue_submit_call(queue text, request_id text, digest text, jobs jsonb, known text[], staged integer)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  said jsonb := jsonb_build_object('type', 'submit', 'digest', $3);
  given text[];
  ids bigint[];
  fresh text[];
  taken jsonb;
begin
  if length($1) between 1 and 200 is not true or length($2) between 1 and 190 is not true or $3 is null
     or jsonb_typeof($4) is distinct from 'array' or jsonb_array_length($4) > 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_submit_call takes a queue, a request id of 1..190 characters and up to 10,000 jobs';
  end if;
  if exists (select from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = $2) then
    return case when exists (select from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = $2 and i.command = said)
      then '{"ok": true}' else '{"ok": false, "reason": "reused"}' end::jsonb;
  end if;
  if (select count(*) from interlock.job_queue_staged s where s.queue = $1 and s.command_id = $2) < $6 then
    return '{"ok": false, "reason": "unstaged"}';
  end if;
  given := array(select g.job ->> 'job_id' from jsonb_array_elements($4) with ordinality as g (job, n) order by g.n);
  select to_jsonb(array_agg(jsonb_build_object('job_id', o.job_id, 'seq', o.seq, 'until', (extract(epoch from o.until) * 1000000)::bigint,
           'body', o.body, 'payload_hash', o.payload_hash, 'has_data', o.has_data, 'stands_for', o.stands_for))) into taken
    from interlock.job_queue_once o
   where o.queue = $1 and o.job_id = any (array(select g.job ->> 'job_id' from jsonb_array_elements($4) as g (job) where g.job ? 'once'))
     and (o.until is null or o.until > clock_timestamp());
  if taken is not null or exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = any (given)) then
    return jsonb_build_object('ok', false, 'reason', 'changed', 'once', coalesce(taken, '[]'));
  end if;

  ids := array(select nextval('interlock.job_queue_submissions_id_seq') from generate_series(1, cardinality(given)));
  -- Written in the order of the jobs' ids, so that two lists never wait for each other; numbered in the order given.
  with entered as (
    insert into interlock.job_queue_submissions as s (id, queue, job_id, request_id, job, taken_until)
    overriding system value
    select ids[g.n], $1, g.job ->> 'job_id', $2,
           case when p.item ? 'payload' then g.job || jsonb_build_object('payload', p.item -> 'payload') else g.job end,
           clock_timestamp() + interval '5 seconds'
      from jsonb_array_elements($4) with ordinality as g (job, n)
      left join interlock.job_queue_staged p on p.queue = $1 and p.command_id = $2 and p.job_id = g.job ->> 'job_id'
     order by g.job ->> 'job_id' collate "C"
    on conflict (queue, job_id) do nothing returning s.job_id)
  select coalesce(array_agg(e.job_id), '{}') into fresh from entered e;
  if cardinality(fresh) < cardinality(given) then
    perform interlock.job_queue_refuse_other('submitted', g.job, interlock.job_queue_job_body(s.job), s.job -> 'payload', false)
       from jsonb_array_elements($4) as g (job)
       join interlock.job_queue_submissions s on s.queue = $1 and s.job_id = g.job ->> 'job_id' and s.request_id <> $2;
  end if;
  delete from interlock.job_queue_staged s where s.queue = $1 and s.command_id = $2;

  insert into interlock.job_queue_inbox as i (queue, request_id, command, answer, answered_at, taken_until)
  values ($1, $2, said, jsonb_build_object('request_id', $2, 'jobs', (
      select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', k.id, 'state', case when k.is_new then 'submitted' else 'known' end))), '[]')
        from (select u.id, f.id is not null as is_new from unnest(given) u (id) left join unnest(fresh) f (id) on f.id = u.id
              union all select w.id, false from unnest($5) w (id)) k)), clock_timestamp(), clock_timestamp() + interval '5 seconds')
  on conflict (queue, request_id) do nothing;
  if not found then
    -- The same call, at the same time.
    delete from interlock.job_queue_submissions s where s.queue = $1 and s.request_id = $2 and s.job_id = any (fresh);
  end if;
  return '{"ok": true}';
end
$$;

-- job_queue_submitted_call(queue, request_id, digest, is_holder): how far a call is that job_queue_submit_call has committed, and what is left
-- of it, for the process that puts it in line.
--   digest     as for job_queue_submit_call
--   is_holder  true: it was reserved for the caller before; else what another process has reserved stays with that one
-- Returns null if no such call is committed, else {is_reused, is_taken, left, open, held, answer}. is_reused: another call has this id. is_taken:
-- another process puts them in line. left: how many are not in line. open: [{id, job_id}, …] in order, reserved for the caller for 5 s from now. held: [{job_id, reason}, …], the
-- jobs that cannot come into line yet (job_queue_settle). answer: what job_queue_answer returns, null until all are in line. Raises nothing.
create or replace function public.job_queue_submitted_call(queue text, request_id text, digest text, is_holder boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  call record;
  is_taken boolean := false;
  held jsonb;
  open jsonb := '[]';
begin
  select i.command ->> 'digest' as digest, coalesce(i.taken_until > clock_timestamp(), false) as is_reserved
    into call from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = $2;
  if not found then
    return null;
  end if;
  if call.digest is distinct from $3 then
    return '{"is_reused": true, "is_taken": false, "left": 0, "open": [], "held": [], "answer": null}';
  end if;
  if not $4 then
    is_taken := call.is_reserved or exists (select from interlock.job_queue_submissions s
      where s.queue = $1 and s.request_id = $2 and s.code is null and s.taken_until > clock_timestamp());
  end if;
  if not is_taken then
    -- One row of the call, in place of one for each of its jobs.
    update interlock.job_queue_inbox i set taken_until = clock_timestamp() + interval '5 seconds' where i.queue = $1 and i.request_id = $2;
    select coalesce(to_jsonb(array_agg(jsonb_build_object('id', s.id, 'job_id', s.job_id) order by s.id)), '[]') into open
      from interlock.job_queue_submissions s where s.queue = $1 and s.request_id = $2 and s.code is null;
  end if;
  select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', s.job_id, 'reason', s.reason) order by s.id)), '[]') into held
    from interlock.job_queue_submissions s where s.queue = $1 and s.request_id = $2 and s.code is not null;
  return jsonb_build_object('is_reused', false, 'is_taken', is_taken,
    'left', (select count(*) from interlock.job_queue_submissions s where s.queue = $1 and s.request_id = $2), 'open', open, 'held', held,
    'answer', case when is_taken or open <> '[]' or held <> '[]' then null else public.job_queue_answer($2, $1) end);
end
$$;

-- job_queue_circle(jobs): jobs of one list that wait for each other. Internal.
--   jobs  a list in which job_queue_jobs_fault finds no fault
-- Returns the ids of a circle in the order of their links, the first one also last; null if there is none. Raises nothing.
create or replace function interlock.job_queue_circle(jobs jsonb) returns text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  names text[];
  parents int[];
  children int[];
  begins int[];
  open int[];
  ready int[] := '{}';
  via int[];
  seen int[];
  circle text[] := '{}';
  at int;
  done int := 0;
begin
  -- Each job of the list, and each link between two of them, by the numbers of both.
  names := array(select distinct coalesce(e.job ->> 'job_id', e.job ->> 'jobId') collate "C"
    from jsonb_array_elements($1) e (job) order by 1);
  with numbered as (select n.id, n.n::int from unnest(names) with ordinality as n (id, n)),
  links as (
    select distinct p.n as parent, c.n as child
      from jsonb_array_elements($1) e (job)
      join numbered c on c.id = coalesce(e.job ->> 'job_id', e.job ->> 'jobId')
      cross join lateral jsonb_array_elements(interlock.job_queue_parents(e.job -> 'after')) a
      join numbered p on p.id = a ->> 0
     where jsonb_typeof(e.job -> 'after') = 'array')
  select array_agg(l.parent order by l.parent, l.child), array_agg(l.child order by l.parent, l.child) into parents, children from links l;
  if parents is null then
    return null;
  end if;
  -- Jobs whose parents have all gone go, too: what is left over waits for itself.
  open := array_fill(0, array[cardinality(names)]);
  begins := array_fill(0, array[cardinality(names)]);
  for i in reverse cardinality(parents)..1 loop
    begins[parents[i]] := i;
    open[children[i]] := open[children[i]] + 1;
  end loop;
  for n in 1..cardinality(names) loop
    if open[n] = 0 then
      ready := ready || n;
    end if;
  end loop;
  while done < cardinality(ready) loop
    done := done + 1;
    at := begins[ready[done]];
    while at between 1 and cardinality(parents) and parents[at] = ready[done] loop
      open[children[at]] := open[children[at]] - 1;
      if open[children[at]] = 0 then
        ready := ready || children[at];
      end if;
      at := at + 1;
    end loop;
  end loop;
  if done = cardinality(names) then
    return null;
  end if;
  -- Each one that is left over has a parent that is left over: from one to the next until one comes again.
  via := array_fill(0, array[cardinality(names)]);
  for i in 1..cardinality(parents) loop
    if open[parents[i]] > 0 and open[children[i]] > 0 then
      via[children[i]] := parents[i];
      at := children[i];
    end if;
  end loop;
  seen := array_fill(0, array[cardinality(names)]);
  while seen[at] = 0 loop
    seen[at] := 1;
    at := via[at];
  end loop;
  done := at;
  loop
    circle := circle || names[at];
    at := via[at];
    exit when at = done;
  end loop;
  return circle || names[done];
end
$$;

-- job_queue_submitted_circle(queue, jobs): jobs that wait for each other over several transactions. Internal.
--   jobs  as for job_queue_circle; those that they come after are looked for among what is submitted and not in line yet
-- Returns a circle as job_queue_circle does; null if there is none, or if one of its jobs is live or has ended: the others come after that life
-- of it. Raises nothing.
create or replace function interlock.job_queue_submitted_circle(queue text, jobs jsonb) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  above jsonb;
  circle text[];
begin
  with recursive parents as (
    select s.job_id, s.job from jsonb_array_elements($2) e (job)
      cross join lateral jsonb_array_elements(interlock.job_queue_parents(e.job -> 'after')) p
      join interlock.job_queue_submissions s on s.queue = $1 and s.job_id = p ->> 0
     where jsonb_typeof(e.job -> 'after') = 'array'
    union
    select s.job_id, s.job from parents c
      cross join lateral jsonb_array_elements(interlock.job_queue_parents(c.job -> 'after')) p
      join interlock.job_queue_submissions s on s.queue = $1 and s.job_id = p ->> 0)
  select to_jsonb(array_agg(p.job)) into above from parents p;
  circle := case when above is not null then interlock.job_queue_circle($2 || above) end;
  if circle is null or exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = any (circle))
     or public.job_queue_endings($1, circle) <> '[]' then
    return null;
  end if;
  return circle;
end
$$;

-- job_queue_circle_text(circle): what is told of jobs that wait for each other. Internal. Raises nothing.
create or replace function interlock.job_queue_circle_text(circle text[]) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select 'these jobs wait for each other, so none of them could ever start: ' || array_to_string($1[1:20], ' → ')
    || case when cardinality($1) > 20 then format(' → … (%s more)', cardinality($1) - 20) else '' end
$$;

-- job_queue_refuse_by_policy(queue, jobs): refuses new jobs that the policy of the queue, as it is now, keeps out of the line: a process would
-- put them off until it changes. Internal.
--   jobs  as job_queue_submitted_job returns them
-- Returns nothing. Raises JQ007 (unknown_model) and JQ008 (models_required).
create or replace function interlock.job_queue_refuse_by_policy(queue text, jobs jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  rules jsonb := (select s.policy from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1);
  wrong record;
begin
  if rules ->> 'emptySet' = 'reject' then
    select u.job ->> 'job_id' as job_id into wrong from unnest($2) as u (job) where u.job -> 'models' = '[]' limit 1;
    if found then
      raise exception using errcode = 'JQ008', constraint = 'models_required',
        message = format('job %s names no model, and the policy of the queue rejects such jobs', wrong.job_id),
        hint = 'Name its models, or allow it: npx interlock-queue policy set --empty-set bypass';
    end if;
  end if;
  if jsonb_typeof(rules -> 'models') is distinct from 'object' then
    return;
  end if;
  select u.job ->> 'job_id' as job_id, m.name into wrong
    from unnest($2) as u (job)
    cross join lateral jsonb_array_elements_text(u.job -> 'models') m (name)
    join (
      select d.name from (
        select distinct v.name from unnest($2) as u (job) cross join lateral jsonb_array_elements_text(u.job -> 'models') v (name)) d
       where not exists (
         select from jsonb_object_keys(rules -> 'models') k
          where k = d.name or (strpos(k, '*') > 0
            and d.name like replace(replace(replace(replace(k, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') escape '!'))) x on x.name = m.name
   limit 1;
  if found then
    raise exception using errcode = 'JQ007', constraint = 'unknown_model',
      message = format('job %s needs the model %s, which the policy of the queue does not declare', wrong.job_id, wrong.name),
      hint = 'Correct the name, or declare it: npx interlock-queue policy set --models <model>';
  end if;
end
$$;

-- job_queue_said_before(queue, request_id, command): what was answered when these jobs were submitted under this id before. Internal.
-- Returns null if nothing was requested under it. Raises JQ001 if something else was.
create or replace function interlock.job_queue_said_before(queue text, request_id text, command jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  known record;
begin
  select i.command, i.answer into known from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = $2;
  if found and known.command <> $3 then
    raise exception using errcode = 'JQ001', message = format('request id %s was used for another command', $2),
      hint = 'Use a new id for a new command.';
  end if;
  return known.answer;
end
$$;

-- job_queue_submitted_job(job): a job as it is kept: its fields in the names of SQL, without those that say nothing. A model that comes twice
-- is left so: the process that takes the job in tells of it. Internal. Raises nothing.
create or replace function interlock.job_queue_submitted_job(job jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(lower(regexp_replace(e.key, '([A-Z])', E'_\\1', 'g')), e.value)
         -- Beside it: an aggregate of objects takes time by the square of what is in one.
         || case when $1 ? 'payload' then jsonb_build_object('payload', $1 -> 'payload') else '{}' end
    from jsonb_each($1 - 'payload') as e where e.value <> 'null'
$$;

-- job_queue_micros(run_at): a time with a zone, in microseconds since 1970, cut to milliseconds as programs cut it. Internal.
-- Returns null for what is no such time, before 1970 and after June 2255. Raises nothing.
create or replace function interlock.job_queue_micros(run_at text) returns bigint
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case when t.micros between 0 and 9007199254740991 then t.micros end
    from (
      select (floor(extract(epoch from (p.part[1] || coalesce(p.part[2], ''))::timestamp
               - case p.part[3] when '-' then -1 else 1 end * coalesce(nullif(p.part[4], ''), '0:0')::interval) * 1000) * 1000)::bigint as micros
        from regexp_match($1, E'^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(\\.\\d{1,3})?\\d*(?:Z|([+-])(\\d\\d:\\d\\d))$') as p (part)
       where $1 ~ E'^(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])))T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)$'
         and left($1, 4) between '1969' and '2256') t
$$;

-- job_queue_parents(after): what a job comes after, in whatever way it was written: [[job, goes on], …], in an order of its own. Internal.
-- Returns an empty list if it comes after none. Raises nothing.
create or replace function interlock.job_queue_parents(after jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_array(p.job, p.goes_on) order by p.job collate "C", p.goes_on)), '[]')
    from (select case jsonb_typeof(n) when 'string' then n #>> '{}' else n ->> 'job' end as job,
                 case jsonb_typeof(n) when 'object' then coalesce(n ->> 'if_failed', n ->> 'ifFailed') = 'continue' else false end is true as goes_on
            from jsonb_array_elements(case jsonb_typeof($1) when 'array' then $1 else '[]' end) n) p
$$;

-- job_queue_event_body(job_type, models, data): what two jobs under one id are compared by (src/engine/core/decide/same-job.ts) beside the payload,
-- as a `queued` event has it: each field with what it is unless given. Without what the job comes after: that is in other events. Internal.
-- Returns an object. Raises nothing.
create or replace function interlock.job_queue_event_body(job_type text, models text[], data jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select {{job_body}}
$$;

-- job_queue_job_body(job): the same of a job as job_queue_submitted_job returns it, with what it comes after, and each model once. Internal.
-- Returns an object. Raises nothing.
create or replace function interlock.job_queue_job_body(job jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select interlock.job_queue_event_body(coalesce($1 ->> 'job_type', 'normal'), n.names,
      $1 - case when $1 -> 'uses' = '{}' then 'uses' else '' end
      || jsonb_build_object('run_at', interlock.job_queue_micros($1 ->> 'run_at'))
      || coalesce((
        select jsonb_build_object('whole', to_jsonb(array_agg(m.name order by m.place)))
          from unnest(n.names) with ordinality m (name, place)
         where $1 -> 'modes' ->> m.name = 'exclusive' having count(*) > 0), '{}'))
    || jsonb_build_object('after', interlock.job_queue_parents($1 -> 'after'))
    from (select coalesce(array_agg(m.name order by m.n), '{}') as names
            from (select v.name, min(v.n) as n from jsonb_array_elements_text($1 -> 'models') with ordinality as v (name, n) group by v.name) m) n
$$;

-- job_queue_job_digest(body, payload, is_vague): what job_queue_once keeps of a job for job_queue_refuse_digest. Internal.
--   body, …  as job_queue_queued_job returns them
-- Returns two parts, divided by a colon. Raises nothing.
create or replace function interlock.job_queue_job_digest(body jsonb, payload jsonb, is_vague boolean) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select md5($1::text) || ':' || case when $3 then '?' else coalesce(md5($2::text), '') end
$$;

-- job_queue_refuse_digest(job, digest): compares a job with one that was enqueued `once`, and whose event is gone with a cut. Internal.
--   digest  as job_queue_once has it
-- Returns true if they are the same, null if nobody can tell. Raises JQ005 (job_exists) if they are not the same.
create or replace function interlock.job_queue_refuse_digest(job jsonb, digest text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  own text := interlock.job_queue_job_digest(interlock.job_queue_job_body(job) - 'after', job -> 'payload', false);
  is_same_spec boolean := split_part(own, ':', 1) = split_part(digest, ':', 1);
  is_same_payload boolean := not job ? 'payload' or split_part(digest, ':', 2) in ('?', split_part(own, ':', 2));
begin
  -- Of a job that waits for the last of its key, time and payload are those of others.
  if digest is null or job #> '{dedupe,debounce}' is not null then
    return null;
  end if;
  if is_same_spec and is_same_payload then
    return true;
  end if;
  raise exception using errcode = 'JQ005', constraint = 'job_exists',
    message = format('job %s is enqueued once with another %s', job ->> 'job_id', case when is_same_spec then 'payload' else 'spec' end),
    hint = 'Wait until its time is over, or use another id.';
end
$$;

-- job_queue_queued_job(queue, job_id, seq): the job that a `queued` event of log or archive has put in line. Internal.
-- Returns its body as job_queue_job_body does, its payload, and is_vague: its payload is not known any more, or is a row of `jobs`; body null
-- without such an event. Raises nothing.
create or replace function interlock.job_queue_queued_job(queue text, job_id text, seq bigint,
  out body jsonb, out payload jsonb, out is_vague boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  event record;
begin
  select l.job_type, l.models, l.data, l.command_id into event from public.job_queue_log l
   where l.queue = $1 and l.seq = $3 and l.job_id = $2 and l.event_type = 'queued';
  if not found then
    select a.job_type, a.models, a.data, a.command_id into event from interlock.job_queue_log_archive a
     where a.queue = $1 and a.seq = $3 and a.job_id = $2 and a.event_type = 'queued';
  end if;
  if not found then
    return;
  end if;
  body := interlock.job_queue_event_body(event.job_type, event.models, event.data) || '{"after": []}';
  if event.data ? 'after' then
    -- Later links come from handlers that add jobs.
    body := body || jsonb_build_object('after', interlock.job_queue_parents((
      select to_jsonb(array_agg(jsonb_build_object('job', p.id, 'if_failed', case when k.data ? 'goes_on' then 'continue' else 'fail' end)))
        from (
          select l.data from public.job_queue_log l
           where l.queue = $1 and l.job_id = $2 and l.event_type = 'linked' and l.command_id = event.command_id
          union all
          select a.data from interlock.job_queue_log_archive a
           where a.queue = $1 and a.job_id = $2 and a.event_type = 'linked' and a.command_id = event.command_id) k
        cross join lateral jsonb_array_elements_text(k.data -> 'after') as p (id))));
  end if;
  payload := (select d.payload from interlock.job_queue_data d where d.queue = $1 and d.job_id = $2 and d.life = $3);
  is_vague := payload is null and coalesce(event.data ?| '{has_data,payload_hash}', false);
end
$$;

-- job_queue_refuse_other(how, job, body, payload, is_vague): compares a job with another one of the same id. Internal.
--   how       what the other one is, in a word
--   body, …   of the other one, as job_queue_queued_job returns them
-- Returns true if they are the same, null if nobody can tell. Raises JQ005 (job_exists) if they are not the same.
create or replace function interlock.job_queue_refuse_other(how text, job jsonb, body jsonb, payload jsonb, is_vague boolean) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Of a job that waits for the last of its key, time and payload are those of others.
  is_of_last boolean := $2 #> '{dedupe,debounce}' is not null;
  is_same boolean := $3 - case when is_of_last then 'run_at' else '' end
    = interlock.job_queue_job_body($2) - case when is_of_last then 'run_at' else '' end;
begin
  if $3 is null or (is_same and (is_of_last or not $2 ? 'payload' or $5 or $4 is not distinct from $2 -> 'payload')) then
    return is_same;
  end if;
  raise exception using errcode = 'JQ005', constraint = 'job_exists',
    message = format('job %s is %s with another %s', $2 ->> 'job_id', $1, case when is_same then 'payload' else 'spec' end),
    hint = 'Wait until that one has ended, cancel it, or use another id.';
end
$$;

-- job_queue_payload_fault(payload): what is wrong with a payload. Internal.
-- Returns a text that begins with `payload`; null if nothing is wrong. Raises nothing.
create or replace function interlock.job_queue_payload_fault(payload jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  bytes bigint := octet_length(payload::text);
begin
  -- Without the blanks that only the text of jsonb has.
  if bytes > 1048576 then
    bytes := bytes - coalesce((
      select sum(greatest(case jsonb_typeof(v) when 'array' then jsonb_array_length(v) - 1
        when 'object' then 2 * (select count(*) from jsonb_object_keys(v)) - 1 end, 0))
        from jsonb_path_query(payload, 'strict $.** ? (@.type() == "array" || @.type() == "object")') v), 0);
  end if;
  return case
    when bytes > 1048576 then 'payload: has more than 1 MB as JSON; store it elsewhere and pass its address'
    when jsonb_path_exists(payload, 'strict $.**{100} ? (@.type() == "array" || @.type() == "object")') then
      'payload: nests deeper than 100 levels; make it flatter'
    when payload::text ~ '[0-9]{155}[0-9]{154}' and jsonb_path_exists(payload, 'strict $.** ? (@.type() == "number" &&
        (@ >= 1.797693134862315807e308 || @ <= -1.797693134862315807e308))')
      then 'payload: has a number that is too large; write it as a text'
  end;
end
$$;

-- job_queue_jobs_fault(jobs): what is wrong with jobs, beyond what job_queue_request_fault sees: all else for which a coordinator would
-- refuse them. Internal: job_queue_enqueue_in promises that nobody refuses them later.
--   jobs  a list in which job_queue_request_fault finds no fault
-- Returns e.g. `jobs[3].run_at: must be …`, null if nothing is wrong. Raises nothing.
create or replace function interlock.job_queue_jobs_fault(jobs jsonb) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select format('jobs[%s].%s', e.n - 1, f.fault)
    from jsonb_array_elements($1) with ordinality as e (job, n)
    cross join lateral (
      select case
        when coalesce(e.job ->> 'job_type', 'normal') not in ('normal', 'workflow') or coalesce(e.job ->> 'jobType', 'normal') not in ('normal', 'workflow')
          then 'job_type: must be "normal" or "workflow"'
        when jsonb_array_length(e.job -> 'models') > 100 and (select count(distinct m) from jsonb_array_elements(e.job -> 'models') m) > 100
          then 'models: must have at most 100 models; split the job or name a group as one model'
        when jsonb_typeof(e.job -> 'modes') = 'object'
            and exists (select from jsonb_object_keys(e.job -> 'modes') m where not (e.job -> 'models') ? m)
          then 'modes: must name models of the job'
        when jsonb_typeof(e.job -> 'after') = 'array' and e.job #> '{dedupe,debounce}' is not null and e.job -> 'after' <> '[]'
          then 'after: a job that is debounced comes after no others; leave out one of the two'
        when jsonb_typeof(e.job -> 'after') = 'array' and exists (
            select from jsonb_array_elements(e.job -> 'after') p where case jsonb_typeof(p) when 'object' then p - '{job,if_failed,ifFailed}'::text[] <> '{}' else false end)
          then 'after: must be the id of a job, or {job, if_failed: fail or continue}'
        when jsonb_typeof(e.job -> 'after') = 'array' and jsonb_array_length(e.job -> 'after')
            > (select count(distinct p ->> 0) from jsonb_array_elements(interlock.job_queue_parents(e.job -> 'after')) p)
          then 'after: must name each job once'
        when jsonb_typeof(e.job -> 'after') = 'array'
            and exists (select from jsonb_array_elements(interlock.job_queue_parents(e.job -> 'after')) p where p ->> 0 = coalesce(e.job ->> 'job_id', e.job ->> 'jobId'))
          then 'after: names the job itself'
        when jsonb_typeof(e.job -> 'asks') = 'object' and not e.job -> 'models' ?| array(select jsonb_object_keys(e.job -> 'asks'))
          then 'asks: names a model that the job does not need; name it in models too'
        when jsonb_typeof(e.job -> 'asks') = 'object' and e.job -> 'modes' ->> (select k from jsonb_object_keys(e.job -> 'asks') k limit 1) = 'exclusive'
          then 'asks: is of a model that the job has as exclusive, and takes all of; leave out one of the two'
        when jsonb_typeof(r.run_at) = 'string' and interlock.job_queue_micros(r.run_at #>> '{}') is null
          then 'run_at: must be a text with a time zone such as "2026-11-24T15:00:00Z", between 1970 and 2255'
        when r.run_at <> 'null' and e.job #> '{dedupe,debounce}' is not null
          then 'run_at: follows from dedupe.debounce; leave one of the two out'
        when jsonb_array_length(e.job -> 'models') = 0 and e.job -> 'uses' <> '{}' and e.job -> 'uses' <> 'null'
          then 'uses: are those of a job with models; name one, or leave them out'
        when greatest(r.within, r.delay, r.max_delay) > interval '365 days' then 'dedupe: must have times of 365d at most'
        when r.delay > r.max_delay then 'dedupe.debounce.delay: must not be longer than max_delay'
        when e.job ? 'payload' then interlock.job_queue_payload_fault(e.job -> 'payload')
      end as fault
      from (select coalesce(e.job -> 'run_at', e.job -> 'runAt') as run_at, (e.job #>> '{dedupe,while,within}')::interval as within,
                   (e.job #>> '{dedupe,debounce,delay}')::interval as delay,
                   coalesce(e.job #>> '{dedupe,debounce,max_delay}', e.job #>> '{dedupe,debounce,maxDelay}')::interval as max_delay) r) f
   where f.fault is not null
   order by e.n limit 1
$$;

-- job_queue_incoming(queue, lim, again): what came in by SQL and nobody has decided: commands (job_queue_open_requests), and submitted jobs,
-- both the oldest first. They are reserved for this caller for 2 s; what is then undecided goes to others. No submitted job is handed out
-- while an older one, which was not put off, is reserved for another caller: so they come into line in the order of their numbers, which
-- for one session is that of its commits.
--   lim    how many commands at most, 1..1,000; of jobs 10 times as many; fewer if they are large
--   again  true: also jobs that were put off (job_queue_settle), before their time: something has changed
-- Returns {requests: [{request_id, command}, …], submissions: [{id, job}, …]}. Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_incoming(queue text, lim integer, again boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  requests jsonb := interlock.job_queue_open_requests($1, $2);
  submission record;
  submissions jsonb[] := '{}';
  calls text[];
  ids bigint[] := '{}';
  ours bigint[];
  places tid[];
  held bigint;
  size bigint := 0;
begin
  if not exists (select from interlock.job_queue_submissions s where s.queue = $1) then
    return jsonb_build_object('requests', requests, 'submissions', '[]'::jsonb);
  end if;
  -- One caller after the other: each sees what the others have.
  perform pg_advisory_xact_lock(hashtextextended('interlock.submissions:' || $1, 0));
  -- A large call is of a session of its own, and takes longer: its process has all of it, and holds up no others.
  calls := array(select distinct s.request_id from interlock.job_queue_submissions s where s.queue = $1 and s.request_id like 'call:%');
  if calls <> '{}' then
    calls := array(select i.request_id from interlock.job_queue_inbox i
      where i.queue = $1 and i.request_id = any (calls) and i.taken_until >= clock_timestamp());
  end if;
  for submission in
    select s.id, s.job, s.code is null and s.taken_until >= clock_timestamp() as is_reserved from interlock.job_queue_submissions s
     where s.queue = $1 and (s.code is null or s.taken_until < clock_timestamp() or $3)
       and not (s.request_id like 'call:%' and s.code is null
         and (s.request_id = any (calls) or coalesce(s.taken_until >= clock_timestamp(), false)))
     order by s.id limit 10 * lim
  loop
    exit when submission.is_reserved;
    ids := ids || submission.id;
    submissions := submissions || jsonb_build_object('id', submission.id, 'job', submission.job);
    size := size + length(submission.job::text);
    exit when size >= 1000000;
  end loop;
  select l.ids, l.places into ours, places from interlock.job_queue_lock_submissions($1, ids) l;
  if cardinality(ours) < cardinality(ids) then
    -- An append that takes longer than the rows were reserved for it locks them: none passes these. Who cancels one holds up no others.
    select min(s.id) into held from interlock.job_queue_submissions s
     where s.queue = $1 and s.id = any (ids) and s.id <> all (ours) and s.code is null and s.taken_until > clock_timestamp() - interval '10 seconds';
    select coalesce(array_agg(u.submission order by u.id), '{}'), array_agg(o.place) into submissions, places
      from unnest(ids, submissions) as u (id, submission) join unnest(ours, places) as o (id, place) on o.id = u.id
     where coalesce(u.id < held, true);
  end if;
  update interlock.job_queue_submissions s set taken_until = clock_timestamp() + interval '2 seconds' where s.ctid = any (places);
  return jsonb_build_object('requests', requests, 'submissions', to_jsonb(submissions));
end
$$;

-- job_queue_lock_submissions(queue, numbers): locks submissions, without a wait. Internal.
-- Returns those that it has locked, and the places of their rows: what changes them next goes by these, which no plan can miss. Where the
-- table was empty at the last ANALYZE, another index may seem as good as that of their numbers, and each row of the queue would be compared
-- with each number. Here that order makes a difference. Raises nothing.
create or replace function interlock.job_queue_lock_submissions(queue text, numbers bigint[], out ids bigint[], out places tid[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select coalesce(array_agg(l.id), '{}'), coalesce(array_agg(l.place), '{}') into ids, places
    from unnest($2) as u (id)
    cross join lateral (
      select s.id, s.ctid as place from interlock.job_queue_submissions s
       where s.queue = $1 and s.id between u.id and u.id order by s.id for update skip locked) l;
end
$$;

-- job_queue_list_submissions(queue, after): jobs that are submitted and not in line yet, in the order in which they were submitted. Reads only.
--   after  the number of the last one of the page before, 0 at first
-- Returns [{id, job, at}, …], at in microseconds: as many as have 1,000,000 characters, and one at least; empty: there are no more. Raises nothing.
create or replace function public.job_queue_list_submissions(queue text, after bigint) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object('id', s.id, 'job', s.job,
           'at', (extract(epoch from s.submitted_at) * 1000000)::bigint) order by s.id)), '[]')
    from (
      select p.*, sum(length(p.job::text)) over (order by p.id) - length(p.job::text) as before
        from (
          select k.id, k.job, k.submitted_at from interlock.job_queue_submissions k
           where k.queue = $1 and k.id > $2 order by k.id limit 1000) p) s
   where s.before < 1000000
$$;

-- job_queue_settle(queue, known, held): what became of submitted jobs that a process has decided. Those that it has put in line are settled
-- by their append.
--   known  ids of submissions whose jobs are in line already, or have ended and were enqueued `once`: nothing is left to do
--   held   [{id, code, reason}, …]: they cannot come into line yet. They are looked at again in 10 s, or when something has changed
--          (job_queue_incoming). Of those of an unknown parent, each that is in a circle gets the code flow_cycle
-- One NOTIFY on channel interlock_answers with the name of the queue, unless the setting interlock.notify is 'off'.
-- Returns nothing. Raises nothing.
create or replace function public.job_queue_settle(queue text, known bigint[], held jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  circle text[];
begin
  with gone as (
    delete from interlock.job_queue_submissions s where s.queue = $1 and s.id = any ($2) returning s.request_id, s.job_id)
  update interlock.job_queue_inbox i
     set answer = i.answer || jsonb_build_object('jobs', (
           select to_jsonb(array_agg(case when exists (select from gone g where g.request_id = i.request_id and g.job_id = j.job ->> 'job_id')
                    then j.job || '{"state": "known"}' else j.job end order by j.n))
             from jsonb_array_elements(i.answer -> 'jobs') with ordinality as j (job, n)))
   where i.queue = $1 and i.request_id in (select g.request_id from gone g);
  update interlock.job_queue_submissions s
     set code = h.code, reason = h.reason, taken_until = clock_timestamp() + interval '10 seconds'
    from jsonb_to_recordset($3) as h (id bigint, code text, reason text)
   where s.queue = $1 and s.id = h.id;
  -- Two transactions may have closed a circle at the same time. No other job of it comes, so all of them say so.
  circle := interlock.job_queue_submitted_circle($1, (select to_jsonb(array_agg(s.job)) from interlock.job_queue_submissions s
    where s.queue = $1 and s.id in (select h.id from jsonb_to_recordset($3) as h (id bigint, code text) where h.code = 'parent_unknown')));
  update interlock.job_queue_submissions s set code = 'flow_cycle', reason = interlock.job_queue_circle_text(circle)
   where s.queue = $1 and s.job_id = any (circle);
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock_answers', $1);
  end if;
end
$$;

-- job_queue_cancel_submitted(queue, job_id): cancels a job that is submitted (job_queue_enqueue_in, job_queue_submit) and not in line yet,
-- also while no process is alive. The log never hears of it; job_queue_answer of its request names it as cancelled, and for a day the inbox
-- has a line about it, which job_queue_explain finds.
-- Returns true; false if no such job is submitted: it may be in line by now, so cancel that (job_queue_request). Waits for an append that is
-- putting it in line. Raises nothing.
create or replace function public.job_queue_cancel_submitted(queue text, job_id text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  request text;
begin
  delete from interlock.job_queue_submissions s where s.queue = $1 and s.job_id = $2 returning s.request_id into request;
  if request is null then
    return false;
  end if;
  update interlock.job_queue_inbox i
     set answer = i.answer || jsonb_build_object('jobs', (
           select to_jsonb(array_agg(case when j.job ->> 'job_id' = $2 then j.job || '{"state": "cancelled"}' else j.job end order by j.n))
             from jsonb_array_elements(i.answer -> 'jobs') with ordinality as j (job, n)))
   where i.queue = $1 and i.request_id = request;
  insert into interlock.job_queue_inbox (queue, request_id, command, answer, answered_at)
  values ($1, 'hand:cancelled:' || md5($2), jsonb_build_object('type', 'cancel', 'job_id', $2), '{"ok": true}', clock_timestamp())
  on conflict on constraint job_queue_inbox_pkey do update set answered_at = excluded.answered_at;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock_answers', $1);
  end if;
  return true;
end
$$;

-- job_queue_cancel_submitted_after(queue, job_ids): cancels the submitted jobs that come after one of these, or after one that comes after
-- them, as job_queue_cancel_submitted does each. For `cancel` with `descendants`, which finds the live ones in the queue.
--   job_ids  live or submitted jobs; they themselves stay
-- Returns the ids of those that it has cancelled. Waits for an append that is putting one in line. Raises nothing.
create or replace function public.job_queue_cancel_submitted_after(queue text, job_ids text[]) returns text[]
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  after text[];
begin
  with recursive links as materialized (
    select s.job_id, p.link ->> 0 as parent
      from interlock.job_queue_submissions s
      cross join lateral jsonb_array_elements(interlock.job_queue_parents(s.job -> 'after')) as p (link)
     where s.queue = $1 and s.job ? 'after'),
  found as (
    select l.job_id from links l where l.parent = any ($2)
    union
    select l.job_id from links l join found f on l.parent = f.job_id)
  select array_agg(f.job_id order by f.job_id) into after from found f where f.job_id <> all ($2);
  return array(select a.id from unnest(after) as a (id) where public.job_queue_cancel_submitted($1, a.id));
end
$$;
