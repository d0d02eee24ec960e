-- Edits by hand in the tables of the user: triggers that turn a deletion or a new status into a command, and that keep browsers from
-- the coordination columns (docs/reference/hand-edits.md).

-- job_queue_status_set(): the trigger on jobs that fires when somebody sets a status (its WHEN clause leaves out the outer
-- projection). Set to pending on a row that was never queued, the row arrives as if it was inserted. Set to cancelled, the row
-- is not taken in any more (job_queue_not_arrived), and the job that it speaks for is cancelled (job_queue_cancel_rows). Other
-- words mean nothing to Interlock, and the next change of the job overwrites them. A row that gets another id belongs to no job
-- there (job_queue_unlinked). Changing the model while the job is live changes nothing, as a warning says. Runs as its owner.
-- Its arguments are the user's names for job_id, queued_at, status and model, none if they are Interlock's: then nothing has to
-- be planned for each row. Raises nothing: the user's statement goes on.
create or replace function interlock.job_queue_status_set() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id text;
  was_id text;
  was text;
  word text;
  queued timestamptz;
  moved boolean := false;
begin
  begin
    if tg_nargs = 0 then
      id := new.job_id;
      was_id := old.job_id;
      was := old.status;
      word := new.status;
      queued := new.queued_at;
    else
      execute format('select $2.%1$I::text, $1.%1$I::text, $1.%3$I::text, $2.%3$I::text, $2.%2$I', variadic tg_argv)
        into id, was_id, was, word, queued using old, new;
    end if;
    id := left(id, 300);
    was_id := left(was_id, 300);
  exception when others then
    raise warning 'Interlock does not see the status of %: %', tg_table_name, sqlerrm
      using hint = 'Run `npx interlock-queue migrate`, or drop the trigger job_queue_status_set.';
    return null;
  end;
  if was_id is distinct from id then
    perform interlock.job_queue_note_row('jobs', id, true);
    perform interlock.job_queue_rows_gone('jobs', case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, array[was_id]);
  end if;
  -- A block of its own, since the table may have no column for models. Then there is nothing to do.
  begin
    if tg_nargs = 0 then
      moved := queued is not null and new.model is distinct from old.model;
    elsif queued is not null then
      execute format('select $1.%4$I is distinct from $2.%4$I', variadic tg_argv) into moved using old, new;
    end if;
  exception when undefined_column then
    moved := false;
  end;
  if moved and to_regclass('public.job_queue_jobs') is not null and exists (
    select from public.job_queue_jobs j
     where j.queue = any (array(select h.queue from interlock.job_queue_heads h)) and j.job_id = id) then
    raise warning 'Interlock: job % keeps the models it was queued with', id
      using hint = 'Cancel it and insert another row: npx interlock-queue cancel <job>';
  end if;
  if word is not distinct from was then
    return null;
  end if;
  if word = interlock.job_queue_status('cancelled') then
    if to_regprocedure('interlock.job_queue_not_arrived(text, text[])') is not null then
      perform interlock.job_queue_not_arrived(case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, array[id]);
    end if;
    if to_regprocedure('interlock.job_queue_cancel_rows(text[], timestamptz[])') is not null then
      perform interlock.job_queue_cancel_rows(array[id], array[queued]);
    end if;
  elsif word = interlock.job_queue_status('pending') and to_regclass('interlock.job_queue_arrivals') is not null
        and (queued is null or (interlock.job_queue_dated() and not interlock.job_queue_known(id))) then
    insert into interlock.job_queue_arrivals (job_id) values (id);
    -- What the log has forgotten may come of the row a second time.
    update interlock.job_queue_unlinked u set queue = null, life = null where u.target = 'jobs' and u.job_id = id and u.life is not null;
    if current_setting('interlock.notify', true) is distinct from 'off' then
      perform pg_notify('interlock', 'intake');
    end if;
  end if;
  return null;
end
$$;

-- job_queue_deleted(): the trigger on jobs that turns deleted rows into commands. A row that has only arrived is not taken in
-- (job_queue_not_arrived); a live job that a deleted row speaks for is cancelled (job_queue_cancel_rows). Runs as its owner.
-- Its first two arguments are the user's names for job_id and queued_at, none if they are Interlock's. Raises nothing: the
-- user's statement goes on.
create or replace function interlock.job_queue_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
  queued timestamptz[];
begin
  begin
    if tg_nargs = 0 then
      select array_agg(left(d.job_id::text, 300)), array_agg(d.queued_at) into ids, queued from deleted d where d.job_id is not null;
    else
      execute format('select array_agg(left(d.%1$I::text, 300)), array_agg(d.%2$I) from deleted d where d.%1$I is not null',
        variadic tg_argv) into ids, queued;
    end if;
  exception when others then
    raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
      using hint = 'Run `npx interlock-queue migrate`, or drop the trigger job_queue_deleted.';
  end;
  if ids is null or to_regprocedure('interlock.job_queue_cancel_rows(text[], timestamptz[])') is null then
    return null;
  end if;
  if to_regprocedure('interlock.job_queue_not_arrived(text, text[])') is not null then
    perform interlock.job_queue_not_arrived(case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, ids);
  end if;
  perform interlock.job_queue_cancel_rows(ids, queued);
  perform interlock.job_queue_rows_gone('jobs', case when tg_nargs = 0 then 'job_id' else tg_argv[0] end, ids);
  return null;
end
$$;

-- job_queue_execution_deleted(): the trigger on workflow_executions that forgets notes about rows that are gone
-- (job_queue_rows_gone). A workflow goes on without its row. Runs as its owner. Its argument is the name of the key. Raises
-- nothing: the user's statement goes on.
create or replace function interlock.job_queue_execution_deleted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
begin
  execute format('select array_agg(left(d.%1$I::text, 300)) from deleted d where d.%1$I is not null', tg_argv[0]) into ids;
  perform interlock.job_queue_rows_gone('workflow_executions', tg_argv[0], ids);
  return null;
exception when undefined_column or undefined_table or undefined_function then
  raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
    using hint = 'Run `npx interlock-queue migrate`, or drop the trigger job_queue_execution_deleted.';
  return null;
end
$$;

-- job_queue_truncated(): the trigger on jobs and workflow_executions for TRUNCATE, which fires no trigger of DELETE. Before it,
-- as if the rows were deleted: what has only arrived is not taken in, and each live job that a row of `jobs` speaks for is
-- cancelled. After it, what was noted about the rows is forgotten. Runs as its owner. Its arguments are the table and the
-- user's names for its key and for queued_at (jobs only). Raises nothing: the user's statement goes on (a warning says what is
-- wrong).
create or replace function interlock.job_queue_truncated() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  key_type text;
  live text[];
  ids text[];
  queued timestamptz[];
  -- True for the whole table, false for one partition.
  whole boolean := tg_relid = to_regclass('public.' || tg_argv[0]);
begin
  if tg_when = 'AFTER' then
    perform interlock.job_queue_rows_gone(tg_argv[0], tg_argv[1],
      array(select u.job_id from interlock.job_queue_unlinked u where u.target = tg_argv[0]));
    return null;
  end if;
  select format_type(a.atttypid, null) into key_type
    from pg_attribute a where a.attrelid = tg_relid and a.attname = tg_argv[1] and not a.attisdropped;
  -- The arrivals first, as when rows are deleted (job_queue_not_arrived).
  execute format('with gone as materialized (
      select a.id from interlock.job_queue_arrivals a
       where $1 or exists (select from %2$s t where t.%1$I::text = a.job_id) order by a.id for update)
    delete from interlock.job_queue_arrivals a where a.id = any (array(select id from gone))', tg_argv[1], tg_relid::regclass) using whole;
  live := array(
    select distinct j.job_id from public.job_queue_jobs j
     where key_type <> 'uuid' or j.job_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
  execute format('select array_agg(t.%1$I::text), array_agg(t.%2$I) from %3$s t where t.%1$I = any ($1::%4$s[])',
    tg_argv[1], tg_argv[2], tg_relid::regclass, key_type) into ids, queued using live;
  perform interlock.job_queue_cancel_rows(ids, queued);
  -- If rows are hidden by row level security, those that were taken in are known from the log.
  if whole and row_security_active(tg_relid) then
    select array_agg(j.job_id), array_agg(j.queued_at) into ids, queued
      from public.job_queue_jobs j
      join public.job_queue_log l
        on l.queue = j.queue and l.job_id = j.job_id and l.event_type = 'queued' and l.created_at = j.queued_at and l.data ? 'intake';
    perform interlock.job_queue_cancel_rows(ids, queued);
  end if;
  return null;
exception when undefined_column or undefined_table or undefined_function then
  raise warning 'Interlock does not see what is deleted from %: %', tg_table_name, sqlerrm
    using hint = format('Run `npx interlock-queue migrate`, or drop the trigger %s.', tg_name);
  return null;
end
$$;

-- job_queue_cancel_rows(job_ids, queued): requests the cancellation of each live job that one of these rows of `jobs` speaks
-- for (job_queue_linked), once per life of the job: puts a cancel command into the inbox for any coordinator to decide. A row for
-- which another job stands does not follow that one any more. Internal; called by the triggers on jobs.
--   queued  the queued_at of each row, in the same order
-- Returns nothing, raises nothing.
create or replace function interlock.job_queue_cancel_rows(job_ids text[], queued timestamptz[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  asked integer;
begin
  insert into interlock.job_queue_inbox (queue, request_id, command)
  select j.queue, format('hand:%s:%s', md5(j.job_id), q.at), jsonb_build_object('type', 'cancel', 'job_id', j.job_id, 'queued_at', q.at)
    from public.job_queue_jobs j, lateral (select (extract(epoch from j.queued_at) * 1000000)::bigint as at) q
   where j.queue = any (array(select h.queue from interlock.job_queue_heads h)) and j.job_id = any ($1)
     and exists (
       select from unnest($1, $2) as r (id, at)
        -- The row of this very life: known without a look into the log, which takes 0.1 ms.
        where r.id = j.job_id and (r.at = j.queued_at or interlock.job_queue_linked(j.queue, 'jobs', j.job_id, r.at)))
   order by j.queue, j.job_id
  on conflict (queue, request_id) do nothing;
  get diagnostics asked = row_count;
  if asked > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  if to_regclass('interlock.job_queue_doubles') is not null then
    delete from interlock.job_queue_doubles d
     where d.queue = any (array(select h.queue from interlock.job_queue_heads h)) and d.job_id = any ($1);
  end if;
end
$$;

-- job_queue_not_arrived(key_column, job_ids): keeps rows of `jobs` with these ids, which have arrived, from being taken in,
-- unless there still is a pending row with the id. Internal; called by the triggers on jobs for rows that are deleted or
-- cancelled, before they look for the live job (job_queue_cancel_rows): it waits for a process that is taking such a row in, so
-- that they can see the job then. If row level security hides rows, only this knows that there is nothing left to take in.
-- Returns nothing, raises nothing.
create or replace function interlock.job_queue_not_arrived(key_column text, job_ids text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  arrived text[];
  key_type text;
  pending text;
  left_over text[] := '{}';
begin
  if to_regclass('interlock.job_queue_arrivals') is null then
    return;
  end if;
  arrived := array(
    select a.job_id from interlock.job_queue_arrivals a where a.job_id = any ($2) order by a.id for update);
  if cardinality(arrived) = 0 then
    return;
  end if;
  select max(format_type(a.atttypid, null)) filter (where a.attname = key_column),
         max(format('and t.%I::text = $2', a.attname)) filter (where a.attname = interlock.job_queue_columns('jobs') ->> 'status')
    into key_type, pending
    from pg_attribute a where a.attrelid = to_regclass('public.jobs') and not a.attisdropped;
  if key_type is not null and not row_security_active('public.jobs') then
    execute format('select coalesce(array_agg(t.%1$I::text), %3$L) from public.jobs t where t.%1$I = any ($1::%2$s[]) %4$s',
      key_column, key_type, '{}', pending) into left_over using arrived, interlock.job_queue_status('pending');
  end if;
  delete from interlock.job_queue_arrivals a where a.job_id = any (arrived) and a.job_id <> all (left_over);
end
$$;

-- job_queue_guard_columns(): the trigger on jobs and workflow_executions that keeps anon and authenticated from setting or
-- changing the coordination columns. Its WHEN clause has found a value in one. A column's default is no attempt to set it. A
-- default that may give another value each time (a sequence) cannot be told from such an attempt, so it replaces the value that
-- came. Its arguments are the names of these columns. Raises JQ102.
create or replace function interlock.job_queue_guard_columns() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  item record;
  is_set boolean := false;
  same boolean;
  fresh jsonb;
begin
  if tg_op = 'INSERT' then
    for item in
      select g.name, pg_get_expr(d.adbin, d.adrelid) as filled, format_type(a.atttypid, a.atttypmod) as type, exists (
               select from regexp_matches(d.adbin::text, E':(?:op)?funcid (\\d+)', 'g') as f (ids)
                 join pg_proc p on p.oid = f.ids[1]::oid and p.provolatile = 'v') as varies
        from unnest(tg_argv) as g (name)
        left join pg_attribute a on a.attrelid = coalesce(pg_partition_root(tg_relid), tg_relid) and a.attname = g.name and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    loop
      execute format('select ($1).%I is null', item.name) into same using new;
      continue when same;
      if item.filled is null then
        is_set := true;
        exit;
      end if;
      execute format('select ($1).%1$I is not distinct from d.value, jsonb_build_object(%1$L, d.value) from (select (%2$s)::%3$s as value) d',
        item.name, item.filled, item.type) into same, fresh using new;
      if item.varies then
        new := jsonb_populate_record(new, fresh);
      elsif not same then
        is_set := true;
        exit;
      end if;
    end loop;
    if not is_set then
      return new;
    end if;
  end if;
  raise exception using errcode = 'JQ102',
    message = format('%s may not write the coordination columns of %s', current_user, tg_table_name),
    hint = format('Leave out %s, or write them on the server with the service_role key.', array_to_string(tg_argv, ', '));
end
$$;
