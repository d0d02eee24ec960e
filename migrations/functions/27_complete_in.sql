-- The end of an attempt in the transaction of its handler (docs/guides/submitting.md, "The other direction").

-- job_queue_complete_in(job_id, fence, result, queue, notify, used): ends an attempt with the caller's own writes: the job has ended when this
-- transaction is committed, and goes on as if nothing had been said when it is not. Call it in the transaction that has the effects of the
-- job. It puts a command into the inbox, and locks nothing that an append waits for. At the commit the attempt is looked at again, under a
-- lock of its row: if it was ended meanwhile (its lease ran out, it was cancelled by force, it timed out), the commit fails. From the
-- commit on nothing else ends the attempt: any other end is left out (`ending`), and whichever process comes first writes it down.
--   job_id  the job that runs
--   fence   that of the attempt, as the handler or job_queue_answer has it: 0000000001.0000000000000042
--   result  1 MB of JSON at most, nested 100 levels deep at most; null: none
--   queue   `default` unless given
--   notify  false: sends no NOTIFY, so the next look of a process finds it (within 5 s), or the worker whose handler this is. For very many
--           commits a second, which NOTIFY makes wait for each other, and for PREPARE TRANSACTION, which takes none
--   used    what the attempt has used of which resources, {"openai-tpm": 2100}; of those that it does not name, as much as it had reserved
-- Returns the id of the request, for job_queue_answer: 'end-of:' and the attempt's token. Twice in one attempt with the same result does
-- nothing again.
-- Raises JQ004 here or at the commit if the attempt does not run (any more): roll back, what it did must not stay. Raises JQ001 for a
-- call out of bounds, or with another result or use than the first one. The commit raises 40001 instead of JQ004 under REPEATABLE READ and
-- SERIALIZABLE: it sees that the row of the attempt was changed, and not how.
create or replace function public.job_queue_complete_in(
  job_id text, fence text, result jsonb default null, queue text default 'default', notify boolean default true,
  used jsonb default null) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  token bigint := case when $2 ~ E'^[0-9]{10}\\.[0-9]{16}$' then split_part($2, '.', 2)::bigint end;
  id text := 'end-of:' || token;
  holder text;
  command jsonb;
  fault text;
begin
  if token is null or length($1) between 1 and 200 is not true or length($4) between 1 and 200 is not true
     or octet_length($3::text) > 1048576 or jsonb_path_exists($3, '$.**{100}')
     or jsonb_path_exists($3, '$.** ? (@.type() == "number" && (@ >= 1.797693134862315808e308 || @ <= -1.797693134862315808e308))') then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_complete_in takes a job, the fence of its attempt, and a result of 1 MB at most, nested 100 levels deep at most';
  end if;
  select j.worker_id into holder from public.job_queue_jobs j
   where j.queue = $4 and j.job_id = $1 and j.state = 'active' and j.fencing_token = token
     and split_part($2, '.', 1)::bigint = (select h.epoch from interlock.job_queue_heads h where h.queue = $4 order by h.version desc limit 1);
  if not found then
    raise exception using errcode = 'JQ004', message = format('job %s: the attempt with fence %s does not run', $1, $2),
      hint = 'It ended, was lost with its lease, or never began. Roll back: what it did must not stay.';
  end if;
  command := jsonb_build_object('type', 'complete', 'job_id', $1, 'token', token)
    || case when holder is null then '{}' else jsonb_build_object('worker_id', holder) end
    || case when $3 is null then '{}' else jsonb_build_object('result', $3) end
    || case when $6 is null then '{}' else jsonb_build_object('used', $6) end;
  if $6 is not null then
    fault := interlock.job_queue_request_fault(command);
    if fault is not null then
      raise exception using errcode = 'JQ001', message = format('job_queue_complete_in: %s', fault);
    end if;
  end if;
  insert into interlock.job_queue_inbox (queue, request_id, command) values ($4, id, command)
  on conflict on constraint job_queue_inbox_pkey do nothing;
  if not found and (select i.command from interlock.job_queue_inbox i where i.queue = $4 and i.request_id = id) is distinct from command then
    raise exception using errcode = 'JQ001', message = format('job %s: its end with another result was said before', $1),
      hint = 'One attempt has one result. Call it once, as the last statement before the commit.';
  end if;
  if coalesce($5, true) and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return id;
end
$$;

-- job_queue_check_end(): the trigger at the commit of an end that a handler has said in its own transaction (job_queue_complete_in). An
-- append that ends the attempt in another way locks its row too, and looks for this end once it has the lock: so one of the two sees the
-- other. It waits only for an append that is under way. Raises JQ004 if the attempt does not run any more. A deferred constraint trigger.
create or replace function interlock.job_queue_check_end() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  perform from public.job_queue_jobs j
   where j.queue = new.queue and j.job_id = new.command ->> 'job_id' and j.state = 'active'
     and j.fencing_token = (new.command ->> 'token')::bigint
     for share;
  if not found then
    raise exception using errcode = 'JQ004',
      message = format('job %s: the attempt that this transaction was to end has ended', new.command ->> 'job_id'),
      hint = 'Its lease ran out, it timed out, or it was cancelled by force. Nothing of this transaction stays.';
  end if;
  return null;
end
$$;

-- job_queue_ending(queue, request_ids, events): of these requests, the jobs whose end is committed with the writes of their handler
-- (job_queue_complete_in), and that the events would end in another way. Internal; called by job_queue_append once it has locked the rows
-- of these attempts.
--   events  as for job_queue_append
-- Returns [job_id, …]; null if there are none. Raises nothing.
create or replace function interlock.job_queue_ending(queue text, request_ids text[], events jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select to_jsonb(array_agg(i.command ->> 'job_id'))
    from interlock.job_queue_inbox i
   where i.queue = $1 and i.request_id = any ($2) and i.answered_at is null
     and not exists (
       select from jsonb_to_recordset($3) as e (event_type text, job_id text, command_id text)
        where e.job_id = i.command ->> 'job_id' and e.event_type = 'completed' and e.command_id = 'sql:' || i.request_id)
$$;

-- job_queue_end_of(queue, token): the end of an attempt that its handler has committed with its own writes (job_queue_complete_in), for the
-- worker that ran it.
-- Returns {request_id, command, decided}; null if none is committed, or was decided more than a day ago. Raises nothing.
create or replace function public.job_queue_end_of(queue text, token bigint) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select jsonb_build_object('request_id', i.request_id, 'command', i.command, 'decided', i.answered_at is not null)
    from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = 'end-of:' || $2
$$;

-- job_queue_committed_ends(queue): jobs whose handlers have committed their end (job_queue_complete_in), which nobody has written into the
-- log yet. Reads only.
-- Returns [job_id, …], at most 1,000. Raises nothing.
create or replace function public.job_queue_committed_ends(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select coalesce(to_jsonb(array_agg(e.job_id)), '[]') from (
    select i.command ->> 'job_id' as job_id from interlock.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null and i.request_id like 'end-of:%' order by i.created_at limit 1000) e
$$;

-- job_queue_check_incoming(queue): what handlers and submitters have put in (job_queue_complete_in, job_queue_enqueue_in) and what the log
-- says of it, for a program that checks what was changed by hand (`interlock verify`): an end that is left behind although its attempt is
-- over, one that was decided and that the log does not have, and a submission that is left behind although its job is in line.
-- Returns [{row, stored, logged}, …], at most 1,000, in words. Raises nothing.
create or replace function public.job_queue_check_incoming(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select coalesce(to_jsonb(array_agg(to_jsonb(d) order by d.row)), '[]') from (
    select 'job_queue_inbox ' || i.request_id as row, 'an end that nobody has decided' as stored, 'an attempt that does not run' as logged
      from interlock.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null and i.request_id like 'end-of:%'
       and not exists (
         select from public.job_queue_jobs j
          where j.queue = $1 and j.job_id = i.command ->> 'job_id' and j.state = 'active' and j.fencing_token = (i.command ->> 'token')::bigint)
    union all
    select 'job_queue_inbox ' || i.request_id, 'an end that was decided', 'no such end'
      from interlock.job_queue_inbox i
     where i.queue = $1 and i.request_id like 'end-of:%' and i.answer @> '{"ok": true}'
       and (i.command ->> 'token')::bigint > (select max(h.archived_seq) from interlock.job_queue_heads h where h.queue = $1)
       and not exists (
         select from public.job_queue_log l
          where l.queue = $1 and l.job_id = i.command ->> 'job_id' and l.event_type = 'completed' and l.command_id = 'sql:' || i.request_id)
    union all
    select 'job_queue_submissions ' || s.job_id, 'a job that waits for a process', format('event %s, which has decided it', l.seq)
      from interlock.job_queue_submissions s
      join public.job_queue_log l on l.queue = $1 and l.job_id = s.job_id and l.data @> jsonb_build_object('submission', s.id)
     where s.queue = $1
    limit 1000) d
$$;
