-- Where a job stands and why, as far as the tables say it, with or without a process alive.

-- job_queue_explain(job_id, queue): where a job stands, for the page of the user whose job it is: how many are ahead of it in the line of
-- each model, and why it waits. Runs with the rights of its caller and shows what job_queue_places shows him: the jobs whose
-- row in `jobs` he can read, and every job if he may read job_queue_jobs, as may a SECURITY DEFINER function of yours that checks the owner
-- (docs/guides/your-app.md#tell-the-one-who-asked). Granted to no browser until you do so (docs/guides/supabase.md).
-- It says what rows and events say, in the codes of `interlock explain`. The rules of admission are not in SQL: where the rows do not
-- settle why a job waits, `code` is null and `needs` is process.
-- Returns {job_id, queue, state, ahead, position, models, code, needs, reason, starts_in_seconds, starts_from_seconds, starts_to_seconds,
-- starts_reason}; null for a job that nobody has ever heard of. For users of the view: null too for a job that is not live, and all the same for one whose row
-- the caller cannot read, or whose row does not follow its job (yet: within a second).
--   state              waiting or active; for those who may read job_queue_jobs also submitted (by SQL or as a row of `jobs`, and nobody has
--                      decided), refused (it never came in), ended, archived (the log has no event of it any more), unknown (a row of `jobs`
--                      that no log knows)
--   ahead              how many stand ahead of it in the line of the whole queue; null when it stands in no line. Under `weights` others may
--                      have their turn before it: whose turn it is follows from what keys have used, which only a process knows
--   position           the same as `ahead`, by its former name
--   models             [{model, ahead, running, capacity}, …]: in the line of each model, how many stand ahead (null: in no line), and
--                      how many run of how many
--   code, reason       why it waits (draining, waits_for_parents, not_due, fits_no_place, model_paused, use_over_limit, serialized, at_capacity, model_in_use, behind_in_line, no_worker,
--                      offered), what is wrong with it (late, lost, overdue), and that in a sentence; it reveals no other job and no person.
--                      Else undecided, arrived, not_taken_in, adoptable, why a submitted job is put off, the code of a refusal, or how it
--                      ended (completed, failed, cancelled, expired, bypassed, deduplicated). Null: it runs, or see `needs`
--   needs              process: only a process can tell why it waits at this moment (interlock explain); else null
--   starts_in_seconds, starts_from_seconds, starts_to_seconds
--                      null: only a process can tell when it starts, by what the queue has just done (interlock explain, position)
--   starts_reason      that in a sentence, of a waiting job; else null
--   stands_for         for those who may read job_queue_jobs: the job that stands for this one (deduplicated); absent: none does
--   also               for them too: [text], by which schedule the job came, and for which due time; absent: by none
-- Raises 42501 for who may not call it, or may not read `jobs` at all.
create or replace function public.job_queue_explain(job_id text, queue text default 'default') returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found jsonb;
  before text := coalesce(current_setting('interlock.position_of', true), '');
begin
  -- So that the view looks for one row of `jobs`, and not for those of all live jobs.
  perform set_config('interlock.position_of', $1, true);
  found := (select p.position from public.job_queue_places p where p.queue = $2 and p.job_id = $1);
  perform set_config('interlock.position_of', before, true);
  -- Users may not look into that schema, so nothing in it is named for them.
  if not has_schema_privilege('interlock', 'usage') then
    return found;
  end if;
  if not has_function_privilege('interlock.job_queue_not_live(text, text)', 'execute') then
    return found;
  end if;
  if found is null then
    found := '{"ahead": null, "position": null, "models": [], "needs": null, "starts_in_seconds": null, "starts_from_seconds": null,
      "starts_to_seconds": null, "starts_reason": null}'::jsonb || jsonb_build_object('job_id', $1, 'queue', $2) || interlock.job_queue_not_live($2, $1);
  end if;
  return found || interlock.job_queue_by_schedule($2, $1);
end
$$;

-- job_queue_by_schedule(queue, job_id): by which schedule a job came in its last life, in words: by the clock of the schedule's own zone, as
-- interlock explain says it. Of a schedule that was removed, or whose declaration is archived, or in a zone that this server does not know, by
-- UTC. Internal; called by job_queue_explain.
-- Returns {also: [text]}; {} if it came by none, or the log does not have that event any more. Raises nothing.
create or replace function interlock.job_queue_by_schedule(queue text, job_id text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  fired jsonb;
  due timestamptz;
  zone text;
  here timestamp;
begin
  -- seq + 0: a plain order by would read the primary key backwards, past the events of all other jobs.
  select l.data into fired
    from public.job_queue_log l
   where l.queue = $1 and l.job_id = $2 and l.event_type = 'queued' order by l.seq + 0 desc limit 1;
  if fired ->> 'schedule' is null then
    return '{}';
  end if;
  -- Its id says it; the event of a retry does not.
  due := substring($2 from E'@(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)(?:~\\d+)?$')::timestamptz;
  -- What is said of a schedule names no job.
  zone := coalesce((
    select case l.event_type when 'schedule_set' then l.data ->> 'tz' end
      from public.job_queue_log l
     where l.queue = $1 and l.job_id is null and l.event_type in ('schedule_set', 'schedule_removed')
       and l.data ->> 'schedule' = fired ->> 'schedule'
     order by l.seq + 0 desc limit 1), 'UTC');
  begin
    -- An offset counts eastwards here, as it does in a declaration; a name that is one would count westwards.
    here := case when zone ~ '^[-+]' then due at time zone zone::interval else due at time zone zone end;
  exception when data_exception then
    zone := 'UTC';
    here := due at time zone zone;
  end;
  return jsonb_build_object('also', jsonb_build_array(format('due at %s %s, by schedule %s (%s)',
    to_char(here, case when to_char(here, 'SS') = '00' then 'HH24:MI' else 'HH24:MI:SS' end), zone, fired ->> 'schedule',
    to_char(here, 'YYYY-MM-DD'))));
end
$$;

-- job_queue_of_job(queue, job_id): what the tables say of one job beside its row in job_queue_jobs, to explain what is with it, with or
-- without a process alive. Reads only, judges nothing.
-- Returns an object; times in microseconds:
--   version, now           the last event of the queue, and the database's clock
--   archived_seq           up to which event the log is archived
--   kept                   whether job_queue_log_archive has events of the queue
--   events, voided         the last events of the job that are in the log, 200 at most, in order (as in job_queue_read)
--   commands               [{request_id, type, at, refusal, held}, …]: commands by SQL that name it, the newest first, 20 at most: undecided
--                          ones (refusal null), and of the last day refused ones that would have put it in line; refusal: {code, message, at}.
--                          A job that was submitted (job_queue_enqueue_in) is an `enqueue`; held: {code, message}, why it is not in line
--                          yet; null: nobody has looked
--   cut                    whether the queue has more such commands than were looked at: the newest 10,000 of each kind, 64 MB in all
--   arrived_at             when its row of `jobs` arrived that nobody has taken in; null: there is none
--   cancelled_at           when it was cancelled while it was submitted, in the last day; null: it was not
--   not_taken_in           {reason, at}: why its row of `jobs` was not taken in; null: it was, or there is none
--   row                    pending or running: the state of a row of `jobs` under this id that no log knows and that has not arrived; null:
--                          there is none
--   behind                 {events, age_ms}: events of the job that its row of `jobs` does not follow yet, and the age of the first; null:
--                          it has no such row
-- Raises nothing.
create or replace function public.job_queue_of_job(queue text, job_id text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  head record;
  events jsonb;
  commands record;
  arrived timestamptz := (
    select min(a.arrived_at) from interlock.job_queue_arrivals a where a.job_id = $2 and (a.queue = $1 or a.queue is null));
  names jsonb := interlock.job_queue_columns('jobs');
  target record;
  status text;
begin
  select * into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  -- seq + 0: a plain order by would read the primary key backwards, past the events of all other jobs.
  select coalesce(to_jsonb(array_agg(to_jsonb(e) order by e.seq)), '[]') into events from (
    select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type, l.models, l.worker_id,
           l.data, l.command_id, l.command_hash, l.schema_version
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.seq > coalesce(head.archived_seq, 0)
     order by l.seq + 0 desc limit 200) e;
  -- Sizes are read without the commands themselves, which may be large.
  with looked as materialized (
    select o.*, row_number() over w as n, sum(pg_column_size(o.command)) over w as bytes
      from ((select i.request_id, i.command, i.created_at, i.answered_at, i.answer from interlock.job_queue_inbox i
              where i.queue = $1 and i.answered_at is null order by i.created_at desc limit 10001)
            union all
            (select i.request_id, i.command, i.created_at, i.answered_at, i.answer from interlock.job_queue_inbox i
              where i.queue = $1 and i.answered_at is not null and i.answer @> '{"ok": false}' and i.command @> '{"type": "enqueue"}'
              order by i.answered_at desc limit 10001)) o
    window w as (partition by o.answered_at is null order by o.created_at desc)),
  named as (
    select k.* from looked k
     where k.n <= 10000 and k.bytes <= 67108864 and (k.command ->> 'job_id' = $2
        or coalesce(k.command #>> '{job,job_id}', k.command #>> '{job,jobId}') = $2
        or k.command @> jsonb_build_object('jobs', jsonb_build_array(jsonb_build_object('job_id', $2)))
        or k.command @> jsonb_build_object('jobs', jsonb_build_array(jsonb_build_object('jobId', $2))))
     order by k.created_at desc limit 20)
  select (select coalesce(to_jsonb(array_agg(jsonb_build_object('request_id', k.request_id, 'type', k.command ->> 'type',
            'at', (extract(epoch from k.created_at) * 1000000)::bigint, 'refusal', case when k.answered_at is not null then jsonb_build_object(
              'code', k.answer ->> 'code', 'message', k.answer ->> 'message', 'at', (extract(epoch from k.answered_at) * 1000000)::bigint) end)
            order by k.created_at desc)), '[]') || coalesce((
              select jsonb_build_array(jsonb_build_object('request_id', s.request_id, 'type', 'enqueue',
                       'at', (extract(epoch from s.submitted_at) * 1000000)::bigint, 'refusal', null,
                       'held', case when s.code is not null then jsonb_build_object('code', s.code, 'message', s.reason) end))
                from interlock.job_queue_submissions s where s.queue = $1 and s.job_id = $2), '[]') from named k) as list,
         (select coalesce(bool_or(k.n > 10000 or k.bytes > 67108864), false) from looked k) as cut
    into commands;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if found and (target.key_type <> 'uuid' or $2 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
     and exists (select from pg_attribute a where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    execute format('select coalesce(t.%I::text, '''') from public.jobs t where t.%I = $1::%s limit 1',
      names ->> 'status', target.key_column, target.key_type) into status using $2;
  end if;
  return jsonb_build_object(
    'version', coalesce(head.version, 0), 'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint, 'archived_seq', coalesce(head.archived_seq, 0),
    'kept', exists (select from interlock.job_queue_log_archive a where a.queue = $1),
    'events', events, 'voided', interlock.job_queue_voided($1, coalesce((events #>> '{0,seq}')::bigint, 1) - 1),
    'commands', commands.list, 'cut', commands.cut,
    'arrived_at', (extract(epoch from arrived) * 1000000)::bigint,
    'cancelled_at', (
      select (extract(epoch from i.answered_at) * 1000000)::bigint from interlock.job_queue_inbox i
       where i.queue = $1 and i.request_id = 'hand:cancelled:' || md5($2)),
    'not_taken_in', (
      select jsonb_build_object('reason', n.reason, 'at', (extract(epoch from n.refused_at) * 1000000)::bigint)
        from public.job_queue_not_taken_in n where n.queue = $1 and n.job_id = $2 order by n.id desc limit 1),
    'row', case when arrived is null and not interlock.job_queue_known($2) then case status
      when interlock.job_queue_status('pending') then 'pending' when interlock.job_queue_status('running') then 'running' end end,
    'behind', case when status is not null then (
      select jsonb_build_object('events', count(*),
               'age_ms', (extract(epoch from clock_timestamp()) * 1000 - min((e ->> 'at')::bigint) / 1000)::bigint)
        from jsonb_array_elements(events) as e where (e ->> 'seq')::bigint > head.projected_seq) end);
end
$$;

-- job_queue_not_live(queue, job_id): what is with a job that is not live, as far as the tables say it (job_queue_of_job): the newest fact
-- counts. Internal; called by job_queue_explain.
-- Returns {state, code, reason}, stands_for where another job does, with `needs` where only a process can tell; null: nobody has ever heard of it. Raises nothing.
create or replace function interlock.job_queue_not_live(queue text, job_id text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  kept jsonb := public.job_queue_of_job($1, $2);
  held jsonb := jsonb_path_query_first(kept, '$.commands[*].held ? (@ != null)');
  ended_at bigint := coalesce((kept #>> '{events,-1,at}')::bigint, 0);
  ended text := (
    select case when (l.event_type in ('failed', 'lease_expired') and l.data ? 'final') then 'failed'
             when l.event_type in ('completed', 'cancelled', 'expired', 'bypassed', 'deduplicated') then l.event_type end
      from jsonb_to_record(kept #> '{events,-1}') as l (event_type text, data jsonb));
  refused jsonb := jsonb_path_query_first(kept, '$.commands[*] ? (@.refusal != null)');
  refused_at bigint := coalesce((refused #>> '{refusal,at}')::bigint, 0);
  not_taken_in_at bigint := coalesce((kept #>> '{not_taken_in,at}')::bigint, 0);
  cancelled_at bigint := coalesce((kept ->> 'cancelled_at')::bigint, 0);
begin
  return case
    -- The log has an event of it and the queue has no row: it moves on at this moment, or an event of it was void.
    when kept ->> 'voided' is not null or (ended_at > 0 and ended is null) then
      '{"state": null, "code": null, "needs": "process", "reason": "only a process can tell what is with it"}'::jsonb
    when held is not null then jsonb_build_object('state', 'submitted', 'code', held ->> 'code',
      'reason', 'it was submitted, and comes into line later: ' || (held ->> 'message'))
    when jsonb_path_exists(kept, '$.commands[*] ? ((@.type == "enqueue" || @.type == "start") && @.refusal == null)') then
      '{"state": "submitted", "code": "undecided", "reason": "it was submitted, and nobody has decided it yet"}'
    when kept ->> 'arrived_at' is not null then
      '{"state": "submitted", "code": "arrived", "reason": "its row of jobs has arrived, and no worker has taken it in yet"}'
    when cancelled_at > greatest(ended_at, not_taken_in_at, refused_at) then
      '{"state": "ended", "code": "cancelled", "reason": "it was cancelled before it came into line"}'
    when refused_at > greatest(ended_at, not_taken_in_at) then jsonb_build_object('state', 'refused',
      'code', refused #>> '{refusal,code}', 'reason', 'what was submitted was refused: ' || (refused #>> '{refusal,message}'))
    when not_taken_in_at > ended_at then jsonb_build_object('state', 'refused',
      'code', 'not_taken_in', 'reason', 'its row of jobs was not taken in: ' || (kept #>> '{not_taken_in,reason}'))
    when ended is not null then jsonb_build_object('state', 'ended', 'code', ended, 'reason', case ended
      when 'completed' then 'it was completed' when 'failed' then 'it failed for good' when 'cancelled' then 'it was cancelled'
      when 'expired' then 'it waited longer than it may' when 'deduplicated' then format('job %s stands for it', kept #>> '{events,-1,data,stands_for}')
      else 'it ran outside the line' end)
      || case when ended = 'deduplicated' then jsonb_build_object('stands_for', kept #> '{events,-1,data,stands_for}') else '{}' end
    when kept ->> 'row' is not null then
      '{"state": "unknown", "code": "adoptable", "reason": "the log has never heard of it; there is a row of jobs with this id"}'
    when (kept ->> 'archived_seq')::bigint > 0 then jsonb_build_object('state', 'archived', 'code', null, 'reason',
      format('the log has no event of it after event %s, and earlier ones are archived', kept ->> 'archived_seq'))
    when kept -> 'cut' = 'true' then
      '{"state": "unknown", "code": null, "reason": "the log has never heard of it; there are more commands by SQL than the newest 10,000, which are looked at, and one of the others may name it"}'
    end;
end
$$;

-- job_queue_own_rows(job_ids, names): of these jobs, the rows in `jobs` that the caller can read. Internal; called by job_queue_places,
-- with the rights of the caller: the policies of `jobs` decide. One query for all of them: to ask row by row took a tenant without any
-- job 3.9 s while 10,000 waited.
--   names  the user's names of the columns of `jobs`, where they differ from Interlock's
-- Returns job_id, and queued_at: when the life of the job began that the row speaks for. Browsers cannot write it, so a row that somebody
-- put under the id of another's job says something else. No rows where Interlock does not use the table. Raises 42501 for who may not
-- read the two columns.
create or replace function public.job_queue_own_rows(job_ids text[], names jsonb) returns table (job_id text, queued_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  key_column text := coalesce(names ->> 'job_id', 'job_id');
  key_type text;
  candidates text[] := job_ids;
  found_rows refcursor;
begin
  select format_type(a.atttypid, null) into key_type from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = key_column and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype);
  if key_type is null then
    return;
  end if;
  if key_type = 'uuid' then
    candidates := array(select id from unnest(job_ids) as id where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open found_rows for execute format('select t.%1$I::text, t.%2$I from public.jobs t where t.%1$I = any ($1::%3$s[]) and t.%2$I is not null',
    key_column, coalesce(names ->> 'queued_at', 'queued_at'), key_type) using candidates;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  loop
    fetch found_rows into job_id, queued_at;
    exit when not found;
    return next;
  end loop;
  close found_rows;
end
$$;
