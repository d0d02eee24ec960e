-- Which row of the user speaks for which job: a row that a browser wrote belongs only to the job that is made from it.

-- job_queue_last_retry(queue, job_id, life): the last `queued` event of that job, if each one since that life looks like a retry: after a death,
-- with the same spec. So releases that do not write `retry_of` put a job in line again, and who writes beside them. Internal.
-- Returns null if there is none, or one that looks like another job. Raises nothing.
create or replace function interlock.job_queue_last_retry(queue text, job_id text, life bigint) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  return (with lives as (
    select l.seq, (l.job_type, l.models, l.data - '{intake,named,asked,offers,once,body,dedupe}'::text[])
             is not distinct from (lag(l.job_type) over before, lag(l.models) over before,
               lag(l.data - '{intake,named,asked,offers,once,body,dedupe}'::text[]) over before)
           and interlock.job_queue_end_of_life($1, $2, l.seq) in ('failed', 'expired') is true as is_retry
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.event_type = 'queued' and l.seq >= $3 window before as (order by l.seq))
  select case when bool_and(q.is_retry) then max(q.seq) end from lives q where q.seq > $3);
end
$$;

-- job_queue_row_lives(queue, job_ids): which life came of the rows of `jobs` that anon or authenticated have written under these ids: the
-- number of its `queued` event, or of its `deduplicated` one where another job stood for it. The retries of that life name it
-- (`retry_of`). While a process of a release that does not write that is alive, a retry is known by its looks (job_queue_last_retry), and is the
-- life from then on. Internal.
-- Returns one row for each id that has a note (job_queue_unlinked). life: null if no job of this queue came of the row, or if the row
-- came too late for it to be known which of several rows it was (late). is_noted: the note has it, so it is known without the log.
-- Raises nothing.
create or replace function interlock.job_queue_row_lives(queue text, job_ids text[]) returns table (job_id text, life bigint, is_noted boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  return query
  with known as (
    select u.job_id, u.life is not null as is_noted, case when u.late then null when u.life is not null then case when u.queue = $1 then u.life end else (
             -- seq + 0: a plain order by would read the primary key, past the events of all other jobs.
             select l.seq from public.job_queue_log l
              where l.queue = $1 and l.job_id = u.job_id and l.event_type in ('queued', 'deduplicated') and l.data ? 'intake'
              order by l.seq + 0 limit 1) end as life
      from interlock.job_queue_unlinked u where u.target = 'jobs' and u.job_id = any ($2))
  select k.job_id, coalesce(r.seq, k.life), k.is_noted and r.seq is null
    from known k left join lateral (
      select interlock.job_queue_last_retry($1, k.job_id, k.life) as seq where k.life is not null and interlock.job_queue_reads($1) < 7) r on true;
end
$$;

-- job_queue_linked(queue, target, job_id, row_queued_at): whether a row of the user's tables speaks for the job with its id in
-- this queue, in its present life. Only such a row is given to a handler, is told what the job does, or cancels the job when it is deleted. Internal.
--   target         jobs or workflow_executions
--   row_queued_at  the queued_at of the row, which browsers cannot write; null for workflow_executions
-- Returns, for a row that anon or authenticated wrote (job_queue_unlinked), true only if the present life came of it, or is a retry of the
-- one that did. If one of several rows with the id came late, queued_at says of which life each is. For other rows, true unless the row is
-- that of a job in another queue. Raises nothing.
create or replace function interlock.job_queue_linked(queue text, target text, job_id text, row_queued_at timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  late boolean;
  present record;
  own bigint;
begin
  select u.late into late from interlock.job_queue_unlinked u where u.target = $2 and u.job_id = $3;
  if $2 <> 'jobs' then
    return late is null;
  end if;
  -- seq + 0: find the events of the job by its id and sort them. Otherwise it may read backwards through the events of all
  -- other jobs.
  select l.seq, l.created_at, (l.data ->> 'retry_of')::bigint as retry_of into present from public.job_queue_log l
   where l.queue = $1 and l.job_id = $3
     and (l.event_type = 'queued' or (l.event_type = 'deduplicated' and l.data ? 'intake')) order by l.seq + 0 desc limit 1;
  if late then
    select coalesce((l.data ->> 'retry_of')::bigint, l.seq) into own from public.job_queue_log l
     where l.queue = $1 and l.job_id = $3 and l.event_type in ('queued', 'deduplicated') and l.created_at = $4;
  elsif late is not null then
    own := (select w.life from interlock.job_queue_row_lives($1, array[$3]) w);
  else
    return present.created_at = $4 is true or not exists (
      select from public.job_queue_log l
       where l.queue = any (array(select h.queue from interlock.job_queue_heads h where h.queue <> $1))
         and l.job_id = $3 and l.event_type = 'queued'
         and (l.created_at = $4 or ($4 is null and l.data ? 'intake' and exists (
           select from public.job_queue_jobs j
            where j.queue = l.queue and j.job_id = l.job_id and j.queued_at = l.created_at))));
  end if;
  return own in (present.seq, present.retry_of) is true;
end
$$;

-- job_queue_doubtful(queue, target, job_ids): the jobs, of these, that may have a row which does not speak for them
-- (job_queue_linked): jobs whose row anon or authenticated has written, unless it is known that the job lives the life that came of it; and
-- jobs that another queue knows too. For all others every row speaks, so nobody has to check row by row. Internal.
-- Returns their ids, usually none. Raises nothing.
create or replace function interlock.job_queue_doubtful(queue text, target text, job_ids text[]) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  return array(
    select u.job_id from interlock.job_queue_unlinked u
     where u.target = $2 and u.job_id = any ($3) and (u.late or u.queue is distinct from $1 or not exists (
       select from public.job_queue_jobs j where j.queue = $1 and j.job_id = u.job_id and abs(j.life) = u.life))
    union
    select l.job_id from public.job_queue_log l
     where $2 = 'jobs' and l.queue = any (array(select h.queue from interlock.job_queue_heads h where h.queue <> $1))
       and l.job_id = any ($3) and l.event_type = 'queued');
end
$$;

-- job_queue_link(target, job_ids): your server's word that rows which anon or authenticated wrote belong to the jobs with their
-- ids, however these come into a queue (the gate, enqueue, SQL), now and later: their columns follow the job, its handler gets the row, and
-- deleting the row cancels the job. You do not need it for rows that are taken in (intake) or that your server inserts. Writing
-- required_models of a row as the server does the same. Idempotent.
--   target   jobs or workflow_executions
--   job_ids  ids of existing rows
-- Returns how many were not linked before. Raises nothing.
create or replace function public.job_queue_link(target text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  linked integer;
begin
  delete from interlock.job_queue_unlinked u where u.target = $1 and u.job_id = any ($2);
  get diagnostics linked = row_count;
  return linked;
end
$$;

-- job_queue_row_linked(): the trigger on jobs and workflow_executions that fires when a server writes required_models, which
-- browsers cannot: it links the row to its job (job_queue_link). Its WHEN clause checks the role. Runs as its owner. Its
-- arguments are the table and the name of its key. Raises nothing.
create or replace function interlock.job_queue_row_linked() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
begin
  execute format('select $1.%I::text', tg_argv[1]) into id using new;
  if to_regclass('interlock.job_queue_unlinked') is not null then
    delete from interlock.job_queue_unlinked u where u.target = tg_argv[0] and u.job_id = id;
  end if;
  return null;
exception when undefined_column then
  return null;
end
$$;

-- job_queue_row_unlinked(): the trigger on jobs and workflow_executions that notes rows which belong only to a job made from
-- them (job_queue_unlinked): rows that anon or authenticated insert (its WHEN clause checks that), and executions that are
-- given another id, by any role. Runs as its owner. Its arguments are the table and the name of its key. Raises nothing: the
-- user's statement goes on (a warning says what is wrong).
create or replace function interlock.job_queue_row_unlinked() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
  was text;
begin
  begin
    execute format('select $1.%I::text', tg_argv[1]) into id using new;
    if tg_op = 'UPDATE' then
      execute format('select $1.%I::text', tg_argv[1]) into was using old;
    end if;
  exception when others then
    raise warning 'Interlock does not see whose rows of % these are: %', tg_table_name, sqlerrm
      using hint = format('Run `npx interlock-queue migrate`, or drop the trigger %s.', tg_name);
    return null;
  end;
  if id is distinct from was then
    perform interlock.job_queue_note_row(tg_argv[0], id, tg_op = 'UPDATE');
  end if;
  return null;
end
$$;

-- job_queue_note_row(target, job_id, moved): notes that a row with this id belongs to no job but the one that is made from it.
-- Internal; called by the triggers on the user's tables.
--   moved  the row had another id before
-- A row is late if it came after a job with its id was made from a row, or if it is a second row with the id: the job cannot
-- have been made from it.
-- Returns nothing, raises nothing.
create or replace function interlock.job_queue_note_row(target text, job_id text, moved boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  if job_id is null or length(job_id) > 200 or to_regclass('interlock.job_queue_unlinked') is null then
    return;
  end if;
  insert into interlock.job_queue_unlinked as u (target, job_id, late)
  values ($1, $2, $3 or exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = $2
       and l.event_type in ('queued', 'deduplicated') and l.data ? 'intake'))
  on conflict (target, job_id) do update set late = true;
end
$$;

-- job_queue_rows_gone(target, key_column, job_ids): forgets that rows with these ids belonged to no job (job_queue_unlinked),
-- once no such row is left. Internal; called by the triggers on the user's tables.
-- Returns nothing, raises nothing.
create or replace function interlock.job_queue_rows_gone(target text, key_column text, job_ids text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  noted text[];
  there oid := to_regclass('public.' || target);
  key record;
  left_over text[] := '{}';
begin
  if to_regclass('interlock.job_queue_unlinked') is null then
    return;
  end if;
  noted := array(select u.job_id from interlock.job_queue_unlinked u where u.target = $1 and u.job_id = any ($3));
  if cardinality(noted) = 0 then
    return;
  end if;
  select format_type(a.atttypid, null) as type, exists (
           select from pg_index i
            where i.indrelid = there and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
              and i.indkey[0] = a.attnum) as is_unique
    into key
    from pg_attribute a where a.attrelid = there and a.attname = key_column and not a.attisdropped;
  -- If one id may have several rows, another one may be left. If row level security hides rows, that is unknown.
  if key.is_unique is not true then
    if key is null or row_security_active(there) then
      return;
    end if;
    execute format('select coalesce(array_agg(t.%1$I::text), %4$L) from public.%2$I t where t.%1$I = any ($1::%3$s[])',
      key_column, target, key.type, '{}') into left_over using noted;
  end if;
  delete from interlock.job_queue_unlinked u
   where u.target = $1 and u.job_id = any (noted) and u.job_id <> all (left_over);
end
$$;
