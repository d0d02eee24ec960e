-- The outer projection: the user's rows follow the log, in transactions of their own, right after the append.

-- job_queue_project(queue, batch): the outer projection. Brings the coordination columns of the user's tables (and the
-- status of jobs that were taken in) up to date with the log, in a transaction of its own, right after an append; any process may call it at any time, also to catch up
-- or to try again what was set aside.
--   queue  name of the queue
--   batch  how many events to follow at most, 1..10,000
-- Returns {projected_seq, version, written, set_aside, busy, targets, took_ms}: how far the tables follow now and how far the log
-- goes; how many rows were written; how many rows are set aside; busy true when another process is at it or somebody has
-- locked a table or the queue's head (nothing was moved, call again later); how many tables there are to write to;
-- how many milliseconds it took.
-- Where the user's tables refuse rows, also refused: [{target, sqlstate, rows, example}, …], those of the rows that are set aside for that.
-- Raises 22023 when batch is out of bounds. Waits for no row lock, and 0.25 s at most for the head, which it takes last:
-- a user's open UPDATE on jobs can stop neither the queue nor this function.
create or replace function public.job_queue_project(queue text, batch integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set lock_timeout = '250ms'
as $$
declare
  began timestamptz := clock_timestamp();
  head record;
  target record;
  ids text[];
  again text[];
  over text[] := '{}';
  through bigint;
  at bigint;
  targets integer := 0;
  written integer := 0;
  busy boolean := false;
begin
  if batch is null or batch not between 1 and 10000 then
    raise exception using errcode = '22023', message = 'batch must be 1..10000';
  end if;
  -- After a crash the log brings all of this back. So it does not wait for the disk, unless the caller's transaction has written
  -- something of its own.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  select h.projected_seq, h.version into head
        from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head is null then
    return jsonb_build_object('projected_seq', 0, 'version', 0, 'written', 0, 'set_aside', 0, 'busy', false, 'targets', 0);
  end if;
  through := head.projected_seq;
  if pg_try_advisory_xact_lock(hashtextextended('interlock.project:' || queue, 0)) then
    begin
      -- Read again, since it may have moved before we had the lock. Ids and rows are read in separate statements, so a row may be
      -- newer than `through`. Then the event that changed it comes next, and finds the row right.
      select h.projected_seq, h.version into head
        from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
      through := least(head.version, head.projected_seq + batch);
      ids := interlock.job_queue_touched(queue, head.projected_seq, through);
      -- One job may stand for any number of rows, and a step is to stay short.
      insert into public.job_queue_set_aside as s (queue, target, job_id, sqlstate)
      select $1, 'jobs', d.job_id, '00000' from (
        select o.job_id from interlock.job_queue_doubles o where o.queue = $1 and o.stands_for = any (ids)
        union select o.job_id from interlock.job_queue_doubles o where o.queue = $1 and o.job_id = any (ids)) d
      on conflict on constraint job_queue_set_aside_pkey do update set next_at = clock_timestamp();
      for target in select * from interlock.job_queue_targets() loop
        targets := targets + 1;
        select array_agg(s.job_id) into again from (
          select a.job_id from public.job_queue_set_aside a
           where a.queue = $1 and a.target = target.target and a.next_at <= clock_timestamp()
           order by a.next_at limit batch) s;
        continue when cardinality(ids) = 0 and again is null;
        -- SKIP LOCKED skips only rows: we must not wait for a lock on the whole table either.
        execute format('lock table public.%I in row exclusive mode nowait', target.target);
        if target.target = 'jobs' and again is not null then
          -- Before the rows are written: what has not ended by now may end while they are.
          over := array(
            select o.job_id from interlock.job_queue_doubles o
             where o.queue = $1 and o.job_id = any (again) and not exists (
               select from public.job_queue_jobs j where j.queue = $1 and j.job_id = o.stands_for and j.queued_at < o.since));
        end if;
        written := written + interlock.job_queue_project_target(queue, target.target, target.key_column, target.key_type,
          array(select unnest(ids) union select unnest(again)));
      end loop;
      if cardinality(over) > 0 then
        delete from interlock.job_queue_doubles d
         where d.queue = $1 and d.job_id = any (array(
           select o.job_id from interlock.job_queue_doubles o
            where o.queue = $1 and o.job_id = any (over)
              and not exists (select from public.job_queue_set_aside a where a.queue = $1 and a.target = 'jobs' and a.job_id = o.job_id)
              for update skip locked));
      end if;
      if targets = 0 then
        -- There is no table to write to. For a table that comes later, the migration starts at 0 again.
        through := head.version;
      end if;
      if through > head.projected_seq then
        -- From where it was: changes below are deleted already, and an old transaction may keep their rows visible.
        delete from interlock.job_queue_changes c where c.queue = $1 and c.seq > head.projected_seq and c.seq <= through;
        select h.version into at from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
        -- Not if it was started again meanwhile.
        update interlock.job_queue_heads h set projected_seq = through
         where h.queue = $1 and h.version = at and h.projected_seq = head.projected_seq;
      end if;
    exception when lock_not_available then
      busy := true;
      written := 0;
      through := head.projected_seq;
    end;
  else
    busy := true;
    targets := (select count(*) from interlock.job_queue_targets());
  end if;
  return jsonb_build_object(
    'projected_seq', through, 'version', head.version, 'written', written, 'busy', busy, 'targets', targets,
    'took_ms', ceil(extract(epoch from clock_timestamp() - began) * 1000),
    'set_aside', (select count(*) from public.job_queue_set_aside a where a.queue = $1))
    || coalesce((select jsonb_build_object('refused', jsonb_agg(to_jsonb(r))) from (
      select a.target, a.sqlstate, count(*) as rows, min(a.job_id) as example from public.job_queue_set_aside a
       where a.queue = $1 and a.sqlstate not in ('55P03', '00000', 'JQ109') group by 1, 2 order by 1, 2) r
      having count(*) > 0), '{}');
end
$$;

-- job_queue_touched(queue, after, through): the jobs that changed in this part of the log. Internal.
--   after, through  sequence numbers: the part is after < seq <= through
-- Returns the ids, without duplicates, of the jobs that an event names, and of those whose row an append changed besides
-- (job_queue_changes). Raises nothing.
create or replace function interlock.job_queue_touched(queue text, after bigint, through bigint) returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
begin
  -- Without statistics the planner would read the whole log instead of a stretch of it; hence the setting.
  return array(
    select l.job_id from public.job_queue_log l
     where l.queue = $1 and l.seq > $2 and l.seq <= $3 and l.job_id is not null
    union
    select unnest(c.job_ids) from interlock.job_queue_changes c
     where c.queue = $1 and c.seq > $2 and c.seq <= $3);
end
$$;

-- job_queue_project_target(queue, target, key_column, key_type, job_ids): writes these rows of one table of the user, in a
-- set; when the set raises, row by row, so that only the guilty rows are set aside. Internal; called by job_queue_project.
-- Returns how many rows were written. Raises nothing but a cancelled statement (57014).
create or replace function interlock.job_queue_project_target(
  queue text, target text, key_column text, key_type text, job_ids text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  wrote record;
  total integer := 0;
  one text;
  enough timestamptz;
begin
  begin
    select * into wrote from interlock.job_queue_write_target(queue, target, key_column, key_type, job_ids);
    perform interlock.job_queue_set_aside_rows(queue, target, job_ids, wrote.missed, '55P03');
    return wrote.written;
  exception when others then
    -- A user's trigger may be wrong, and it may be slow: what is not done after a second waits for a later call.
    enough := clock_timestamp() + interval '1 second';
  end;
  foreach one in array job_ids loop
    begin
      if clock_timestamp() > enough then
        raise exception using errcode = 'JQ109', message = 'no time left in this call';
      end if;
      select * into wrote from interlock.job_queue_write_target(queue, target, key_column, key_type, array[one]);
      perform interlock.job_queue_set_aside_rows(queue, target, array[one], wrote.missed, '55P03');
      total := total + wrote.written;
    exception when others then
      perform interlock.job_queue_set_aside_rows(queue, target, array[one], array[one], sqlstate);
    end;
  end loop;
  return total;
end
$$;

-- job_queue_write_target(queue, target, key_column, key_type, job_ids): brings the rows of these jobs in one of the user's
-- tables up to date, in one set. Internal; called by job_queue_project only.
--   target, key_column, key_type  as job_queue_targets() gives them (from the catalog, never from input)
--   job_ids                       which rows; ids without a row are ignored, and ids that are not a UUID if the key is one
-- Returns written (how many rows differed and were written) and missed (ids of rows that differ but could not be written: they
-- are locked, or a trigger keeps them unchanged). A row that a browser wrote follows the life that came of it and its retries
-- (job_queue_row_lives), also while a later job has its id. If none came of it, and it does not speak for the job with its id
-- (job_queue_linked), it stays as it is: it may be anybody's. Never waits for a row lock. Raises what a trigger, a CHECK or a foreign key of
-- the user raises.
create or replace function interlock.job_queue_write_target(
  queue text, target text, key_column text, key_type text, job_ids text[], out written integer, out missed text[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  candidates text[] := job_ids;
  present text[];
  names jsonb := interlock.job_queue_columns(target);
  models text := quote_ident(names ->> 'required_models');
  blocker text := quote_ident(names ->> 'blocked_by_job_id');
  reason text := quote_ident(names ->> 'conflict_reason');
  columns text := format('%s, %s, %s', models, blocker, reason);
  shown text := format('t.%s, t.%s, t.%s', models, blocker, reason);
  ought text := format('coalesce(o.required_models, t.%s), o.blocked_by_job_id, o.conflict_reason', models);
  status_type text;
  doubtful text[];
  -- Rows of browsers that a job of this queue came of; and those of which the note does not have that life yet.
  own text[] := '{}';
  fresh text[];
  linked text[];
  rows refcursor;
begin
  written := 0;
  missed := '{}';
  if key_type = 'uuid' then
    select array_agg(id) into candidates from unnest(job_ids) as id
     where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  if target = 'jobs' then
    columns := columns || format(', %I, %I', names ->> 'queued_at', names ->> 'priority');
    shown := shown || format(', t.%I, t.%I', names ->> 'queued_at', names ->> 'priority');
    ought := ought || format(', coalesce(o.queued_at, t.%I), coalesce(o.priority, t.%I)', names ->> 'queued_at', names ->> 'priority');
    select format_type(a.atttypid, a.atttypmod) into status_type
      from pg_attribute a
     where a.attrelid = 'public.jobs'::regclass and a.attname = names ->> 'status' and not a.attisdropped;
    if status_type is not null then
      columns := columns || format(', %I', names ->> 'status');
      shown := shown || format(', t.%I', names ->> 'status');
      -- A word that the user's enum or CHECK does not allow raises an error: the row is then set aside.
      ought := ought || format(', coalesce(o.status::%s, t.%I)', status_type, names ->> 'status');
    end if;
  end if;
  -- The parameter is cast to the type of the key, and never the key to text: so the look-up uses the table's own index.
  execute format('select array_agg(t.%1$I::text) from public.%2$I t where t.%1$I = any ($1::%3$s[])',
    key_column, target, key_type) into present using candidates;
  if present is null then
    return;
  end if;
  if target = 'jobs' then
    select coalesce(array_agg(w.job_id), '{}'), array_agg(w.job_id) filter (where not w.is_noted) into own, fresh
      from interlock.job_queue_row_lives(queue, present) w where w.life is not null;
  end if;
  doubtful := array(select d.id from unnest(interlock.job_queue_doubtful(queue, target, present)) as d (id) where d.id <> all (own));
  -- Tells the trigger job_queue_status_set that this is not a hand edit. If the write raises, this is undone with it. A SET
  -- clause would need a superuser.
  perform set_config('interlock.projecting', 'on', true);
  -- The text is parsed with pinned names and runs under the user's own search path, where his triggers and CHECKs find what they
  -- name. `any (array)` stands beside each join, since the planner cannot know that there are few ids and would read the whole
  -- table.
  open rows for execute format($sql$
    with stale as materialized (
      select t.%1$I as key, %7$s as was, o.*
        from interlock.job_queue_outer_rows($1, $2) o
        join public.%2$I t on t.%1$I = o.job_id::%3$s and t.%1$I = any ($2::%3$s[])
       where (%5$s) is distinct from (%6$s)
         and (o.job_id <> all ($3) or interlock.job_queue_linked($1, %2$L, o.job_id, %7$s))
         and (o.job_id <> all ($4) or not exists (
           select from interlock.job_queue_unlinked u where u.target = 'jobs' and u.job_id = o.job_id and u.late))),
    free as materialized (
      select t.%1$I as key from public.%2$I t where t.%1$I = any (array(select key from stale))
         for no key update skip locked),
    done as (
      update public.%2$I t set (%4$s) = row (%6$s)
        from stale o join free on free.key = o.key
       where t.%1$I = o.key and t.%1$I = any (array(select key from stale))
         and (o.job_id <> all ($3 || $4) or %7$s is not distinct from o.was)
      returning t.%1$I as key)
    select (select count(*) from done),
           array(select key::text from stale except all select key::text from done),
           array(select key::text from done where key::text = any ($5))
    $sql$, key_column, target, key_type, columns, shown, ought,
    case target when 'jobs' then format('t.%I', names ->> 'queued_at') else 'null::timestamptz' end) using queue, present, doubtful, own, fresh;
  perform set_config('search_path', public.job_queue_user_path(), true);
  fetch rows into written, missed, linked;
  close rows;
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('interlock.projecting', '', true);
  if cardinality(linked) > 0 then
    -- The log may lose the event. A note that is locked is about to go, or says it later.
    update interlock.job_queue_unlinked u set queue = $1, life = w.life
      from interlock.job_queue_row_lives($1, array(
        select n.job_id from interlock.job_queue_unlinked n
         where n.target = 'jobs' and n.job_id = any (linked) for update skip locked)) w
     where u.target = 'jobs' and u.job_id = w.job_id and w.life is not null;
  end if;
end
$$;

-- job_queue_outer_rows(queue, job_ids): what the coordination columns of these jobs should say. Internal.
--   queue    name of the queue
--   job_ids  ids of jobs, live or ended
-- Returns one row per id: of a live job what job_queue_jobs says; of an ended one its last models, time and priority from
-- the log, and nobody who blocks it; for a row that a browser wrote, of the life that came of it and its retries, whatever lives under the id
-- now (job_queue_row_lives). Null in required_models, queued_at, priority: unknown, to be left as it is (a job
-- that bypassed, or whose events are archived). status: the user's word for what the job is doing, of jobs that were taken in
-- from a row (of all, if job_queue_settings says {"enqueued": true}), else null: to be left as it is. A row for which another job
-- stands says so, and says of it what it says of that one, until both have ended or the row is cancelled by hand (job_queue_doubles).
-- Raises nothing.
create or replace function interlock.job_queue_outer_rows(queue text, job_ids text[])
returns table (
  job_id text, required_models text[], blocked_by_job_id text, conflict_reason text, queued_at timestamptz, priority integer,
  status text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  words jsonb := coalesce((select s.value from interlock.job_queue_settings s where s.key = 'statuses'), '{}');
  lives jsonb := coalesce((
    select jsonb_object_agg(w.job_id, w.life) from interlock.job_queue_row_lives($1, $2) w where w.life is not null), '{}');
begin
  -- Right after a burst the statistics are old, and a scan of job_queue_jobs with 200 ids took 860 ms; hence the setting. The log
  -- is read once, by ids: five look-ups for each job took most of the time of a projection.
  return query
  with events as materialized (
    select l.job_id, l.seq, l.event_type, l.models, l.created_at, l.data
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = any ($2)),
  began as (
    select e.*, lead(e.seq, 1, 9223372036854775807) over (partition by e.job_id order by e.seq) as until
      from events e where e.event_type = 'queued'),
  queued as materialized (
    select distinct on (b.job_id) b.job_id, b.seq, b.until, b.models, b.created_at, coalesce((b.data ->> 'priority')::integer, 0) as priority
      from began b
     where not lives ? b.job_id or lives -> b.job_id in (to_jsonb(b.seq), b.data -> 'retry_of') order by b.job_id, b.seq desc),
  live as materialized (
    select j.job_id, j.models, j.blocked_by_job_id, j.conflict_reason, j.queued_at, j.priority,
           case j.state when 'active' then 'running' else 'pending' end as state
      from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any ($2)
       and (not lives ? j.job_id or (j.job_id, j.queued_at) in (select q.job_id, q.created_at from queued q))),
  since as materialized (
    select e.* from events e join queued q on q.job_id = e.job_id and e.seq > q.seq and e.seq < q.until
     where e.event_type in ('requeued', 'reprioritized', 'completed', 'cancelled', 'expired', 'failed', 'lease_expired')),
  -- A job may have been requeued with other models.
  moved as (
    select distinct on (s.job_id) s.job_id, s.models from since s
     where s.event_type = 'requeued' and s.models is not null order by s.job_id, s.seq desc),
  placed as (
    select distinct on (s.job_id) s.job_id, (s.data ->> 'priority')::integer as priority from since s
     where s.event_type = 'reprioritized' order by s.job_id, s.seq desc),
  ended as (
    select distinct on (s.job_id) s.job_id, case s.event_type when 'lease_expired' then 'failed' else s.event_type end as state
      from since s
     where s.event_type in ('completed', 'cancelled', 'expired') or (s.event_type in ('failed', 'lease_expired') and s.data ? 'final')
     order by s.job_id, s.seq desc),
  doubles as materialized (
    select d.job_id, d.created_at, format('deduplicated: job %s stands for it', d.of) as reason,
           case when x.state is not null and f.is_open then d.of end as blocked_by_job_id,
           case when f.is_open then coalesce(x.state, interlock.job_queue_end_of_life($1, d.of, d.seq), 'cancelled') end as state
      from (
        select e.job_id, e.seq, e.created_at, e.data ->> 'stands_for' as of from events e
         where e.event_type = 'deduplicated' and e.data ? 'intake') d
      cross join lateral (
        select exists (select from interlock.job_queue_doubles o where o.queue = $1 and o.job_id = d.job_id) as is_open) f
      left join lateral (
        select case j.state when 'active' then 'running' else 'pending' end as state from public.job_queue_jobs j
         where j.queue = $1 and j.job_id = d.of and j.queued_at < d.created_at offset 0) x on true),
  rows as (
    select v.job_id, v.models, v.blocked_by_job_id, v.conflict_reason, v.queued_at, v.priority, v.state from live v
    union all
    select i.id, coalesce(m.models, q.models), d.blocked_by_job_id, d.reason, coalesce(q.created_at, d.created_at),
           coalesce(p.priority, q.priority), coalesce(e.state, d.state)
      from unnest($2) as i (id)
      left join queued q on q.job_id = i.id
      left join moved m on m.job_id = i.id
      left join placed p on p.job_id = i.id
      left join ended e on e.job_id = i.id
      left join doubles d on d.job_id = i.id and q.job_id is null
     where not exists (select from live v where v.job_id = i.id))
  select r.job_id, r.models, r.blocked_by_job_id, r.conflict_reason, r.queued_at, r.priority,
         case when words @> '{"enqueued": true}' or lives ? r.job_id or r.job_id in (
             select e.job_id from events e where e.event_type in ('queued', 'deduplicated') and e.data ? 'intake')
           then coalesce(words ->> r.state, r.state) end
    from rows r;
end
$$;

-- job_queue_end_of_life(queue, job_id, seq): how that life of a job ended that was its last one at an event. Internal; called by
-- job_queue_outer_rows for a row for which the job stands.
-- Returns completed, failed, cancelled or expired; null: it lives, or neither the log nor its archive knows. Raises nothing.
create or replace function interlock.job_queue_end_of_life(queue text, job_id text, seq bigint) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return (
    with events as materialized (
      select l.seq, l.event_type, l.data from public.job_queue_log l where l.queue = $1 and l.job_id = $2
      union
      select a.seq, a.event_type, a.data from interlock.job_queue_log_archive a where a.queue = $1 and a.job_id = $2)
    select case e.event_type when 'lease_expired' then 'failed' else e.event_type end from events e
     where e.seq > (select max(q.seq) from events q where q.event_type = 'queued' and q.seq < $3)
       and (e.event_type in ('completed', 'cancelled', 'expired') or (e.event_type in ('failed', 'lease_expired') and e.data ? 'final'))
     order by e.seq limit 1);
end
$$;

-- job_queue_set_aside_rows(queue, target, tried, missed, state): records which rows could not be written. Internal; called by
-- job_queue_project only.
--   tried   ids that were just tried: those that are not in missed are done and leave the list
--   missed  ids that could not be written: tried again after 0.1 s, 0.2 s, … at most 60 s
--   state   the SQLSTATE that says why
-- Returns nothing, raises nothing.
create or replace function interlock.job_queue_set_aside_rows(
  queue text, target text, tried text[], missed text[], state text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  -- Usually nothing is set aside. To look for each of a thousand ids would then be most of what a step costs.
  if exists (select from public.job_queue_set_aside s where s.queue = $1 and s.target = $2) then
    delete from public.job_queue_set_aside s
     where s.queue = $1 and s.target = $2 and s.job_id = any ($3) and s.job_id <> all ($4);
  end if;
  insert into public.job_queue_set_aside as s (queue, target, job_id, next_at, sqlstate)
  select $1, $2, id, clock_timestamp() + interval '100 milliseconds', $5 from unnest($4) as id
  on conflict (queue, target, job_id) do update
    set tries = s.tries + 1, sqlstate = excluded.sqlstate,
        next_at = clock_timestamp() + least(interval '100 milliseconds' * 2 ^ least(s.tries, 10), interval '60 seconds');
end
$$;

-- job_queue_reproject(queue): starts the outer projection of a queue again, for rows that were changed by hand or are left from
-- an earlier coordinator. Writes no row of the user itself: job_queue_project then follows the whole log again and writes what
-- differs. Idempotent.
--   queue  name of the queue
-- Returns {version, marked}: how far the log goes, and how many of the user's rows say that they are blocked. Those are checked
-- even if the log does not know them. Raises nothing.
create or replace function public.job_queue_reproject(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  target record;
  names jsonb;
  marked integer;
  total integer := 0;
  last bigint;
begin
  -- A projection that is under way would set the checkpoint after us.
  perform pg_advisory_xact_lock(hashtextextended('interlock.project:' || $1, 0));
  for target in select * from interlock.job_queue_targets() loop
    names := interlock.job_queue_columns(target.target);
    execute format(
      'insert into public.job_queue_set_aside (queue, target, job_id, sqlstate)
       select $1, %1$L, t.%2$I::text, ''00000'' from public.%1$I t
        where (t.%3$I is not null or t.%4$I is not null) and length(t.%2$I::text) between 1 and 200
          and not exists (select from public.job_queue_jobs j where j.job_id = t.%2$I::text and j.queue <> $1)
       on conflict (queue, target, job_id) do update set next_at = clock_timestamp()',
      target.target, target.key_column, names ->> 'blocked_by_job_id', names ->> 'conflict_reason') using $1;
    get diagnostics marked = row_count;
    total := total + marked;
  end loop;
  update interlock.job_queue_heads h set projected_seq = 0 where h.queue = $1 returning h.version into last;
  return jsonb_build_object('version', coalesce(last, 0), 'marked', total);
end
$$;
