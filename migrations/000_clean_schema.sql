-- Made from migrations/parts and migrations/functions by `npm run generate`: change those (migrations/README.md).
-- Interlock 027, for a new account: its own tables, and minimal jobs and workflow_executions.
-- One transaction; running it again changes nothing.

begin;
select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0));
set local interlock.runtime_role = '';
set local interlock.statuses = '';
set local interlock.columns = '';
set local interlock.follow = '';
set local interlock.make_jobs = '';
set local interlock.account = 'new';
set local client_min_messages = warning;
set local lock_timeout = '10s';

do $check$
declare
  newest text;
  wrong text;
begin
  if to_regclass('public.job_queue_migrations') is not null then
    execute 'select max(version) from public.job_queue_migrations' into newest;
    if newest > '027.1' then
      raise exception using errcode = 'JQ106',
        message = format('this database has migration %s, this is 027', newest),
        hint = 'Use the release of interlock-queue that made it, or a later one.';
    end if;
  end if;

  -- A table with one of Interlock's names that belongs neither to Interlock nor to the first coordinator.
  select c.oid::regclass::text into wrong
    from pg_catalog.pg_class c
   where c.relnamespace in (to_regnamespace('public'), to_regnamespace('interlock'))
     and (c.relname = any ('{job_queue_log,job_queue_state,job_queue_jobs,job_queue_not_taken_in,job_queue_set_aside,job_queue_migrations,job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles}'::text[]) or c.relname in ('job_queue_state_v1', 'job_queue_log_v1'))
     and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and not a.attisdropped
          and a.attname = case c.relname when 'job_queue_migrations' then 'checksum' when 'job_queue_settings' then 'key'
          when 'job_queue_unlinked' then 'late' else 'queue' end)
     and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and not a.attisdropped and c.relkind = 'r'
          and (c.relname, a.attname) in (
            ('job_queue_state', 'active_job_id'), ('job_queue_log', 'event_type'),
            ('job_queue_state_v1', 'active_job_id'), ('job_queue_log_v1', 'event_type')))
   limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ105',
      message = format('there is a table %s that is not Interlock''s', wrong),
      hint = 'Rename it, then run the migration again. Nothing was changed.';
  end if;
  -- What is in the schema is Interlock's alone.
  select c.relname into wrong from pg_catalog.pg_class c
   where c.relnamespace = to_regnamespace('interlock') and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname !~ '^job_queue_' limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ105',
      message = format('there is a schema interlock, and %s in it is not Interlock''s', wrong),
      hint = 'Rename that schema, then run the migration again. Nothing was changed.';
  end if;
end
$check$;

do $names$
declare
  given jsonb := coalesce(nullif(current_setting('interlock.columns'), ''), '{}');
  kept jsonb;
  names json;
  wrong text;
begin
  select format('%s.%s', t.key, c.key) into wrong
    from jsonb_each(given) as t
    cross join lateral jsonb_each(case jsonb_typeof(t.value) when 'object' then t.value else '{"": 0}' end) as c
    left join json_to_recordset('[{"target":"jobs","name":"job_id","needs":"key"},{"target":"jobs","name":"status","needs":"word"},{"target":"jobs","name":"model","needs":"value"},{"target":"jobs","name":"kind","needs":"value"},{"target":"jobs","name":"job_type","needs":"value"},{"target":"jobs","name":"user_id","needs":"value"},{"target":"jobs","name":"dedupe_key","needs":"value"},{"target":"jobs","name":"dedupe_while","needs":"value"},{"target":"jobs","name":"traceparent","needs":"value"},{"target":"jobs","name":"tracestate","needs":"value"},{"target":"jobs","name":"created_at","needs":"time"},{"target":"jobs","name":"requirements","needs":"object"},{"target":"jobs","name":"required_models","adds":"text[]"},{"target":"jobs","name":"blocked_by_job_id","adds":"text"},{"target":"jobs","name":"conflict_reason","adds":"text"},{"target":"jobs","name":"queued_at","adds":"timestamp with time zone"},{"target":"jobs","name":"priority","adds":"integer"},{"target":"workflow_executions","name":"execution_id","needs":"key"},{"target":"workflow_executions","name":"required_models","adds":"text[]"},{"target":"workflow_executions","name":"blocked_by_job_id","adds":"text"},{"target":"workflow_executions","name":"conflict_reason","adds":"text"}]') as u (target text, name text) on u.target = t.key and u.name = c.key
   where u.name is null or jsonb_typeof(c.value) <> 'string' or octet_length(c.value #>> '{}') not between 1 and 63
   limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ110',
      message = format('columns: %s is no column that Interlock uses, or what it is given is no name', wrong),
      hint = 'The columns, and what each is for, are in interlock-queue/docs/guides/migration-guide.md. Nothing was changed.';
  end if;
  -- Before it is moved (11_schema), it is in public.
  if coalesce(to_regclass('interlock.job_queue_settings'), to_regclass('interlock.job_queue_settings')) is not null then
    execute format($sql$select s.value from %s s where s.key = 'columns'$sql$,
      coalesce(to_regclass('interlock.job_queue_settings'), to_regclass('interlock.job_queue_settings'))) into kept;
  end if;
  kept := coalesce(kept, '{}');

  with used as (
    select u.*, r.place, to_regclass('public.' || u.target) as id, coalesce(
             given -> u.target ->> u.name, kept -> u.target ->> u.name,
             -- Interlock has two names for the key of workflow_executions.
             case when u.name = 'execution_id' and not exists (
               select from pg_catalog.pg_attribute a
                where a.attrelid = to_regclass('public.workflow_executions') and a.attname = 'execution_id'
                  and not a.attisdropped and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype))
               then 'id' end,
             -- No name of Interlock's own: a column of the user's that is called so means nothing until he says so.
             case when u.needs is distinct from 'object' then u.name end) as yours
      from json_array_elements('[{"target":"jobs","name":"job_id","needs":"key"},{"target":"jobs","name":"status","needs":"word"},{"target":"jobs","name":"model","needs":"value"},{"target":"jobs","name":"kind","needs":"value"},{"target":"jobs","name":"job_type","needs":"value"},{"target":"jobs","name":"user_id","needs":"value"},{"target":"jobs","name":"dedupe_key","needs":"value"},{"target":"jobs","name":"dedupe_while","needs":"value"},{"target":"jobs","name":"traceparent","needs":"value"},{"target":"jobs","name":"tracestate","needs":"value"},{"target":"jobs","name":"created_at","needs":"time"},{"target":"jobs","name":"requirements","needs":"object"},{"target":"jobs","name":"required_models","adds":"text[]"},{"target":"jobs","name":"blocked_by_job_id","adds":"text"},{"target":"jobs","name":"conflict_reason","adds":"text"},{"target":"jobs","name":"queued_at","adds":"timestamp with time zone"},{"target":"jobs","name":"priority","adds":"integer"},{"target":"workflow_executions","name":"execution_id","needs":"key"},{"target":"workflow_executions","name":"required_models","adds":"text[]"},{"target":"workflow_executions","name":"blocked_by_job_id","adds":"text"},{"target":"workflow_executions","name":"conflict_reason","adds":"text"}]') with ordinality as r (value, place)
      cross join lateral json_to_record(r.value) as u (target text, name text, needs text, adds text))
  select json_agg(json_build_object('target', u.target, 'name', u.name, 'needs', u.needs, 'adds', u.adds, 'yours', u.yours,
             'given', coalesce(given -> u.target ? u.name, false), 'found', c.oid is not null,
             'type', format_type(a.atttypid, a.atttypmod),
             'fits', case u.needs
               when 'key' then a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
               when 'word' then y.typcategory in ('S', 'E') and a.attgenerated = ''
               when 'value' then y.typcategory in ('S', 'E', 'N') or a.atttypid = 'uuid'::regtype
               when 'object' then a.atttypid = 'jsonb'::regtype and a.attgenerated = ''
               when 'time' then a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
               -- A generated column or an identity cannot be written.
               else a.atttypid = u.adds::regtype and a.attgenerated = '' and a.attidentity = '' end,
             'made', a.attgenerated <> '' or a.attidentity <> '') order by u.place)
    into names
    from used u
    left join pg_catalog.pg_class c on c.oid = u.id and c.relkind in ('r', 'p')
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = u.yours and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_type y on y.oid = a.atttypid;
  perform set_config('interlock.names', names::text, true);
  if given <> '{}' then
    perform set_config('interlock.columns', coalesce((
      select jsonb_object_agg(t, coalesce(kept -> t, '{}') || coalesce(given -> t, '{}'))::text
        from unnest(array['jobs', 'workflow_executions']) as t where kept ? t or given ? t), ''), true);
  end if;
end
$names$;

do $fit$
declare
  wrong record;
begin
  -- A named column that does not exist, or has the wrong type for its use.
  select n.target, n.name, case when not n.found then format('there is no table %s in schema public', n.target)
           when n.type is null then format('%s has no column %s, which is to be its %s', n.target, n.yours, n.name)
           else format('%s.%s, which is to be its %s, has type %s: Interlock needs %s', n.target, n.yours, n.name, n.type,
             case n.needs when 'key' then 'text, varchar or uuid' when 'word' then 'text or an enum, not generated'
               when 'value' then 'text, an enum, a number or a uuid' when 'time' then 'a timestamp or a date'
               when 'object' then 'jsonb, not generated'
               else n.adds end) end as what
    into wrong
    from json_to_recordset(current_setting('interlock.names')::json)
      as n (target text, name text, needs text, adds text, yours text, given boolean, found boolean, type text, fits boolean)
   where n.given and (not n.found or not n.fits or (n.type is null and n.needs is not null))
   limit 1;
  if found then
    raise exception using errcode = 'JQ110', message = 'columns: ' || wrong.what,
      hint = format('Name another: npx interlock-queue migrate --column %s.%s=<yours>. Nothing was changed.', wrong.target, wrong.name);
  end if;

  -- A column that Interlock writes may have one meaning; one that it only reads may have several.
  select n.target, n.yours, string_agg(n.name, ' and ') as meanings into wrong
    from json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, needs text, adds text, yours text)
   group by n.target, n.yours
  having count(*) > 1 and bool_or(n.needs in ('word', 'object') or n.adds is not null)
   limit 1;
  if found then
    raise exception using errcode = 'JQ110',
      message = format('columns: %s.%s cannot be %s at once', wrong.target, wrong.yours, wrong.meanings),
      hint = 'Name another for one of them: npx interlock-queue migrate --column <table>.<column>=<yours>. Nothing was changed.';
  end if;
end
$fit$;

do $follow$
declare
  said text[] := string_to_array(nullif(current_setting('interlock.follow'), ''), ',');
  account text := current_setting('interlock.account');
  is_new boolean := account = 'new' or (account = 'any' and not exists (
    select from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and c.relname <> all ('{job_queue_log,job_queue_state,job_queue_jobs,job_queue_not_taken_in,job_queue_set_aside,job_queue_migrations,job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles}'::text[]))
    -- It has them in another schema: a second `jobs` that no statement reaches would only mislead.
    and coalesce(to_regclass('jobs'), to_regclass('workflow_executions')) is null);
  of_first boolean := to_regclass('public.job_queue_state_v1') is not null or (to_regclass('public.job_queue_state') is not null
    and not exists (
      select from pg_catalog.pg_attribute a
       where a.attrelid = to_regclass('public.job_queue_state') and a.attname = 'queue' and not a.attisdropped));
  is_alike boolean := (
    select count(*) = 3 from json_to_recordset(current_setting('interlock.names')::json)
        as n (target text, name text, needs text, type text, fits boolean)
     where n.target = 'jobs' and n.type is not null and (n.name in ('status', 'model') or (n.needs = 'key' and n.fits)));
  item record;
  targets jsonb := '[]';
begin
  for item in
    select t.name, t.id, t.id is null as is_missing, k.fits, k.yours, coalesce(c.relkind in ('r', 'p'), false) as is_table,
           exists (
             select from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = g.tgfoid
              where g.tgrelid = t.id and not g.tgisinternal and p.proname ~ '^job_queue_'
                and p.pronamespace in (to_regnamespace('public'), to_regnamespace('interlock')))
           or (k.fits and n.have_all) as is_kept,
           n.are_named, (
             select p.pronamespace::regnamespace::text from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = g.tgfoid
              where g.tgrelid = t.id and g.tgname = '000_job_queue_guard_update'
                and (p.pronamespace in (to_regnamespace('public'), to_regnamespace('interlock'))) is not true) as owner
      from (select u.name, u.place, to_regclass('public.' || u.name)::oid as id
              from unnest(array['jobs', 'workflow_executions']) with ordinality as u (name, place)) as t
      left join pg_catalog.pg_class c on c.oid = t.id
      cross join lateral (
        select bool_and(n.type is not null) filter (where n.adds is not null) as have_all, bool_or(n.given) as are_named
          from json_to_recordset(current_setting('interlock.names')::json) as n (target text, adds text, given boolean, type text)
         where n.target = t.name) n
      cross join lateral (
        select coalesce(k.fits, false) as fits, k.yours
          from json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text, fits boolean)
         where k.target = t.name and k.needs = 'key') k
     order by t.place
  loop
    if item.name = any (said) and not item.fits then
      raise exception using errcode = 'JQ110',
        message = case when item.is_missing then format('follow: there is no table %s in schema public', item.name)
          when not item.is_table then format('follow: %s is no table', item.name)
          else format('follow: %s has no column %s of type text, varchar or uuid', item.name, item.yours) end,
        hint = case when item.is_missing and item.name = 'jobs' then 'Have it made: npx interlock-queue migrate --make-jobs. Nothing was changed.'
          when item.is_table then format('Name its key: npx interlock-queue migrate --column %s.%s=<yours>. Nothing was changed.', item.name,
            case item.name when 'jobs' then 'job_id' else 'execution_id' end)
          else 'Nothing was changed.' end;
    end if;
    if item.owner is not null and (item.name = any (said) or item.are_named) then
      raise exception using errcode = 'JQ110',
        message = format('follow: %s is followed already, by the installation in schema %s', item.name, item.owner),
        hint = 'One installation follows a table: name another table, or use that one. Nothing was changed.';
    end if;
    targets := targets || (
      select jsonb_build_object('target', item.name, 'does', d.does, 'why', d.why, 'owner', item.owner) from (values
        (1, 'make', case when is_new then 'the account has no tables' else 'it was asked for' end,
          item.is_missing and (is_new or (item.name = 'jobs' and current_setting('interlock.make_jobs') = 'true'))),
        (2, 'none', 'there is none', item.is_missing),
        (3, 'leave', 'it is no table', not item.is_table),
        (4, 'leave', format('the installation in schema %s follows it', item.owner), item.owner is not null),
        (5, 'keep', 'it is followed already', item.is_kept),
        (6, 'leave', 'it has no key that Interlock knows', not item.fits),
        (7, 'follow', 'it is named', item.name = any (said) or item.are_named),
        (8, 'follow', 'the first coordinator used it', of_first),
        (9, 'follow', case item.name when 'jobs' then 'it has job_id, status and model' else 'jobs has job_id, status and model' end,
          said is null and is_alike),
        (10, 'leave', 'nobody said that it should be followed', true)) as d (nth, does, why, applies)
       where d.applies order by d.nth limit 1);
  end loop;
  if exists (select from unnest(said) as s where s not in ('jobs', 'workflow_executions', 'none')) then
    raise exception using errcode = 'JQ110', message = 'follow: Interlock follows jobs and workflow_executions, no other table',
      hint = 'Nothing was changed.';
  end if;
  perform set_config('interlock.targets', targets::text, true);
  perform set_config('interlock.followed', coalesce((
    select string_agg(t.target, ',') from jsonb_to_recordset(targets) as t (target text, does text)
     where t.does in ('make', 'follow', 'keep')), ''), true);
  perform set_config('client_min_messages', 'notice', true);
  for item in select t.* from jsonb_to_recordset(targets) as t (target text, does text, why text) where t.does = 'follow' loop
    raise notice using message = format('%s is followed, since %s: it gets columns, indexes and triggers of Interlock', item.target, item.why),
      hint = 'A script that begins with set local interlock.follow = ''none'' leaves it alone.';
  end loop;
  perform set_config('client_min_messages', 'warning', true);
end
$follow$;

do $room$
declare
  wrong record;
begin
  -- In a table that Interlock follows, a column that has the name of a coordination column and is something else.
  select n.target, n.name, n.yours, n.adds,
         case when n.made then 'is generated, Interlock has to write it' else format('has type %s, Interlock needs %s', n.type, n.adds) end as what
    into wrong
    from json_to_recordset(current_setting('interlock.names')::json)
      as n (target text, name text, adds text, yours text, type text, fits boolean, made boolean)
   where n.adds is not null and not n.fits and n.target = any (string_to_array(current_setting('interlock.followed'), ','))
   limit 1;
  if found then
    raise exception using errcode = 'JQ103',
      message = format('%s.%s %s', wrong.target, wrong.yours, wrong.what),
      hint = format('Have Interlock''s made under another name (npx interlock-queue migrate --column %s.%s=<another>), or rename that column or change its type, then run the migration again. Nothing was changed.',
        wrong.target, wrong.name);
  end if;
end
$room$;

do $first$
declare
  old text;
  part record;
  active text;
begin
  foreach old in array array['job_queue_state', 'job_queue_log'] loop
    continue when to_regclass('public.' || old) is null or exists (
      select from pg_catalog.pg_attribute a
       where a.attrelid = to_regclass('public.' || old) and a.attname = 'queue' and not a.attisdropped);
    execute format('lock table public.%I in access exclusive mode', old);
    if old = 'job_queue_state' then
      execute 'select active_job_id::text from public.job_queue_state where active_job_id is not null limit 1' into active;
      if active is not null then
        raise exception using errcode = 'JQ104',
          message = format('the first coordinator is running job %s', active),
          hint = 'Stop its workers and wait until job_queue_state.active_job_id is null (or set it to null if that job is dead), then run the migration again. Nothing was changed.';
      end if;
    end if;
    if to_regclass(format('public.%I', old || '_v1')) is not null then
      raise exception using errcode = 'JQ105',
        message = format('there are both %s of the first coordinator and a table %s_v1', old, old),
        hint = format('Rename or drop %s_v1, then run the migration again. Nothing was changed.', old);
    end if;
    -- Frees the names that our objects need, together with the table. Otherwise ours would have other names in this account.
    for part in
      select 'constraint' as kind, k.conname as name from pg_catalog.pg_constraint k
       where k.conrelid = to_regclass('public.' || old) and k.contype <> 't'
      union all
      select 'index', c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
       where i.indrelid = to_regclass('public.' || old)
         and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
      union all
      select 'sequence', c.relname from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
         and d.refobjid = to_regclass('public.' || old) and d.deptype in ('a', 'i') and c.relkind = 'S'
    loop
      execute format(case part.kind when 'constraint' then 'alter table public.%3$I rename constraint %1$I to %2$I'
        else 'alter ' || part.kind || ' public.%1$I rename to %2$I' end, part.name, left(part.name, 60) || '_v1', old);
    end loop;
    execute format('alter table public.%I rename to %I', old, old || '_v1');
  end loop;
end
$first$;

create schema if not exists interlock;

do $move$
declare
  item record;
  tables text;
begin
  select string_agg(format('public.%I', t.name), ', ' order by t.nth) into tables
    from unnest(string_to_array('job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles', ',')) with ordinality as t (name, nth)
   where to_regclass('public.' || t.name) is not null;
  if tables is null then
    return;
  end if;
  -- All at once, the heads first, as an append has them. Who holds one and waits for another lets go of it, not the migration for ever.
  for tries in 1..100 loop
    begin
      set local lock_timeout = '300ms';
      execute format('lock table %s in access exclusive mode', tables);
      exit;
    exception when lock_not_available or deadlock_detected then
      if tries = 100 then
        raise;
      end if;
      perform pg_sleep(random() / 10);
    end;
  end loop;
  set local lock_timeout = '10s';
  for item in
    select c.oid::regclass as id, c.relkind from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace
       and (c.relname = any (string_to_array('job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles', ',')) or c.relname = 'job_queue_intake_woken')
  loop
    execute format('alter %s %s set schema interlock', case item.relkind when 'S' then 'sequence' else 'table' end, item.id);
  end loop;
  for item in
    select p.oid::regprocedure as id from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proname = any (string_to_array('job_queue_account,job_queue_answered,job_queue_archived_events,job_queue_arrived_rows,job_queue_by_schedule,job_queue_cancel_rows,job_queue_check_end,job_queue_circle,job_queue_circle_text,job_queue_columns,job_queue_dated,job_queue_deleted,job_queue_doubtful,job_queue_drop_chunks,job_queue_elsewhere,job_queue_end_of_life,job_queue_ending,job_queue_event_at,job_queue_event_body,job_queue_event_text,job_queue_events,job_queue_execution_deleted,job_queue_forget_workers,job_queue_given_up,job_queue_guard_columns,job_queue_hidden,job_queue_holders,job_queue_insert_chained,job_queue_intake,job_queue_job_body,job_queue_job_digest,job_queue_jobs_fault,job_queue_keep_cut,job_queue_kept_digest,job_queue_known,job_queue_last_retry,job_queue_life,job_queue_linked,job_queue_lock_submissions,job_queue_micros,job_queue_not_arrived,job_queue_not_live,job_queue_note_row,job_queue_once_before,job_queue_open_requests,job_queue_outer_rows,job_queue_overdue,job_queue_parents,job_queue_payload_fault,job_queue_project_target,job_queue_published_in,job_queue_put_data,job_queue_put_many,job_queue_put_once,job_queue_put_staged,job_queue_put_state,job_queue_queued_job,job_queue_reads,job_queue_rebuild,job_queue_refuse_by_policy,job_queue_refuse_change,job_queue_refuse_digest,job_queue_refuse_other,job_queue_refused_words,job_queue_request_fault,job_queue_row_fields,job_queue_row_linked,job_queue_row_lives,job_queue_row_unlinked,job_queue_rows_gone,job_queue_said_before,job_queue_say_not_taken_in,job_queue_set_aside_rows,job_queue_shadowing,job_queue_status,job_queue_status_set,job_queue_submitted_circle,job_queue_submitted_job,job_queue_sweep_once,job_queue_targets,job_queue_touched,job_queue_truncated,job_queue_unlike,job_queue_unstaged,job_queue_user_rows,job_queue_void,job_queue_void_seqs,job_queue_voided,job_queue_wake,job_queue_wake_intake,job_queue_without_data,job_queue_write_target', ','))
  loop
    execute format('alter function %s set schema interlock', item.id);
  end loop;
end
$move$;

create table if not exists public.job_queue_log (
  seq bigint not null,
  created_at timestamptz not null,
  queue text not null,
  event_type text not null,
  job_id text,
  job_type text,
  models text[],
  worker_id text,
  data jsonb,
  command_id text,
  command_hash bigint,
  schema_version smallint not null default 1,
  hash bytea,
  primary key (queue, seq)
);

create index if not exists job_queue_log_job_idx on public.job_queue_log (queue, job_id);

create index if not exists job_queue_log_command_idx on public.job_queue_log (command_id);

drop index if exists public.job_queue_log_created_idx;
create index if not exists job_queue_log_time_idx on public.job_queue_log
  using brin (created_at) with (pages_per_range = 16, autosummarize = on);

create index if not exists job_queue_log_voided_idx on public.job_queue_log (queue) where event_type = 'voided';

alter table public.job_queue_log set (vacuum_truncate = off);

alter index public.job_queue_log_pkey set (fillfactor = 100);

create table if not exists interlock.job_queue_heads (
  queue text not null,
  version bigint not null default 0,
  epoch integer not null default 1,
  last_at timestamptz not null default to_timestamp(0),
  projected_seq bigint not null default 0,
  min_reader integer not null default 1,
  woken_at timestamptz not null default to_timestamp(0),
  archived_seq bigint not null default 0,
  chain_from bigint,
  chain_start bytea,
  chain bytea,
  primary key (queue, version)
);

alter table interlock.job_queue_heads add column if not exists cut_claimed_at timestamptz not null default to_timestamp(0);

alter table interlock.job_queue_heads add column if not exists kept_from bigint;
alter table interlock.job_queue_heads add column if not exists kept_digest numeric;

alter table interlock.job_queue_heads add column if not exists channel text not null
  default 'interlock_' || pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '');

alter table interlock.job_queue_heads add column if not exists woken_version bigint not null default 0;

do $heads$
begin
  if exists (select from pg_catalog.pg_constraint k
              where k.conrelid = 'interlock.job_queue_heads'::regclass and k.contype = 'p' and cardinality(k.conkey) = 1) then
    alter table interlock.job_queue_heads reset (fillfactor), drop constraint job_queue_heads_pkey, add primary key (queue, version);
  end if;
end
$heads$;

create table if not exists public.job_queue_state (
  id integer generated by default as identity (start with 2),
  queue text not null,
  status text not null default 'idle',
  version bigint not null default 0,
  active_job_id text,
  active_job_type text,
  active_models text[] not null default '{}',
  active_count integer not null default 0,
  waiting_count integer not null default 0,
  policy jsonb not null default '{"maxActive": 1, "capacity": {}, "maxOvertakes": 0, "ageSeconds": 60, "offerMs": 2000, "holdAfterLossSeconds": {}, "rate": {}, "fairShare": null, "retentionDays": 30, "archive": "keep", "emptySet": "bypass"}',
  drained_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (queue, version)
);

alter table public.job_queue_state add column if not exists servers text[];

do $state$
begin
  if exists (select from pg_catalog.pg_constraint k
              where k.conrelid = 'public.job_queue_state'::regclass and k.contype = 'p' and cardinality(k.conkey) = 1) then
    alter table public.job_queue_state reset (fillfactor), drop constraint job_queue_state_pkey, add primary key (queue, version),
      drop constraint if exists job_queue_state_id_key;
  end if;
end
$state$;

insert into interlock.job_queue_heads (queue)
select 'default' where not exists (select from interlock.job_queue_heads h where h.queue = 'default');
insert into public.job_queue_state (id, queue)
select 1, 'default' where not exists (select from public.job_queue_state s where s.queue = 'default');

create table if not exists public.job_queue_jobs (
  queue text not null,
  job_id text not null,
  state text not null,
  job_type text not null,
  kind text not null,
  models text[] not null,
  priority integer not null,
  place_level integer not null,
  place_order bigint not null,
  place_tie double precision not null,
  queued_at timestamptz not null,
  due_at timestamptz,
  expires_at timestamptz,
  attempt integer not null,
  attempts integer not null,
  timeout_ms bigint not null,
  worker_id text,
  fencing_token bigint,
  started_at timestamptz,
  cancel_requested boolean not null default false,
  blocked_by_job_id text,
  blocked_on text,
  conflict_reason text,
  primary key (queue, job_id)
) with (fillfactor = 70);

alter table public.job_queue_jobs add column if not exists life bigint;

alter table public.job_queue_jobs add column if not exists postponed integer not null default 0;

alter table public.job_queue_jobs add column if not exists asks jsonb;

alter table public.job_queue_jobs add column if not exists places jsonb;

alter table public.job_queue_jobs add column if not exists whole text[];

create index if not exists job_queue_jobs_whole_idx on public.job_queue_jobs (queue) where whole is not null;

alter table public.job_queue_jobs set (vacuum_truncate = off);

create table if not exists interlock.job_queue_workers (
  queue text not null check (length(queue) between 1 and 200),
  worker_id text not null check (length(worker_id) between 1 and 200),
  kinds text[],
  free_slots integer not null check (free_slots >= 0),
  release text not null check (length(release) <= 200),
  started_at timestamptz not null,
  beat_at timestamptz not null,
  expires_at timestamptz not null,
  dead boolean not null default false,
  ttl_ms integer not null check (ttl_ms > 0),
  grace_ms integer not null check (grace_ms >= 0),
  primary key (queue, worker_id)
) with (fillfactor = 30);

alter table interlock.job_queue_workers add column if not exists settled boolean not null default false;

alter table interlock.job_queue_workers add column if not exists reads smallint;

alter table interlock.job_queue_workers add column if not exists server_since timestamptz;

create table if not exists interlock.job_queue_inbox (
  queue text not null check (length(queue) between 1 and 200),
  request_id text not null check (length(request_id) between 1 and 190),
  command jsonb not null check (pg_column_size(command) <= 8388608),
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  taken_until timestamptz,
  primary key (queue, request_id)
);

create index if not exists job_queue_inbox_open_idx on interlock.job_queue_inbox (queue, created_at)
  where answered_at is null;

create index if not exists job_queue_inbox_answered_idx on interlock.job_queue_inbox (queue, answered_at)
  where answered_at is not null;

create index if not exists job_queue_inbox_cancel_idx on interlock.job_queue_inbox (queue, (left(command ->> 'job_id', 200)))
  where answered_at is null and command ->> 'type' = 'cancel';

create index if not exists job_queue_inbox_beat_idx on interlock.job_queue_inbox (queue, (left(command ->> 'worker_id', 200)))
  where command ->> 'type' = 'heartbeat';

create index if not exists job_queue_inbox_refused_idx on interlock.job_queue_inbox (queue, answered_at)
  where answered_at is not null and answer @> '{"ok": false}' and command @> '{"type": "enqueue"}';

create table if not exists interlock.job_queue_data (
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  life bigint,
  token bigint,
  payload jsonb check (pg_column_size(payload) <= 8388608),
  result jsonb check (pg_column_size(result) <= 8388608),
  error jsonb check (pg_column_size(error) <= 131072),
  checkpoint jsonb check (pg_column_size(checkpoint) <= 524288),
  progress jsonb check (pg_column_size(progress) <= 524288),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (queue, job_id)
);
alter table interlock.job_queue_data add column if not exists trace jsonb check (pg_column_size(trace) <= 4096);

create unlogged table if not exists interlock.job_queue_watched (
  queue text not null,
  job_id text not null,
  address text not null,
  until timestamptz not null,
  primary key (queue, job_id, address)
);

create table if not exists interlock.job_queue_snapshots (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  state jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq)
);

create table if not exists interlock.job_queue_snapshot_chunks (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  maker text not null check (length(maker) between 1 and 100),
  n integer not null check (n >= 0),
  body text not null check (octet_length(body) <= 4194304),
  written_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq, maker, n)
);

create table if not exists interlock.job_queue_changes (
  queue text not null,
  seq bigint not null,
  job_ids text[] not null,
  primary key (queue, seq)
);

create table if not exists public.job_queue_set_aside (
  queue text not null,
  target text not null check (target in ('jobs', 'workflow_executions')),
  job_id text not null,
  since timestamptz not null default clock_timestamp(),
  next_at timestamptz not null default clock_timestamp(),
  tries integer not null default 1,
  sqlstate text not null,
  primary key (queue, target, job_id)
);

create table if not exists interlock.job_queue_doubles (
  queue text not null,
  job_id text not null,
  stands_for text not null,
  since timestamptz not null,
  primary key (queue, job_id)
);

create index if not exists job_queue_doubles_stands_for_idx on interlock.job_queue_doubles (queue, stands_for);

create table if not exists interlock.job_queue_arrivals (
  id bigint generated always as identity primary key,
  queue text,
  claimed_until timestamptz,
  arrived_at timestamptz not null default clock_timestamp(),
  job_id text
);

create index if not exists job_queue_arrivals_job_idx on interlock.job_queue_arrivals (job_id);

create table if not exists public.job_queue_not_taken_in (
  id bigint primary key,
  queue text not null,
  job_id text,
  reason text not null,
  arrived_at timestamptz not null,
  refused_at timestamptz not null default clock_timestamp()
);

create table if not exists interlock.job_queue_unlinked (
  target text not null check (target in ('jobs', 'workflow_executions')),
  job_id text not null,
  late boolean not null,
  since timestamptz not null default clock_timestamp(),
  primary key (target, job_id)
);

do $lives$
begin
  if exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = 'interlock.job_queue_unlinked'::regclass and a.attname = 'life' and not a.attisdropped) then
    return;
  end if;
  alter table interlock.job_queue_unlinked add column queue text, add column life bigint;
  -- Rows from before are noted once the functions are there (63_rows_before.sql).
  perform set_config('interlock.rows_before', 'true', true);
end
$lives$;

create table if not exists interlock.job_queue_settings (
  key text primary key check (key in ('statuses', 'columns')),
  value jsonb not null check (jsonb_typeof(value) = 'object'),
  updated_at timestamptz not null default clock_timestamp()
);

create sequence if not exists interlock.job_queue_intake_woken as bigint minvalue 0 start 0;

create table if not exists public.job_queue_migrations (
  version text primary key,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp()
);

do $new$
declare
  target text;
  role_name text;
begin
  for target in
    select t.target from json_to_recordset(current_setting('interlock.targets')::json) as t (target text, does text) where t.does = 'make'
  loop
    if target = 'jobs' then
      create table public.jobs (
        job_id text primary key default gen_random_uuid()::text check (length(job_id) between 1 and 200),
        status text not null default 'pending',
        model text,
        created_at timestamptz not null default now()
      );
    else
      create table public.workflow_executions (
        id text primary key default gen_random_uuid()::text check (length(id) between 1 and 200),
        status text not null default 'pending',
        created_at timestamptz not null default now()
      );
    end if;
    execute format('alter table public.%I enable row level security', target);
    execute format('create policy %I on public.%I using (false)', target || '_nobody', target);
    execute format('revoke all on public.%I from public', target);
    for role_name in
      select rolname from pg_catalog.pg_roles where rolname in ('anon', 'authenticated')
    loop
      execute format('revoke all on public.%I from %I', target, role_name);
    end loop;
    if to_regrole('service_role') is not null then
      execute format('grant select, insert, update, delete on public.%I to service_role', target);
    end if;
  end loop;
end
$new$;

insert into interlock.job_queue_settings as s (key, value)
select w.key, w.given::jsonb from (values
  ('statuses', current_setting('interlock.statuses')), ('columns', current_setting('interlock.columns'))) as w (key, given)
 where w.given <> ''
on conflict (key) do update set value = s.value || excluded.value, updated_at = clock_timestamp()
  where s.value || excluded.value <> s.value;

create index if not exists job_queue_log_dead_idx on public.job_queue_log (queue, seq)
  where event_type = 'expired' or (event_type in ('failed', 'lease_expired') and data ? 'final');

create table if not exists interlock.job_queue_dropped (
  queue text not null,
  job_id text not null,
  seq bigint not null,
  dropped_at timestamptz not null default clock_timestamp(),
  primary key (queue, job_id)
);

create table if not exists interlock.job_queue_log_archive (
  seq bigint not null,
  created_at timestamptz not null,
  queue text not null,
  event_type text not null,
  job_id text,
  job_type text,
  models text[],
  worker_id text,
  data jsonb,
  command_id text,
  command_hash bigint,
  schema_version smallint not null default 1,
  hash bytea,
  primary key (queue, seq)
);
alter index interlock.job_queue_log_archive_pkey set (fillfactor = 100);
create index if not exists job_queue_log_archive_voided_idx on interlock.job_queue_log_archive (queue)
  where event_type = 'voided';

create unlogged table if not exists interlock.job_queue_staged (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  item jsonb not null check (pg_column_size(item) <= 16777216),
  staged_at timestamptz not null default clock_timestamp(),
  primary key (queue, command_id, job_id)
);

create unlogged table if not exists interlock.job_queue_combiners (
  queue text primary key check (length(queue) between 1 and 200),
  combiner text check (length(combiner) between 1 and 100),
  election bigint not null default 1,
  barren integer not null default 0,
  oldest bigint,
  backend integer
);

create unlogged table if not exists interlock.job_queue_published (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  place bigint not null generated always as identity,
  sender text not null check (length(sender) between 1 and 100),
  command jsonb not null check (pg_column_size(command) <= 4194304),
  waits_until timestamptz not null,
  primary key (queue, command_id)
);

select set_config('interlock.positions_granted', coalesce((
  select has_table_privilege(r.oid, c.oid, 'SELECT')::text from pg_catalog.pg_roles r, pg_catalog.pg_class c
   where r.rolname = 'authenticated' and c.oid = to_regclass('public.job_queue_places')), 'false'), true);

create table if not exists interlock.job_queue_operators (
  queue text not null check (length(queue) between 1 and 200),
  worker_id text not null check (length(worker_id) between 1 and 200),
  operator text not null check (length(operator) <= 200),
  host text check (length(host) <= 200),
  command text check (length(command) <= 500),
  noted_at timestamptz not null default clock_timestamp(),
  primary key (queue, worker_id)
);

create table if not exists interlock.job_queue_once (
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  seq bigint not null,
  until timestamptz,
  body bigint not null,
  payload_hash bigint,
  has_data boolean not null default false,
  digest text,
  stands_for text,
  primary key (queue, job_id)
);
alter table interlock.job_queue_once add column if not exists digest text;
alter table interlock.job_queue_once add column if not exists stands_for text;
create index if not exists job_queue_once_until_idx on interlock.job_queue_once (queue, until) where until is not null;

create table if not exists interlock.job_queue_submissions (
  id bigint generated always as identity,
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  request_id text not null check (length(request_id) between 1 and 190),
  job jsonb not null,
  submitted_at timestamptz not null default clock_timestamp(),
  taken_until timestamptz,
  code text,
  reason text,
  primary key (queue, job_id)
);

create unique index if not exists job_queue_submissions_order_idx on interlock.job_queue_submissions (queue, id);

create index if not exists job_queue_submissions_request_idx on interlock.job_queue_submissions (queue, request_id);

do $columns$
declare
  item record;
begin
  -- One ALTER per table, and none if nothing is missing: each takes an exclusive lock.
  for item in
    select n.target, string_agg(format('add column %I %s', n.yours, n.adds), ', ') as columns
      from json_to_recordset(current_setting('interlock.names')::json) as n (target text, adds text, yours text)
      join json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text)
        on k.target = n.target and k.needs = 'key'
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || k.target) and t.relkind in ('r', 'p')
      join pg_catalog.pg_attribute key
        on key.attrelid = t.oid and key.attname = k.yours and not key.attisdropped
       and key.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
     where n.adds is not null and n.target = any (string_to_array(current_setting('interlock.followed'), ',')) and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = key.attrelid and a.attname = n.yours and not a.attisdropped)
     group by n.target
  loop
    execute format('alter table public.%I %s', item.target, item.columns);
    -- The new columns follow the log from its beginning.
    update interlock.job_queue_heads set projected_seq = 0 where projected_seq > 0;
  end loop;
end
$columns$;

do $indexes$
declare
  item record;
  there regclass;
begin
  for item in
    select w.index, format('CREATE INDEX %I ON public.%I USING btree (%I) WHERE (%I IS %s)',
             w.index, w.target, n.yours, c.yours, w.condition) as definition
      from (values
        ('jobs_blocked_by_job_id_idx', 'jobs', 'blocked_by_job_id', 'blocked_by_job_id', 'NOT NULL'),
        ('jobs_not_taken_in_idx', 'jobs', 'status', 'queued_at', 'NULL'),
        ('workflow_executions_blocked_by_job_id_idx', 'workflow_executions', 'blocked_by_job_id', 'blocked_by_job_id', 'NOT NULL'))
        as w (index, target, name, asked, condition)
      join json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, yours text)
        on n.target = w.target and n.name = w.name
      join json_to_recordset(current_setting('interlock.names')::json) as c (target text, name text, yours text)
        on c.target = w.target and c.name = w.asked
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || w.target) and t.relkind in ('r', 'p')
     where w.target = any (string_to_array(current_setting('interlock.followed'), ','))
       and (select count(*) from pg_catalog.pg_attribute a
             where a.attrelid = t.oid and a.attname in (n.yours, c.yours) and not a.attisdropped)
           = case when n.yours = c.yours then 1 else 2 end
  loop
    there := to_regclass('public.' || item.index);
    -- An existing index is left alone, unless the names have changed.
    if there is not null and current_setting('interlock.columns') <> ''
       and replace(pg_get_indexdef(there), ' ON ONLY ', ' ON ') <> item.definition then
      execute format('drop index %s', there);
      there := null;
    end if;
    if there is null then
      execute item.definition;
    end if;
  end loop;
end
$indexes$;

do $passed_over$
declare
  item record;
  told text[] := '{}';
begin
  for item in
    select w.what, w.remedy
      from json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, needs text, yours text)
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || n.target)
      left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = n.yours and a.attnum > 0 and not a.attisdropped
      cross join lateral (select t.relkind in ('r', 'p') as is_table,
        a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype) as is_key,
        case n.target when 'jobs' then 'its rows do not become jobs' else 'its rows do not follow' end as so,
        -- A column that could be the key, because it is unique by itself.
        (select u.attname from pg_catalog.pg_index i
           join pg_catalog.pg_attribute u on u.attrelid = i.indrelid and u.attnum = i.indkey[0]
          where i.indrelid = t.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
            and u.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
          order by i.indisprimary desc, u.attnum limit 1) as key) as s
      cross join lateral (
        select format('%s is no table: %s', n.target, s.so), ''
         where n.needs = 'key' and not s.is_table
        union all
        select format('%s has no column %s of type text, varchar or uuid: %s', n.target, n.yours, s.so),
               format('If they should: npx interlock-queue migrate --column %s', case when s.key ~ '^[a-z0-9_]+$' or s.key is null
                 then format('%s.%s=%s', n.target, n.name, coalesce(s.key, '<yours>'))
                 else format('"%s.%s=%s"', n.target, n.name, s.key) end)
         where n.needs = 'key' and s.is_table and s.is_key is not true
        union all
        select format('%s has no column %s: %s', n.target, n.yours, s.so),
               format('If they should: npx interlock-queue migrate --column %s.%s=<yours>', n.target, n.name)
         where n.target = 'jobs' and n.name = 'status' and a.attnum is null
           and exists (select from json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text)
             join pg_catalog.pg_attribute key on key.attrelid = t.oid and key.attname = k.yours and not key.attisdropped
              and key.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
            where k.target = 'jobs' and k.needs = 'key')
        union all
        select format('%s is not followed: %s', n.target, s.so), format('If they should: npx interlock-queue migrate --follow %s', n.target)
         where n.needs = 'key' and s.is_table and s.is_key and n.target <> all (string_to_array(current_setting('interlock.followed'), ','))
           and (n.target <> 'jobs' or exists (
             select from json_to_recordset(current_setting('interlock.names')::json) as k (target text, name text, type text)
              where k.target = 'jobs' and k.name = 'status' and k.type is not null))) as w (what, remedy)
     where not exists (
       select from json_to_recordset(current_setting('interlock.targets')::json) as o (target text, owner text)
        where o.target = n.target and o.owner is not null)
  loop
    raise warning using message = item.what, hint = item.remedy;
    told := told || concat_ws('; ', item.what, nullif(lower(left(item.remedy, 1)) || substr(item.remedy, 2), ''));
  end loop;
  -- For the program that runs this migration.
  perform set_config('interlock.passed_over', to_json(told)::text, true);
end
$passed_over$;

create or replace function public.job_queue_open(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  head record;
begin
  if queue is null or length(queue) not between 1 and 200 then
    raise exception using errcode = 'JQ001', message = 'the name of a queue has 1 to 200 characters';
  end if;
  select h.version, h.epoch, h.min_reader, h.channel into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not found then
    -- One at a time: the version is part of the keys, so they do not keep a queue from having two heads.
    perform pg_advisory_xact_lock(hashtextextended('interlock.open:' || $1, 0));
    insert into interlock.job_queue_heads (queue)
    select $1 where not exists (select from interlock.job_queue_heads h where h.queue = $1);
    insert into public.job_queue_state (queue)
    select $1 where not exists (select from public.job_queue_state s where s.queue = $1);
    select h.version, h.epoch, h.min_reader, h.channel into head
      from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  end if;
  return jsonb_build_object('version', head.version, 'epoch', head.epoch, 'min_reader', head.min_reader,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'channel', head.channel);
end
$$;

create or replace function public.job_queue_queues() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(h.queue order by h.queue), '[]') from interlock.job_queue_heads h
$$;

create or replace function public.job_queue_read(queue text, after bigint, lim integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  head record;
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_read takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: both statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return json_build_object(
    'version', coalesce(head.version, 0),
    'epoch', coalesce(head.epoch, 1),
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'archived_seq', coalesce(head.archived_seq, 0),
    'voided', interlock.job_queue_voided($1, $2),
    'events', case when head.archived_seq > $2 then interlock.job_queue_archived_events($1, $2, $3)
              else interlock.job_queue_events($1, $2, $3, 8388608) end);
end
$$;

create or replace function public.job_queue_page(queue text, after bigint, lim integer, out version bigint, out epoch integer,
  out now bigint, out archived_seq bigint, out voided json, out at text, out seq json, out event_type json, out job_id json,
  out job_type json, out models json, out worker_id json, out data json, out command_id json, out command_hash json,
  out schema_version json)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if queue is null or after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_page takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  -- STABLE: all statements see the same moment. Otherwise a cut between them could show a log that ends early.
  select h.version, h.epoch, h.archived_seq into version, epoch, archived_seq
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  version := coalesce(version, 0);
  epoch := coalesce(epoch, 1);
  archived_seq := coalesce(archived_seq, 0);
  now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  -- Hardly any log has `voided` events, and to look for them costs as much as the page.
  if archived_seq <= $2 then
    select case when exists (select from public.job_queue_log v where v.queue = $1 and v.event_type = 'voided')
                  or exists (select from interlock.job_queue_log_archive v where v.queue = $1 and v.event_type = 'voided')
                then interlock.job_queue_voided($1, $2) end,
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from public.job_queue_log t where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3 order by t.seq) l;
  else
    -- Archived events: none if the next event was not kept.
    select interlock.job_queue_voided($1, $2),
           encode(string_agg(timestamptz_send(l.created_at), ''), 'hex'),
           json_agg(l.seq), json_agg(l.event_type), json_agg(l.job_id), json_agg(l.job_type), json_agg(l.models), json_agg(l.worker_id),
           json_agg(l.data), json_agg(l.command_id), json_agg(l.command_hash), json_agg(l.schema_version)
      into voided, at, seq, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version
      from (select * from interlock.job_queue_log_archive t
             where t.queue = $1 and t.seq > $2 and t.seq <= $2 + $3
               and exists (select from interlock.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
             order by t.seq) l;
  end if;
end
$$;

create or replace function interlock.job_queue_events(queue text, after bigint, max_events integer, max_bytes integer)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select coalesce(json_agg(e.*), '[]')
    from (
      select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type,
             l.models, l.worker_id, l.data, l.command_id, l.command_hash, l.schema_version
        from (
          select p.*, sum(200 + coalesce(pg_column_size(p.data), 0)) over (order by p.seq rows unbounded preceding) as bytes
            from public.job_queue_log p
           where p.queue = $1 and p.seq > $2 and p.seq <= $2 + $3
             -- Nothing for a reader that is behind the cut: it would see a gap.
             and coalesce((select h.archived_seq from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0) <= $2) l
       where l.bytes < $4 or l.seq = $2 + 1
       order by l.seq) e
$$;

create or replace function interlock.job_queue_voided(queue text, after bigint) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select json_agg(json_build_array((v.data ->> 'of')::bigint, v.data -> 'as') order by v.seq)
    from (select l.seq, l.data from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided'
          union all
          select a.seq, a.data from interlock.job_queue_log_archive a where a.queue = $1 and a.event_type = 'voided') v
   where (v.data ->> 'of')::bigint > $2
$$;

create or replace function interlock.job_queue_void_seqs(queue text, finals boolean) returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(v.seq) filter (where v.data is null or (finals and not v.data ? 'final')), '{}')
    from (
      select distinct on (1) (e ->> 0)::bigint as seq, nullif((e -> 1)::jsonb, 'null') as data
        from json_array_elements(interlock.job_queue_voided($1, 0)) with ordinality as j (e, n)
       order by 1, n desc) v);
end
$$;

create or replace function interlock.job_queue_event_at(queue text, seq bigint) returns timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select l.created_at from public.job_queue_log l where l.queue = $1 and l.seq = $2
   union all
  select a.created_at from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = $2
   limit 1
$$;

create or replace function public.job_queue_turn(queue text, since bigint) returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_generic_plan
as $$
declare
  head record;
begin
  if since is null or since < 0 then
    raise exception using errcode = 'JQ001', message = 'job_queue_turn takes a queue and since >= 0';
  end if;
  perform set_config('idle_in_transaction_session_timeout', '1s', true);
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout', '2s', true);
  end if;
  select h.version, h.epoch into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  if not found then
    perform public.job_queue_open($1);
    select h.version, h.epoch into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  end if;
  return json_build_object('version', head.version, 'epoch', head.epoch,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'since_at', (extract(epoch from interlock.job_queue_event_at($1, $2)) * 1000000)::bigint,
    'missed', interlock.job_queue_events($1, $2, 500, 262144), 'voided', interlock.job_queue_voided($1, $2));
end
$$;

create or replace function interlock.job_queue_refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_level = 'STATEMENT' and tg_op in ('INSERT', 'DELETE') then
    -- Without the setting each row is refused.
    if coalesce(current_setting('interlock.archive', true), '') = '' or exists (
         select from interlock.job_queue_snapshots s
          where s.queue = substring(current_setting('interlock.archive', true) from '^(.*):[0-9]{1,18}$')
            and s.seq = substring(current_setting('interlock.archive', true) from '[0-9]{1,18}$')::bigint) then
      return null;
    end if;
  end if;
  -- Only job_queue_archive inserts into the archive.
  if tg_level = 'ROW' and tg_op = 'INSERT' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = new.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and new.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return new;
    end if;
  end if;
  -- job_queue_archive may delete the events that it has named.
  if tg_op = 'DELETE' and tg_level = 'ROW' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = old.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and old.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return old;
    end if;
  end if;
  raise exception using errcode = 'JQ101',
    message = format('%s is append-only: %s is refused', tg_table_name, tg_op),
    hint = 'To end a job use `npx interlock-queue cancel`. Personal data is in interlock.job_queue_data, not here.';
end
$$;

create or replace function public.job_queue_append(queue text, expected_version bigint, events jsonb, changes jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  -- How old events may be from which nothing is counted.
  most_late constant interval := '5 seconds';
  head record;
  state jsonb := changes -> 'state';
  -- Null if the caller does not give it; then no comparison below finds a difference.
  expected_time timestamptz := 'epoch'::timestamptz + (changes ->> 'expected_at')::bigint * interval '1 microsecond';
  clock timestamptz;
  answer jsonb;
  given record;
  ids text[];
  arrived text[];
  submitted bigint[];
  locked bigint[];
  rows_at tid[];
  ours text[];
  setting text;
  is_rising boolean := true;
  ended_ids text[];
  ended_lives bigint[];
  entered_ids text[];
  entered_lives bigint[];
  moved_ids text[];
  moved_lives bigint[];
  single jsonb;
  is_kept boolean := false;
  ends text[];
  brought jsonb;
  note text;
  -- Of many events what all of them have alike; null where each of them says it.
  before bigint;
  before_at bigint;
  like_type text;
  like_models text[];
  like_worker text;
  like_command text;
begin
  if expected_version is null or jsonb_typeof(events) is distinct from 'array'
     or jsonb_array_length(events) not between 1 and 25000 or jsonb_typeof(changes -> 'state') is distinct from 'object' then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_append takes an expected version, 1..25000 events and the changes with their state';
  end if;
  -- Set in the body: a SET clause of the function would be undone before the commit, which needs it.
  setting := set_config('synchronous_commit', 'on', true);
  if current_setting('lock_timeout') = '0' then
    setting := set_config('lock_timeout',
      case when coalesce(current_setting('request.method', true), '') = '' then '2s' else '500ms' end, true);
  end if;
  -- A statement of its own: a query that also read the log would see it as it was before the wait for the lock.
  -- The newest version first: then the older versions that an old transaction keeps are not visited
  -- (migrations/parts/21_heads.sql).
  select h.version, h.epoch, h.last_at, h.chain, h.archived_seq, h.channel into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  if not found then
    perform public.job_queue_open($1);
    select h.version, h.epoch, h.last_at, h.chain, h.archived_seq, h.channel into head
      from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  end if;
  -- Read after the wait for the lock: now() and statement_timestamp() are from before it.
  clock := clock_timestamp();
  answer := jsonb_build_object('ok', false, 'version', head.version,
    'now', (extract(epoch from clock) * 1000000)::bigint);
  -- Usually the last event is the one that the caller knows: two comparisons. Otherwise ask the log whether that event is among
  -- the earlier ones. The row of the head may have been put together by hand, so it proves nothing.
  if head.version <> expected_version or head.last_at <> expected_time then
    if expected_time is not null and head.version < expected_version
       or coalesce(interlock.job_queue_event_at($1, expected_version),
            case when head.version = expected_version then head.last_at end) <> expected_time then
      return answer || jsonb_build_object('reason', 'log_went_back');
    end if;
    if head.version <> expected_version then
      return answer || jsonb_build_object('reason', 'version', 'epoch', head.epoch,
        'missed', interlock.job_queue_events($1, expected_version, 500, 262144),
        'voided', interlock.job_queue_voided($1, expected_version));
    end if;
  end if;

  if changes ? 'alike' then
    -- Others read events too: functions, and who is told of a few. And a job that goes may come again.
    if head.chain is not null or changes ? 'once' or changes -> 'gone' <> '[]' or jsonb_array_length(events) <= 24 then
      events := interlock.job_queue_unlike(expected_version, events, changes -> 'alike');
    else
      before := expected_version;
      select a.at - 1, a.event_type, a.models, a.worker_id, a.command_id into before_at, like_type, like_models, like_worker, like_command
        from jsonb_to_record(changes -> 'alike') as a (at bigint, event_type text, models text[], worker_id text, command_id text);
    end if;
  end if;
  -- No window function, which takes three times as long, and no ORDER BY or DISTINCT, which would sort the events.
  select expected_version + count(*) as version, bool_and(e.seq = expected_version + e.place) as counts_on, array_agg(e.at) as times,
         bool_and(length(e.event_type) between 1 and 50 and length(e.command_id) between 1 and 200
           and (length(e.job_id) between 1 and 200 and length(e.worker_id) between 1 and 200
             and cardinality(e.models) <= 100 and pg_column_size(e.data) <= 65536) is not false) as bounded,
         'epoch'::timestamptz + min(e.at) * interval '1 microsecond' as first_at,
         'epoch'::timestamptz + max(e.at) * interval '1 microsecond' as last_at,
         array_agg(e.command_id) as command_ids,
         array_agg(e.worker_id) filter (where e.event_type in ('started', 'worker_serves')) as starters,
         array_agg(e.job_id) filter (where e.event_type = 'started') as started,
         array_agg(e.worker_id) filter (where e.event_type = 'lease_expired' or e.event_type = 'worker_gone' and (e.data ? 'left') is not true) as expired,
         array_agg(e.job_id) filter (where e.event_type in ('completed', 'failed', 'cancelled', 'lease_expired', 'cancel_requested', 'detached'))
           as ending,
         array_agg(e.job_id) filter (where e.event_type in ('queued', 'deduplicated') and e.data ? 'intake') as arrivals,
         max((e.data ->> 'epoch')::integer) filter (where e.event_type = 'epoch_changed') as epoch
    into given
    from (
      select coalesce(r.seq, before + r.place) as seq, coalesce(r.at, before_at + r.place) as at, coalesce(r.event_type, like_type) as event_type,
             r.job_id, coalesce(r.models, like_models) as models, coalesce(r.worker_id, like_worker) as worker_id, r.data,
             coalesce(r.command_id, like_command) as command_id, r.place
        from rows from (jsonb_to_recordset(events) as (seq bigint, at bigint, event_type text, job_id text, models text[],
               worker_id text, data jsonb, command_id text)) with ordinality
               as r (seq, at, event_type, job_id, models, worker_id, data, command_id, place)) e;
  if given.bounded is not true then
    raise exception using errcode = 'JQ001', message = 'an event has an id, a list of models or data out of bounds';
  end if;
  if given.counts_on is not true
     or (changes #>> '{state,version}')::bigint is distinct from given.version then
    raise exception using errcode = 'JQ002',
      message = format('the events and the state do not count on from version %s', expected_version);
  end if;

  -- By command_id alone, and not by the primary key: see the index. Commands whose events are archived are forgotten.
  -- Not on an empty log: a plan made for a table without pages would later read every page.
  if head.version > head.archived_seq then
    if exists (select from public.job_queue_log l where l.command_id = any (given.command_ids) and l.queue || '' = $1
                  and l.seq + 0 > head.archived_seq) then
      return answer || (
        select jsonb_build_object('reason', 'known', 'known', to_jsonb(array_agg(to_jsonb(k) order by k.seqs -> 0))) from (
          select l.command_id, min(l.command_hash) as command_hash, jsonb_agg(l.seq order by l.seq) as seqs
            from public.job_queue_log l
           where l.command_id = any (given.command_ids) and l.queue || '' = $1 and l.seq + 0 > head.archived_seq
           group by l.command_id) k);
    end if;
  end if;

  -- Each row of `jobs` is taken in once, even if the process died between an append and job_queue_taken.
  if given.arrivals is not null and head.version > 0 then
    -- Planned each time: while the log looks small, the planner may take the primary key instead of the index by job.
    execute 'select array_agg(distinct l.job_id) from public.job_queue_log l where l.queue = $1 and l.job_id = any ($2)'
      into ids using $1, given.arrivals;
    if ids is not null then
      return answer || jsonb_build_object('reason', 'taken', 'job_ids', ids);
    end if;
  end if;
  -- A transaction that deletes the row first deletes its arrival, and then cancels the job if it is in line. So this either finds
  -- no arrival, or locks it until the job is in line and can be cancelled. It never waits: an arrival that is about to be deleted
  -- is left out, and comes again if it stays.
  if given.arrivals is not null and changes ? 'of_arrivals' then
    arrived := array(
      select a.job_id from interlock.job_queue_arrivals a
       where a.job_id = any (given.arrivals) and a.queue = $1 for update skip locked);
    if not given.arrivals <@ arrived then
      return answer || jsonb_build_object('reason', 'taken', 'job_ids',
        array(select distinct g.id from unnest(given.arrivals) g (id) where g.id <> all (arrived)));
    end if;
  end if;

  if changes ? 'once' then
    brought := interlock.job_queue_once_before($1, events);
    if brought is not null then
      return answer || jsonb_build_object('reason', 'once', 'once', brought);
    end if;
  end if;

  -- The append that deletes the row puts its job in line. It never waits: a row that another process holds comes again if it stays.
  if changes ? 'submissions' then
    submitted := array(select jsonb_array_elements_text(changes -> 'submissions')::bigint);
    select l.ids, l.places into locked, rows_at from interlock.job_queue_lock_submissions($1, submitted) l;
    if cardinality(locked) < cardinality(submitted) then
      return answer || jsonb_build_object('reason', 'submissions', 'ids',
        array(select u.id from unnest(submitted) u (id) where u.id <> all (locked)));
    end if;
  end if;

  if given.starters is not null then
    ids := array(select w.worker_id from interlock.job_queue_workers w
                  where w.queue = $1 and w.worker_id = any (given.starters) and not w.dead
                    and (w.expires_at > clock or interlock.job_queue_elsewhere(w.server_since)));
    if not given.starters <@ ids then
      return answer || jsonb_build_object('reason', 'dead_worker', 'worker_ids',
        array(select distinct s.id from unnest(given.starters) s (id) where s.id <> all (ids) order by s.id));
    end if;
  end if;

  -- A job with an undecided cancel does not start: not by a claim, at the end of another job, or at the gate. If the request
  -- names a life (queued_at), it is that of a job in line; another life of the same id may start. There are hardly ever any, which a
  -- shorter statement finds out.
  if given.started is not null and exists (
       select from interlock.job_queue_inbox i where i.queue = $1 and i.answered_at is null and i.command ->> 'type' = 'cancel') then
    select array_agg(distinct left(i.command ->> 'job_id', 200)) into ids from interlock.job_queue_inbox i
     where i.queue = $1 and left(i.command ->> 'job_id', 200) = any (given.started)
       and i.answered_at is null and i.command ->> 'type' = 'cancel'
       and (i.command -> 'queued_at' is null or exists (
         select from public.job_queue_jobs j
          where j.queue = $1 and j.job_id = left(i.command ->> 'job_id', 200)
            and to_jsonb((extract(epoch from j.queued_at) * 1000000)::bigint) = i.command -> 'queued_at'));
    if ids is not null then
      return answer || jsonb_build_object('reason', 'requested', 'job_ids', ids);
    end if;
  end if;

  if given.expired is not null then
    -- Locked and dead from here on: a heartbeat that comes late waits for this transaction, and then finds its lease gone. A row that a
    -- heartbeat holds is not waited for, which may take as long as a standby does: that worker is about to be live.
    ours := array(select w.worker_id from interlock.job_queue_workers w
      where w.queue = $1 and w.worker_id = any (given.expired) order by w.worker_id for update skip locked);
    select array_agg(w.worker_id order by w.worker_id) into ids from interlock.job_queue_workers w
     where w.queue = $1 and w.worker_id = any (given.expired)
       and (w.worker_id <> all (ours)
         or (not w.dead and (w.expires_at + w.grace_ms * interval '1 millisecond' >= clock or interlock.job_queue_elsewhere(w.server_since))));
    if ids is not null then
      return answer || jsonb_build_object('reason', 'live_worker', 'worker_ids', ids);
    end if;
  end if;

  -- An end that is in the transaction of its handler is either behind the lock of the attempt's row (job_queue_check_end), which is not
  -- waited for, or committed by the time that the row is locked here. So first the lock, then the look, in this order.
  if given.ending is not null then
    select array_agg(k.job_id), array_agg('end-of:' || k.fencing_token) into ours, ids from (
      select j.job_id, j.fencing_token from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (given.ending) and j.state = 'active' for update skip locked) k;
    if exists (select from interlock.job_queue_inbox i where i.queue = $1 and i.request_id = any (ids) and i.answered_at is null) then
      ends := ids;
      brought := interlock.job_queue_ending($1, ends,
        case when before is null then events else interlock.job_queue_unlike(before, events, changes -> 'alike') end);
    end if;
    -- A job that is missing there does not run, came in with these events, or its row was deleted by hand.
    if brought is not null or not coalesce(given.ending <@ ours, false) then
      select array_agg(j.job_id) into ids from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (given.ending) and j.state = 'active' and (brought ? j.job_id or j.job_id = any (ours) is not true);
      if ids is not null then
        return answer || jsonb_build_object('reason', 'ending', 'job_ids', ids);
      end if;
    end if;
  end if;

  if changes ? 'staged' then
    ids := interlock.job_queue_unstaged($1, changes -> 'staged');
    if ids is not null then
      return answer || jsonb_build_object('reason', 'unstaged', 'command_ids', ids);
    end if;
  end if;

  if cardinality(given.times) > 16 then
    is_rising := given.times = array(select distinct t from unnest(given.times) t order by t);
  else
    -- For a few events this takes a fifth of the time of a query.
    for place in 2..cardinality(given.times) loop
      is_rising := is_rising and given.times[place] > given.times[place - 1];
    end loop;
  end if;
  -- If the last event is ahead of the clock (because the clock was set back), the log goes on from that event. So neither the
  -- queue nor what is counted from its events stops. The new events may be ahead of it by no more than it is ahead of the clock.
  if not is_rising or given.first_at <= head.last_at
     or given.first_at < clock - interval '1 second'
        and (given.first_at < clock - most_late or given.starters is not null
          or exists (select from jsonb_array_elements(events) e (event) where e.event -> 'data' ? 'offers'))
     or given.last_at > greatest(clock + interval '1 second',
          head.last_at + (given.version - expected_version) * interval '1 microsecond'
            + greatest(head.last_at - clock, interval '0')) then
    return answer || jsonb_build_object('reason', 'clock');
  end if;

  if before is not null then
    begin
      perform interlock.job_queue_put_many($1, before, events, changes);
    exception when unique_violation then
      -- There is a row or data of an earlier life: the slow way, below.
      events := interlock.job_queue_unlike(before, events, changes -> 'alike');
      before := null;
    end;
  end if;
  if before is null and head.chain is null then
    insert into public.job_queue_log (seq, created_at, queue, event_type, job_id, job_type, models, worker_id, data,
      command_id, command_hash, schema_version)
    select e.seq, 'epoch'::timestamptz + e.at * interval '1 microsecond', $1, e.event_type, e.job_id, e.job_type, e.models,
           e.worker_id, e.data, e.command_id, e.command_hash, coalesce(e.schema_version, 1)
      from jsonb_to_recordset(events) as e (
        seq bigint, at bigint, event_type text, job_id text, job_type text, models text[], worker_id text, data jsonb,
        command_id text, command_hash bigint, schema_version smallint);
  elsif before is null then
    head.chain := interlock.job_queue_insert_chained($1, events, head.chain);
  end if;

  if jsonb_array_length(changes -> 'gone') = 1 then
    delete from public.job_queue_jobs j where j.queue = $1 and j.job_id = changes #>> '{gone,0}'
    returning array[j.job_id], array[j.life] into ended_ids, ended_lives;
  elsif jsonb_array_length(changes -> 'gone') > 0 then
    with ended as (
      delete from public.job_queue_jobs j
       where j.queue = $1 and j.job_id = any (array(select jsonb_array_elements_text(changes -> 'gone')))
      returning j.job_id, j.life)
    select array_agg(e.job_id), array_agg(e.life) into ended_ids, ended_lives from ended e;
  end if;
  if changes ? 'entered' and before is null then
    -- Without ON CONFLICT, which would take half as long again: there is hardly ever such a row.
    begin
      with r as materialized (
        select * from rows from (
          jsonb_to_recordset(events) as (seq bigint, at bigint, job_id text, job_type text, models text[]),
          jsonb_to_recordset(changes -> 'entered') as (kind text, priority integer, place_level integer, place_order bigint,
            place_tie double precision, due_at bigint, expires_at bigint, attempts integer, timeout_ms bigint,
            blocked_by_job_id text, blocked_on text, conflict_reason text, life bigint, payload jsonb, trace jsonb)) as z
         where z.life is not null),
      entered as (
        insert into public.job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order,
          place_tie, queued_at, due_at, expires_at, attempt, attempts, timeout_ms, blocked_by_job_id, blocked_on,
          conflict_reason, life)
        select $1, r.job_id, 'waiting', r.job_type, coalesce(r.kind, r.job_type), r.models, coalesce(r.priority, 0),
               coalesce(r.place_level, 0), coalesce(r.place_order, r.at), coalesce(r.place_tie, r.seq),
               'epoch'::timestamptz + r.at * interval '1 microsecond',
               'epoch'::timestamptz + r.due_at * interval '1 microsecond',
               'epoch'::timestamptz + r.expires_at * interval '1 microsecond', 0, coalesce(r.attempts, 3),
               coalesce(r.timeout_ms, 3600000), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
          from r)
      insert into interlock.job_queue_data (queue, job_id, life, payload, trace)
      select $1, r.job_id, abs(r.life), r.payload, r.trace from r where r.payload is not null or r.trace is not null;
    exception when unique_violation then
      -- There is a row or data of an earlier life: the slow way, as whole rows.
      select changes || jsonb_build_object(
               'jobs', coalesce(changes -> 'jobs', '[]') || to_jsonb(array_agg(jsonb_build_object('job_id', z.job_id, 'state', 'waiting',
                 'job_type', z.job_type, 'kind', z.job_type, 'models', z.models, 'priority', 0, 'place_level', 0,
                 'place_order', z.at, 'place_tie', z.seq, 'queued_at', z.at, 'attempt', 0, 'attempts', 3,
                 'timeout_ms', 3600000) || (z.item - '{payload,trace}'::text[]))),
               'data', coalesce(changes -> 'data', '[]') || coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', z.job_id)
                 || case when z.item ? 'payload' then jsonb_build_object('payload', z.item -> 'payload') else '{}' end
                 || case when z.item ? 'trace' then jsonb_build_object('trace', z.item -> 'trace') else '{}' end)
                 filter (where z.item ?| '{payload,trace}')), '[]'))
        into changes
        from rows from (
          jsonb_to_recordset(events) as (seq bigint, at bigint, job_id text, job_type text, models jsonb),
          jsonb_array_elements(changes -> 'entered')) as z (seq, at, job_id, job_type, models, item)
       where z.item ? 'life';
    end;
  end if;
  if jsonb_array_length(changes -> 'jobs') > 0 then
    with entered as (
    insert into public.job_queue_jobs as j (queue, job_id, state, job_type, kind, models, priority, place_level, place_order,
      place_tie, queued_at, due_at, expires_at, attempt, attempts, postponed, timeout_ms, worker_id, fencing_token, started_at,
      asks, places, whole, cancel_requested, blocked_by_job_id, blocked_on, conflict_reason, life)
    select $1, r.job_id, r.state, r.job_type, r.kind, r.models, r.priority, r.place_level, r.place_order,
           r.place_tie, 'epoch'::timestamptz + r.queued_at * interval '1 microsecond',
           'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           'epoch'::timestamptz + r.expires_at * interval '1 microsecond',
           r.attempt, r.attempts, coalesce(r.postponed, 0), r.timeout_ms, r.worker_id, r.fencing_token,
           'epoch'::timestamptz + r.started_at * interval '1 microsecond', r.asks, r.places, r.whole,
           coalesce(r.cancel_requested, false), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
      from jsonb_to_recordset(changes -> 'jobs') as r (
        job_id text, state text, job_type text, kind text, models text[], priority integer, place_level double precision,
        place_order bigint, place_tie double precision, queued_at bigint, due_at bigint, expires_at bigint,
        attempt integer, attempts integer, postponed integer, timeout_ms bigint, worker_id text, fencing_token bigint,
        started_at bigint, asks jsonb, places jsonb, whole text[], cancel_requested boolean, blocked_by_job_id text, blocked_on text,
        conflict_reason text, life bigint)
    on conflict (queue, job_id) do update set
      state = excluded.state, job_type = excluded.job_type, kind = excluded.kind, models = excluded.models,
      priority = excluded.priority, place_level = excluded.place_level, place_order = excluded.place_order,
      place_tie = excluded.place_tie, queued_at = excluded.queued_at, due_at = excluded.due_at,
      expires_at = excluded.expires_at, attempt = excluded.attempt, attempts = excluded.attempts, postponed = excluded.postponed,
      timeout_ms = excluded.timeout_ms, worker_id = excluded.worker_id, fencing_token = excluded.fencing_token,
      started_at = excluded.started_at, asks = excluded.asks, places = excluded.places, whole = excluded.whole, cancel_requested = excluded.cancel_requested,
      blocked_by_job_id = excluded.blocked_by_job_id, blocked_on = excluded.blocked_on,
      conflict_reason = excluded.conflict_reason, life = coalesce(excluded.life, j.life)
    returning j.job_id, j.life)
    select array_agg(e.job_id), array_agg(e.life) into entered_ids, entered_lives from entered e;
  end if;
  if jsonb_array_length(changes -> 'changed') = 1 then
    single := changes #> '{changed,0}';
    update public.job_queue_jobs j
       set state = single ->> 'state', attempt = (single ->> 'attempt')::integer,
           postponed = coalesce((single ->> 'postponed')::integer, 0),
           priority = coalesce((single ->> 'priority')::integer, j.priority),
           place_level = coalesce((single ->> 'place_level')::integer, j.place_level),
           place_order = coalesce((single ->> 'place_order')::bigint, j.place_order),
           place_tie = coalesce((single ->> 'place_tie')::double precision, j.place_tie),
           due_at = 'epoch'::timestamptz + (single ->> 'due_at')::bigint * interval '1 microsecond',
           expires_at = 'epoch'::timestamptz + (single ->> 'expires_at')::bigint * interval '1 microsecond',
           worker_id = single ->> 'worker_id', fencing_token = (single ->> 'fencing_token')::bigint,
           started_at = 'epoch'::timestamptz + (single ->> 'started_at')::bigint * interval '1 microsecond',
           places = single -> 'places',
           cancel_requested = coalesce((single ->> 'cancel_requested')::boolean, false),
           blocked_by_job_id = single ->> 'blocked_by_job_id', blocked_on = single ->> 'blocked_on',
           conflict_reason = single ->> 'conflict_reason'
     where j.queue = $1 and j.job_id = single ->> 'job_id'
    returning array[j.job_id], array[j.life] into moved_ids, moved_lives;
  elsif jsonb_array_length(changes -> 'changed') > 0 then
    with moved as (
    update public.job_queue_jobs j
       set state = r.state, attempt = r.attempt, postponed = coalesce(r.postponed, 0),
           priority = coalesce(r.priority, j.priority),
           place_level = coalesce(r.place_level, j.place_level), place_order = coalesce(r.place_order, j.place_order),
           place_tie = coalesce(r.place_tie, j.place_tie),
           due_at = 'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           expires_at = 'epoch'::timestamptz + r.expires_at * interval '1 microsecond',
           worker_id = r.worker_id, fencing_token = r.fencing_token,
           started_at = 'epoch'::timestamptz + r.started_at * interval '1 microsecond', places = r.places,
           cancel_requested = coalesce(r.cancel_requested, false), blocked_by_job_id = r.blocked_by_job_id,
           blocked_on = r.blocked_on, conflict_reason = r.conflict_reason
      from jsonb_to_recordset(changes -> 'changed') as r (
        job_id text, state text, priority integer, place_level integer, place_order bigint, place_tie double precision,
        due_at bigint, expires_at bigint, attempt integer, postponed integer, worker_id text, fencing_token bigint,
        started_at bigint, places jsonb, cancel_requested boolean, blocked_by_job_id text, blocked_on text, conflict_reason text)
     where j.queue = $1 and j.job_id = r.job_id
       -- Also by the key: while the table is small, the planner would join with all rows of the queue.
       and j.job_id = any (array(select k.job_id from jsonb_to_recordset(changes -> 'changed') as k (job_id text)))
    returning j.job_id, j.life)
    select array_agg(m.job_id), array_agg(m.life) into moved_ids, moved_lives from moved m;
  end if;
  if arrived is not null then
    delete from interlock.job_queue_arrivals a where a.job_id = any (arrived) and a.queue = $1;
  end if;
  if changes ? 'doubles' then
    insert into interlock.job_queue_doubles (queue, job_id, stands_for, since)
    select $1, d.key, d.value, given.last_at from jsonb_each_text(changes -> 'doubles') d
    on conflict on constraint job_queue_doubles_pkey do update set stands_for = excluded.stands_for, since = excluded.since;
  end if;
  if changes ? 'also' then
    insert into interlock.job_queue_changes (queue, seq, job_ids)
    values ($1, given.version, array(select jsonb_array_elements_text(changes -> 'also')));
  end if;
  if changes ? 'data' then
    if jsonb_array_length(changes -> 'data') = 1 and ended_ids[1] = changes #>> '{data,0,job_id}' then
      -- The result of a job with a payload: its row of this life is there.
      single := changes #> '{data,0}';
      update interlock.job_queue_data d
         set payload = coalesce(single -> 'payload', d.payload), result = coalesce(single -> 'result', d.result),
             error = coalesce(single -> 'error', d.error), checkpoint = coalesce(single -> 'checkpoint', d.checkpoint),
             trace = coalesce(single -> 'trace', d.trace), updated_at = clock_timestamp()
       where d.queue = $1 and d.job_id = ended_ids[1] and d.life = abs(ended_lives[1]);
      is_kept := found;
    end if;
    if not is_kept then
      -- Like job_queue_put_data, but without its look at the log: the row that was deleted, inserted or changed names the life of the
      -- job.
      insert into interlock.job_queue_data as d (queue, job_id, life, payload, result, error, checkpoint, trace)
      select $1, g.item ->> 'job_id', coalesce(abs(k.life), abs(interlock.job_queue_life($1, g.item ->> 'job_id'))),
             g.item -> 'payload', g.item -> 'result', g.item -> 'error', g.item -> 'checkpoint', g.item -> 'trace'
        from jsonb_array_elements(changes -> 'data') as g (item)
        left join (
          select n.job_id, max(n.life) as life
            from unnest(ended_ids || entered_ids || moved_ids, ended_lives || entered_lives || moved_lives) as n (job_id, life)
           group by n.job_id) as k on k.job_id = g.item ->> 'job_id'
      on conflict (queue, job_id) do update set
        life = coalesce(excluded.life, d.life),
        payload = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.payload, d.payload)
                       else excluded.payload end,
        result = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.result, d.result)
                      else excluded.result end,
        error = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.error, d.error)
                     else excluded.error end,
        checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                          else excluded.checkpoint end,
        trace = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.trace, d.trace)
                     else excluded.trace end,
        progress = case when excluded.life is null or d.life = excluded.life then d.progress end,
        token = case when excluded.life is null or d.life = excluded.life then d.token end,
        updated_at = clock_timestamp();
    end if;
  end if;
  if changes ? 'voided_from' then
    perform interlock.job_queue_void($1, (changes ->> 'voided_from')::bigint);
  end if;
  if changes ? 'staged' then
    perform interlock.job_queue_put_staged($1, changes -> 'staged');
  end if;
  if changes ? 'once' then
    perform interlock.job_queue_put_once($1, events);
  end if;
  if ends is not null then
    update interlock.job_queue_inbox i set answer = '{"ok": true, "started": []}', answered_at = clock
     where i.queue = $1 and i.request_id = any (ends) and i.answered_at is null;
    if current_setting('interlock.notify', true) is distinct from 'off' then
      setting := pg_notify('interlock_answers', $1);
    end if;
  end if;
  if submitted is not null then
    delete from interlock.job_queue_submissions s where s.ctid = any (rows_at);
  end if;
  -- By key and newest version (migrations/parts/21_heads.sql), and column by column: a join with jsonb_to_record takes twice as long.
  update public.job_queue_state s
     set status = state ->> 'status', version = given.version, active_job_id = state ->> 'active_job_id',
         active_job_type = state ->> 'active_job_type',
         active_models = array(select jsonb_array_elements_text(state -> 'active_models')),
         active_count = (state ->> 'active_count')::integer, waiting_count = (state ->> 'waiting_count')::integer,
         policy = coalesce(nullif(state -> 'policy', 'null'), s.policy),
         servers = case when jsonb_typeof(state -> 'servers') = 'array' then array(select jsonb_array_elements_text(state -> 'servers')) end,
         drained_at = 'epoch'::timestamptz + (state ->> 'drained_at')::bigint * interval '1 microsecond',
         updated_at = 'epoch'::timestamptz + (state ->> 'updated_at')::bigint * interval '1 microsecond'
   where s.queue = $1 and s.version = head.version;
  if not found then
    -- The version of the row was changed by hand.
    perform interlock.job_queue_put_state($1, state);
  end if;
  update interlock.job_queue_heads h
     set version = given.version, epoch = coalesce(given.epoch, h.epoch), last_at = given.last_at, chain = head.chain
   where h.queue = $1 and h.version = head.version;
  if given.expired is not null then
    update interlock.job_queue_workers w set dead = true where w.queue = $1 and w.worker_id = any (given.expired);
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    if given.version - expected_version <= 24 then
      note := format('%s %s %s %s%s %s', expected_version, given.version, (extract(epoch from head.last_at) * 1000000)::bigint,
        coalesce(given.epoch, head.epoch), case when current_setting('synchronous_standby_names') <> '' then ' waits' end, events);
      -- The most that a notification can hold.
      if octet_length(note) < 7900 then
        setting := pg_notify(head.channel, note);
      end if;
    end if;
    setting := pg_notify('interlock', $1 || ':' || given.version);
  end if;
  -- The data that handlers need of the jobs that start now. It is read under the queue's lock, so this reads no table of the
  -- user, and brings no more than a client reads from the connection at once: of the first 100 jobs, in the order given, 64 KB as
  -- stored and 256 KB as text.
  if changes ? 'wanted' then
    if jsonb_array_length(changes -> 'wanted') = 1 and moved_ids[1] = changes #>> '{wanted,0}' then
      -- The life of a job that came as a row is negative: its handler needs the row too.
      select jsonb_build_array(jsonb_build_object('job_id', d.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
               'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null)) into brought
        from interlock.job_queue_data d
       where d.queue = $1 and d.job_id = moved_ids[1] and d.life = moved_lives[1]
         and coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
           + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0) <= 65536;
      if octet_length(brought::text) > 262144 then
        brought := null;
      end if;
    end if;
    if brought is null then
      select to_jsonb(array_agg(t.item order by t.place)) into brought from (
        select s.item, s.place, sum(octet_length(s.item::text)) over (order by s.place) as length from (
          select w.place, jsonb_build_object('job_id', w.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
                   'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null) as item,
                 sum(coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
                   + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0)) over (order by w.place) as stored
            from (
              select g.place, g.job_id, coalesce(k.life, interlock.job_queue_life($1, g.job_id)) as life
                from jsonb_array_elements_text(changes -> 'wanted') with ordinality as g (job_id, place)
                left join unnest(moved_ids || entered_ids, moved_lives || entered_lives) as k (job_id, life) on k.job_id = g.job_id
               where g.place <= 100) as w
            -- OFFSET 0 keeps this from becoming a join with all data of the queue.
            left join lateral (
              select k.* from interlock.job_queue_data k where k.queue = $1 and k.job_id = w.job_id and k.life = w.life offset 0) as d on true
           -- Not for jobs that came as a row: their handlers need the row too. job_queue_data_of returns what is left out here.
           where w.life > 0) as s
         where s.stored <= 65536) as t
       where t.length <= 262144;
    end if;
    answer := answer || jsonb_build_object('data', coalesce(brought, '[]'));
  end if;
  if changes ? 'beat' then
    answer := answer || jsonb_build_object('beat', public.job_queue_beat($1, changes #>> '{beat,worker_id}',
      case when jsonb_typeof(changes #> '{beat,kinds}') = 'array'
        then array(select jsonb_array_elements_text(changes #> '{beat,kinds}')) end,
      (changes #>> '{beat,free_slots}')::integer, changes #>> '{beat,release}',
      (changes #>> '{beat,ttl_ms}')::integer, (changes #>> '{beat,grace_ms}')::integer));
  end if;
  -- A process that is fast enough loses no append, and is told of nothing where notifications are lost: so this says that there is a combiner.
  if exists (select from interlock.job_queue_combiners c where c.queue = $1 and c.combiner is not null) then
    answer := answer || '{"combines":false}';
  end if;
  return answer || jsonb_build_object('ok', true, 'version', given.version);
end
$$;

create or replace function public.job_queue_append_along(
  queue text, expected_version bigint, events jsonb, changes jsonb, along jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer jsonb;
  data jsonb;
  step jsonb;
  began timestamptz;
begin
  -- Not for an append that is lost: others were faster, as many are where many processes write.
  if along ? 'rows' and expected_version = (
       select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1) then
    begin
      if to_regclass('public.jobs') is not null then
        -- Without a wait, and so with none below.
        lock table public.jobs in access share mode nowait;
      end if;
      data := public.job_queue_data_of(queue, array(select jsonb_array_elements_text(along -> 'rows')));
      if octet_length(data::text) > 262144 then
        data := null;
      end if;
    exception when others then
      data := null;
    end;
  end if;
  answer := public.job_queue_append(queue, expected_version, events, changes);
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if data is not null then
    answer := answer || jsonb_build_object('data', coalesce(answer -> 'data', '[]') || data);
  end if;
  if along ? 'project' then
    began := clock_timestamp();
    begin
      step := public.job_queue_project(queue, (along ->> 'project')::integer);
      -- What the user's tables check at the end of a transaction, they check here, or the append would fail with it.
      set constraints all immediate;
      answer := answer || jsonb_build_object('projected', step
        || jsonb_build_object('took_ms', ceil(extract(epoch from clock_timestamp() - began) * 1000)));
    exception when others then
      null;
    end;
  end if;
  return answer;
end
$$;

create or replace function interlock.job_queue_unlike(expected_version bigint, events jsonb, alike jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select to_jsonb(array_agg($3 || jsonb_build_object('seq', $1 + e.place, 'at', ($3 ->> 'at')::bigint + e.place - 1) || e.item order by e.place))
    from jsonb_array_elements($2) with ordinality as e (item, place)
$$;

create or replace function interlock.job_queue_put_many(queue text, expected_version bigint, events jsonb, changes jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  with r as materialized (
    select $2 + z.place as seq, 'epoch'::timestamptz + (a.at + z.place - 1) * interval '1 microsecond' as created_at, a.at + z.place - 1 as at,
           coalesce(z.event_type, a.event_type) as event_type, z.job_id, coalesce(z.job_type, a.job_type) as job_type,
           coalesce(z.models, a.models) as models, coalesce(z.worker_id, a.worker_id) as worker_id, z.data,
           coalesce(z.command_id, a.command_id) as command_id, coalesce(z.command_hash, a.command_hash) as command_hash,
           coalesce(z.schema_version, 1) as schema_version, z.kind, z.priority, z.place_level, z.place_order, z.place_tie, z.due_at,
           z.expires_at, z.attempts, z.timeout_ms, z.blocked_by_job_id, z.blocked_on, z.conflict_reason, z.life, z.payload, z.trace
      from jsonb_to_record($4 -> 'alike') as a (at bigint, event_type text, job_type text, models text[], worker_id text, command_id text,
             command_hash bigint)
     cross join rows from (
             jsonb_to_recordset($3) as (event_type text, job_id text, job_type text, models text[], worker_id text, data jsonb,
               command_id text, command_hash bigint, schema_version smallint),
             jsonb_to_recordset($4 -> 'entered') as (kind text, priority integer, place_level integer, place_order bigint,
               place_tie double precision, due_at bigint, expires_at bigint, attempts integer, timeout_ms bigint,
               blocked_by_job_id text, blocked_on text, conflict_reason text, life bigint, payload jsonb, trace jsonb))
           with ordinality as z (event_type, job_id, job_type, models, worker_id, data, command_id, command_hash, schema_version, kind,
             priority, place_level, place_order, place_tie, due_at, expires_at, attempts, timeout_ms, blocked_by_job_id, blocked_on,
             conflict_reason, life, payload, trace, place)),
  logged as (
    insert into public.job_queue_log (seq, created_at, queue, event_type, job_id, job_type, models, worker_id, data, command_id,
      command_hash, schema_version)
    select r.seq, r.created_at, $1, r.event_type, r.job_id, r.job_type, r.models, r.worker_id, r.data, r.command_id, r.command_hash,
           r.schema_version
      from r),
  entered as (
    insert into public.job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
      queued_at, due_at, expires_at, attempt, attempts, timeout_ms, blocked_by_job_id, blocked_on, conflict_reason, life)
    select $1, r.job_id, 'waiting', r.job_type, coalesce(r.kind, r.job_type), r.models, coalesce(r.priority, 0),
           coalesce(r.place_level, 0), coalesce(r.place_order, r.at), coalesce(r.place_tie, r.seq), r.created_at,
           'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           'epoch'::timestamptz + r.expires_at * interval '1 microsecond', 0, coalesce(r.attempts, 3),
           coalesce(r.timeout_ms, 3600000), r.blocked_by_job_id, r.blocked_on, r.conflict_reason, r.life
      from r where r.life is not null)
  insert into interlock.job_queue_data (queue, job_id, life, payload, trace)
  select $1, r.job_id, abs(r.life), r.payload, r.trace from r
   where r.life is not null and (r.payload is not null or r.trace is not null)
$$;

create or replace function interlock.job_queue_unstaged(queue text, staged jsonb) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(distinct w.command_id)
    from jsonb_to_recordset($2) as w (command_id text, job_id text)
   where not exists (
     select from interlock.job_queue_staged s
      where s.queue = $1 and s.command_id = w.command_id and s.job_id = w.job_id)
$$;

create or replace function interlock.job_queue_life(queue text, job_id text) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    -- seq + 0: a plain max would read the primary key backwards, past the events of all other jobs.
    select max(l.seq + 0) * case when bool_or(l.data ? 'intake') then -1 else 1 end
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.event_type = 'queued');
end
$$;

create or replace function interlock.job_queue_put_state(queue text, state jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  row public.job_queue_state;
  changed integer;
begin
  select s.* into row from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1;
  row := jsonb_populate_record(row, jsonb_build_object('active_job_id', null, 'active_job_type', null, 'servers', null) || $2
    || jsonb_build_object('policy', coalesce(nullif($2 -> 'policy', 'null'), row.policy),
      'drained_at', 'epoch'::timestamptz + ($2 ->> 'drained_at')::bigint * interval '1 microsecond',
      'updated_at', case when ($2 ->> 'version')::bigint = 0 then to_jsonb(row.updated_at)
        else to_jsonb('epoch'::timestamptz + ($2 ->> 'updated_at')::bigint * interval '1 microsecond') end));
  update public.job_queue_state s
     set (status, version, active_job_id, active_job_type, active_models, active_count, waiting_count, policy, servers,
          drained_at, updated_at)
       = (row.status, row.version, row.active_job_id, row.active_job_type, row.active_models, row.active_count,
          row.waiting_count, row.policy, row.servers, row.drained_at, row.updated_at)
   where s.queue = $1 and s is distinct from row;
  get diagnostics changed = row_count;
  return changed;
end
$$;

create or replace function interlock.job_queue_void(queue text, voided_from bigint) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from interlock.job_queue_snapshots s
   using interlock.job_queue_heads h
   where h.queue = $1 and s.queue = $1 and s.seq >= $2 and s.seq <> h.archived_seq;
  delete from interlock.job_queue_once o
   where o.queue = $1 and o.seq in (
     select (l.data ->> 'of')::bigint from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided');
  update interlock.job_queue_heads h set min_reader = greatest(h.min_reader, 2) where h.queue = $1;
$$;

create or replace function interlock.job_queue_event_text(event public.job_queue_log) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_array(event.queue, event.seq, (extract(epoch from event.created_at) * 1000000)::bigint,
    event.event_type, event.job_id, event.job_type, to_jsonb(event.models), event.worker_id, event.data, event.command_id,
    event.command_hash, event.schema_version)::text
$$;

create or replace function interlock.job_queue_insert_chained(queue text, events jsonb, chain bytea) returns bytea
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  e record;
  entry public.job_queue_log;
  last bytea := $3;
begin
  for e in
    select r.* from jsonb_to_recordset($2) as r (seq bigint, at bigint, event_type text, job_id text, job_type text,
      models text[], worker_id text, data jsonb, command_id text, command_hash bigint, schema_version smallint)
     order by r.seq
  loop
    entry.seq := e.seq;
    entry.created_at := 'epoch'::timestamptz + e.at * interval '1 microsecond';
    entry.queue := $1;
    entry.event_type := e.event_type;
    entry.job_id := e.job_id;
    entry.job_type := e.job_type;
    entry.models := e.models;
    entry.worker_id := e.worker_id;
    entry.data := e.data;
    entry.command_id := e.command_id;
    entry.command_hash := e.command_hash;
    entry.schema_version := coalesce(e.schema_version, 1);
    last := sha256(last || convert_to(interlock.job_queue_event_text(entry), 'UTF8'));
    entry.hash := last;
    insert into public.job_queue_log select entry.*;
  end loop;
  return last;
end
$$;

create or replace function public.job_queue_start_chain(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  row record;
begin
  update interlock.job_queue_heads h
     set chain_from = coalesce(h.chain_from, h.version),
         chain = coalesce(h.chain, sha256(convert_to('interlock:' || h.queue || ':' || h.version, 'UTF8')))
   where h.queue = $1
  returning h.version, h.chain_from, encode(h.chain, 'hex') as head into row;
  if not found then
    raise exception using errcode = 'JQ001', message = 'there is no such queue; open it first (job_queue_open)';
  end if;
  return to_jsonb(row);
end
$$;

create or replace function public.job_queue_chain(queue text, after bigint, lim integer) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  head record;
begin
  if after is null or after < 0 or lim is null or lim not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_chain takes a queue, after >= 0 and a limit of 1..10000';
  end if;
  select h.version, h.archived_seq, h.chain_from, h.chain_start, h.chain into head 
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.chain is null then
    return null;
  end if;
  return json_build_object('version', head.version, 'chain_from', head.chain_from,
    'start', encode(head.chain_start, 'hex'), 'head', encode(head.chain, 'hex'),
    'events', (
      select coalesce(json_agg(json_build_array(e.seq, e.text, encode(e.hash, 'hex')) order by e.seq), '[]')
        from (
          select l.seq, l.hash, interlock.job_queue_event_text(l) as text
            from public.job_queue_log l
           where l.queue = $1 and l.seq > greatest($2, head.chain_from, head.archived_seq) and l.seq <= greatest($2, head.chain_from) + $3
          union all
          select a.seq, a.hash, interlock.job_queue_event_text(row(a.*)::public.job_queue_log)
            from interlock.job_queue_log_archive a
           where a.queue = $1 and a.seq > greatest($2, head.chain_from) and a.seq <= greatest($2, head.chain_from) + $3) e));
end
$$;

create or replace function public.job_queue_snapshot(queue text, up_to bigint) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select json_build_object('seq', s.seq, 'state', s.state, 'created_at', (extract(epoch from s.created_at) * 1000000)::bigint)
    from interlock.job_queue_snapshots s
   where s.queue = $1 and s.seq <= coalesce($2, 9223372036854775807)
   order by s.seq desc
   limit 1
$$;

create or replace function public.job_queue_snapshot_chunk(queue text, seq bigint, maker text, n integer) returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('body', c.body)
    from interlock.job_queue_snapshot_chunks c
   where c.queue = $1 and c.seq = $2 and c.maker = $3 and c.n = $4
$$;

create or replace function public.job_queue_put_snapshot(queue text, seq bigint, state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  added integer;
  found_chunks integer;
begin
  if jsonb_typeof($3) is distinct from 'object' or pg_column_size($3) > 67108864 or not exists (
       select from interlock.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version) then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot takes a queue, a sequence number that its log has reached, and a state of 64 MB at most';
  end if;
  if $3 ? 'chunks' then
    -- Locks the chunks, so that no other process deletes them as left over before this commits.
    perform from interlock.job_queue_snapshot_chunks c
      where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' for key share;
    get diagnostics found_chunks = row_count;
    if found_chunks is distinct from ($3 ->> 'chunks')::integer then
      return jsonb_build_object('seq', $2, 'kept', false, 'incomplete', true);
    end if;
  end if;
  insert into interlock.job_queue_snapshots (queue, seq, state) values ($1, $2, $3) on conflict do nothing;
  get diagnostics added = row_count;
  if added = 0 then
    delete from interlock.job_queue_snapshot_chunks c
     where c.queue = $1 and c.seq = $2 and c.maker = $3 ->> 'maker' and not exists (
       select from interlock.job_queue_snapshots s where s.queue = $1 and s.seq = $2 and s.state ->> 'maker' = $3 ->> 'maker');
  end if;
  -- No snapshot is deleted while a cut is under way: its place is not visible yet.
  if pg_try_advisory_xact_lock(hashtextextended('interlock.archive:' || $1, 0)) then
    delete from interlock.job_queue_snapshots s
     using interlock.job_queue_heads h
     where h.queue = $1 and s.queue = $1 and s.seq <> $2 and s.seq <> h.archived_seq
       and s.seq < (select k.seq from interlock.job_queue_snapshots k where k.queue = $1 order by k.seq desc offset 3 limit 1)
       and not (s.created_at > clock_timestamp() - interval '1 hour' and exists (
         select from public.job_queue_log l
          where l.queue = $1 and l.seq = s.seq and l.created_at < s.created_at - interval '10 seconds'))
       and (exists (
              select from interlock.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('day', k.created_at at time zone 'UTC') = date_trunc('day', s.created_at at time zone 'UTC'))
         or s.created_at < clock_timestamp() - interval '31 days' and (s.seq < h.archived_seq or exists (
              select from interlock.job_queue_snapshots k
               where k.queue = $1 and k.seq > s.seq
                 and date_trunc('week', k.created_at at time zone 'UTC') = date_trunc('week', s.created_at at time zone 'UTC'))));
  end if;
  perform interlock.job_queue_drop_chunks($1);
  return jsonb_build_object('seq', $2, 'kept', added > 0);
end
$$;

create or replace function public.job_queue_put_snapshot_chunk(queue text, seq bigint, maker text, n integer, body text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if (length($3) between 1 and 100 and $4 between 0 and 100000 and octet_length($5) <= 4194304 and exists (
       select from interlock.job_queue_heads h where h.queue = $1 and $2 between 1 and h.version)) is not true then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_put_snapshot_chunk takes a queue, a sequence number that its log has reached, a maker of 1 to 100 characters, a number and 4 MB at most';
  end if;
  -- Need not be on disk: a chunk that a crash takes belongs to no snapshot yet, and job_queue_put_snapshot flushes those that it
  -- names.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if $4 = 0 then
    perform interlock.job_queue_drop_chunks($1);
  end if;
  insert into interlock.job_queue_snapshot_chunks (queue, seq, maker, n, body) values ($1, $2, $3, $4, $5) on conflict do nothing;
end
$$;

create or replace function interlock.job_queue_drop_chunks(queue text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  gone integer;
begin
  with makers as materialized (
    select c.seq, c.maker, max(c.written_at) as last_at from interlock.job_queue_snapshot_chunks c where c.queue = $1 group by c.seq, c.maker)
  delete from interlock.job_queue_snapshot_chunks c using makers m
   where c.queue = $1 and c.seq = m.seq and c.maker = m.maker
     and m.last_at < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from interlock.job_queue_snapshots s
        where s.queue = $1 and s.seq = m.seq and s.state ->> 'maker' = m.maker);
  get diagnostics gone = row_count;
  return gone;
end
$$;

create or replace function interlock.job_queue_keep_cut() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  cut record;
begin
  if tg_level = 'ROW' then
    select h.queue, h.archived_seq into cut from interlock.job_queue_heads h
     where h.queue = old.queue and h.archived_seq = old.seq;
    -- Chunks at the same number that do not belong to the snapshot may go: another process wrote them and came too late.
    if found and tg_table_name = 'job_queue_snapshot_chunks' and not exists (
         select from interlock.job_queue_snapshots s
          where s.queue = old.queue and s.seq = old.seq and s.state ->> 'maker' = to_jsonb(old) ->> 'maker') then
      return case when tg_op = 'DELETE' then old else new end;
    end if;
  else
    select h.queue, h.archived_seq into cut from interlock.job_queue_heads h
     where h.archived_seq > 0 limit 1;
  end if;
  if not found then
    return case when tg_op = 'DELETE' then old else new end;
  end if;
  raise exception using errcode = 'JQ111',
    message = format('the log of queue %s begins at its snapshot of event %s: %s is refused', cut.queue, cut.archived_seq, tg_op),
    hint = 'Every other one may go: DELETE FROM interlock.job_queue_snapshots s WHERE NOT EXISTS (SELECT FROM interlock.job_queue_heads h '
        || 'WHERE h.queue = s.queue AND h.archived_seq = s.seq).';
end
$$;

create or replace function public.job_queue_claim_cut(queue text, before timestamptz) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
set lock_timeout = '2s'
as $$
declare
  head record;
  low bigint;
  high bigint;
  middle bigint;
begin
  select h.* into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not coalesce(head.cut_claimed_at < clock_timestamp() - interval '55 minutes', false) or not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.seq = head.archived_seq + 1 and l.created_at < $2 - interval '1 hour') then
    return '{"through": null}';
  end if;
  -- Times rise with the numbers, so bisection finds the event in 20 look-ups by the primary key.
  low := head.archived_seq;
  high := case when exists (select from interlock.job_queue_targets()) then least(head.version, head.projected_seq) else head.version end;
  while low < high loop
    middle := low + (high - low + 1) / 2;
    if exists (select from public.job_queue_log l where l.queue = $1 and l.seq = middle and l.created_at < $2) then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  if low <= head.archived_seq then
    return '{"through": null}';
  end if;
  update interlock.job_queue_heads h set cut_claimed_at = clock_timestamp()
   where h.queue = $1 and h.cut_claimed_at = head.cut_claimed_at;
  return jsonb_build_object('through', case when found then low end);
end
$$;

create or replace function public.job_queue_archive(queue text, through bigint, keep boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  -- Taken before anything is read, so that this sees what another call has cut.
  alone boolean := pg_try_advisory_xact_lock(hashtextextended('interlock.archive:' || $1, 0));
  head record;
  cut record;
  unkept bigint := 0;
  stale text[];
  first_kept bigint;
  digest numeric;
  -- With an archived log, the data of jobs is kept until it has not been written for a year.
  kept_since timestamptz := clock_timestamp() - interval '365 days';
begin
  select h.archived_seq, h.projected_seq, h.kept_from, h.kept_digest into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if $3 is null or head is null or not exists (
       select from interlock.job_queue_snapshots s where s.queue = $1 and s.seq = $2) then
    raise exception using errcode = 'JQ001',
      message = format('there is no snapshot of the queue at event %s to archive below', $2),
      hint = 'Make one first: npx interlock-queue snapshot.';
  end if;
  if $2 <= head.archived_seq or not alone
     or ($2 > head.projected_seq and exists (select from interlock.job_queue_targets())) then
    return jsonb_build_object('archived_seq', head.archived_seq, 'archived', 0, 'unkept', 0);
  end if;
  -- Lets the trigger that keeps the log append-only pass these rows; undone with the transaction.
  perform set_config('interlock.archive', $1 || ':' || $2, true);
  if keep then
    -- Events that stayed at an earlier cut are in the archive already, or gone for good.
    insert into interlock.job_queue_log_archive
    select l.* from public.job_queue_log l where l.queue = $1 and l.seq > head.archived_seq and l.seq <= $2;
    -- The digest of the new rows, or of all rows if none was recorded before.
    select coalesce(head.kept_from, min(a.seq)),
           coalesce(head.kept_digest, 0) + sum(interlock.job_queue_kept_digest(row(a.*)::public.job_queue_log)) into first_kept, digest
      from interlock.job_queue_log_archive a
     where a.queue = $1 and a.seq > case when head.kept_from is null then 0 else head.archived_seq end;
  else
    -- The events kept before would have a gap after them.
    delete from interlock.job_queue_log_archive a where a.queue = $1;
    get diagnostics unkept = row_count;
  end if;
  select l.hash, l.created_at into cut from public.job_queue_log l where l.queue = $1 and l.seq = $2;
  -- From the log alone, not from the jobs that live now: what ended after the cut is still followed and listed.
  with jobs as materialized (
    select l.job_id, max(l.seq) filter (where l.event_type = 'queued') as life,
           max(l.seq) filter (where l.event_type in ('completed', 'cancelled')) as ended,
           max(l.seq) filter (where l.event_type = 'expired'
             or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final')) as died
      from public.job_queue_log l
     where l.queue = $1 and l.seq <= $2 and l.job_id is not null
     group by l.job_id),
  stay as materialized (
    select j.job_id, coalesce(j.life, 0) as life
      from jobs j
      left join interlock.job_queue_dropped d on d.queue = $1 and d.job_id = j.job_id
     where j.life > coalesce(greatest(j.ended, case when not $3 or d.seq >= j.died then j.died end), 0)
        or exists (select from public.job_queue_set_aside a where a.queue = $1 and a.job_id = j.job_id)
        or exists (select from interlock.job_queue_doubles o where o.queue = $1 and o.job_id = j.job_id)
        or exists (select from interlock.job_queue_doubles o where o.queue = $1 and o.stands_for = j.job_id))
  delete from public.job_queue_log l
   where l.queue = $1 and l.seq <= $2
     and not exists (
       select from stay s
        where s.job_id = l.job_id and (s.life <= l.seq or (l.event_type = 'queued' and l.data ? 'intake')));
  stale := array(
      select d.job_id from interlock.job_queue_data d
       where d.queue = $1 and coalesce(d.life, 0) <= $2 and (not keep or d.updated_at < kept_since)
         -- The payload of a schedule stays for as long as that does; then it is null.
         and not (left(d.job_id, 1) = chr(1) and d.payload is not null)
         and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id)
         and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id)
         -- Its result is for a live job that comes after it: the `linked` events of that one are in the log for as long as it lives.
         and d.job_id not in (
           select p.id from public.job_queue_log l
             join public.job_queue_jobs c on c.queue = $1 and c.job_id = l.job_id
             cross join lateral jsonb_array_elements_text(l.data -> 'after') as p (id)
            where l.queue = $1 and l.event_type = 'linked'));
  perform set_config('interlock.archive', '', true);
  update interlock.job_queue_heads h
     set archived_seq = $2,
         cut_claimed_at = to_timestamp(0),
         kept_from = case when keep then first_kept end,
         kept_digest = case when keep then digest end,
         -- Events that are gone cannot be checked: the chain goes on from the hash of the last of them.
         chain_from = case when keep or cut.hash is null then h.chain_from else $2 end,
         chain_start = case when keep or cut.hash is null then h.chain_start else cut.hash end
   where h.queue = $1;
  -- Under the queue's lock, which an append of the same ids takes first too: in the other order, each would wait for the other.
  -- The slow search was done before; its conditions are checked again, since a job may have been enqueued again meanwhile.
  delete from interlock.job_queue_data d
   where d.queue = $1 and d.job_id = any (stale) and coalesce(d.life, 0) <= $2 and (not keep or d.updated_at < kept_since)
     and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id)
     and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id);
  -- Who acted before the cut: the events that name their processes are gone.
  delete from interlock.job_queue_operators o where o.queue = $1 and not keep and o.noted_at <= cut.created_at;
  perform interlock.job_queue_sweep_once($1, 10000);
  -- An end that is no longer in job_queue_log is no longer listed, whether it was dropped or not.
  delete from interlock.job_queue_dropped d
   where d.queue = $1 and d.seq <= $2 and (not keep or not exists (
     select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id and l.seq <= d.seq));
  return jsonb_build_object('archived_seq', $2, 'archived', $2 - head.archived_seq, 'unkept', unkept);
end
$$;

create or replace function public.job_queue_archive_before(queue text, before timestamptz, keep boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  cut bigint;
begin
  select max(s.seq) into cut
    from interlock.job_queue_snapshots s
    join public.job_queue_log l on l.queue = s.queue and l.seq = s.seq
   where s.queue = $1 and l.created_at < $2;
  if cut is null then
    return jsonb_build_object('archived', 0, 'unkept', 0, 'archived_seq',
      (select coalesce(max(h.archived_seq), 0) from interlock.job_queue_heads h where h.queue = $1));
  end if;
  return public.job_queue_archive($1, cut, $3);
end
$$;

create or replace function interlock.job_queue_archived_events(queue text, after bigint, max_events integer) returns json
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select coalesce(json_agg(e.*), '[]')
    from (
      select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type,
             l.models, l.worker_id, l.data, l.command_id, l.command_hash, l.schema_version
        from interlock.job_queue_log_archive l
       where l.queue = $1 and l.seq > $2 and l.seq <= $2 + $3
         and exists (select from interlock.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
       order by l.seq) e
$$;

create or replace function interlock.job_queue_kept_digest(event public.job_queue_log) returns numeric
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended(interlock.job_queue_event_text(event), event.seq)::numeric
$$;

create or replace function public.job_queue_kept(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  head record;
  kept record;
  missing bigint;
begin
  select h.kept_from, h.archived_seq, h.kept_digest into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.kept_from is null then
    return null;
  end if;
  select count(*) as events, sum(interlock.job_queue_kept_digest(row(a.*)::public.job_queue_log)) as digest into kept
    from interlock.job_queue_log_archive a where a.queue = $1 and a.seq between head.kept_from and head.archived_seq;
  if kept.events <> head.archived_seq - head.kept_from + 1 then
    select coalesce(min(g.place), head.kept_from + kept.events) into missing
      from (select a.seq, head.kept_from - 1 + row_number() over (order by a.seq) as place
              from interlock.job_queue_log_archive a
             where a.queue = $1 and a.seq between head.kept_from and head.archived_seq) g
     where g.seq <> g.place;
  end if;
  return jsonb_build_object('first', head.kept_from, 'through', head.archived_seq, 'missing', missing,
    'changed', missing is null and kept.digest is distinct from head.kept_digest);
end
$$;

create or replace function public.job_queue_beat(queue text, worker_id text, kinds text[], free_slots integer,
  release text, ttl_ms integer, grace_ms integer)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  clock timestamptz := clock_timestamp();
  setting text;
  lease record;
  alive boolean;
  given text[] := regexp_match($5, E'^(.*)\\+reads\\.(\\d{1,4})$');
begin
  if length(queue) between 1 and 200 is not true or length(worker_id) between 1 and 200 is not true
     or free_slots >= 0 is not true or length(release) <= 200 is not true
     or ttl_ms between 100 and 86400000 is not true or grace_ms between 0 and 86400000 is not true then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_beat is missing or out of bounds';
  end if;
  -- In the body, as in job_queue_append.
  setting := set_config('synchronous_commit', 'on', true);
  -- The update reads the clock again: it may have waited for an append that declares this worker dead.
  insert into interlock.job_queue_workers as w
    (queue, worker_id, kinds, free_slots, release, reads, started_at, beat_at, expires_at, ttl_ms, grace_ms, server_since)
  values ($1, $2, $3, $4, coalesce(given[1], $5), given[2]::smallint, clock, clock, clock + $6 * interval '1 millisecond', $6, $7,
    pg_postmaster_start_time())
  on conflict (queue, worker_id) do update set
    kinds = excluded.kinds, free_slots = excluded.free_slots, release = excluded.release, reads = excluded.reads, ttl_ms = excluded.ttl_ms,
    grace_ms = excluded.grace_ms, beat_at = clock_timestamp(),
    expires_at = clock_timestamp() + excluded.ttl_ms * interval '1 millisecond', server_since = excluded.server_since
    where not w.dead and (w.expires_at > clock_timestamp() or (not w.settled and interlock.job_queue_elsewhere(w.server_since)))
  returning w.expires_at, w.started_at = w.beat_at as is_new into lease;
  alive := found;
  if not alive then
    select w.expires_at, false as is_new into lease
      from interlock.job_queue_workers w where w.queue = $1 and w.worker_id = $2;
  end if;
  if lease.is_new then
    perform interlock.job_queue_forget_workers($1);
  end if;
  return jsonb_build_object(
    'alive', alive,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'expires_at', (extract(epoch from lease.expires_at) * 1000000)::bigint,
    'version', coalesce((
      select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0),
    'arrived', exists (select from interlock.job_queue_arrivals a
      where (a.queue is null or a.queue = $1 or interlock.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
        and coalesce(a.claimed_until < clock, true)),
    'requested', exists (select from interlock.job_queue_inbox i
      where i.queue = $1 and i.answered_at is null and coalesce(i.taken_until < clock, true))
      or exists (select from interlock.job_queue_submissions s where s.queue = $1 and coalesce(s.taken_until < clock, true)),
    'overdue', interlock.job_queue_overdue($1, lease.is_new),
    'reads', interlock.job_queue_reads($1));
end
$$;

create or replace function interlock.job_queue_reads(queue text) returns integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select min(coalesce(w.reads, 6)) from interlock.job_queue_workers w
   where w.queue = $1 and not w.dead and w.release ~ E'^\\d+\\.\\d+\\.\\d+'
     and (w.expires_at > clock_timestamp() or w.server_since <> pg_postmaster_start_time())
$$;

create or replace function interlock.job_queue_elsewhere(server_since timestamptz) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce($1 <> pg_postmaster_start_time(), false)
$$;

create or replace function interlock.job_queue_overdue(queue text, thorough boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  clock timestamptz := clock_timestamp();
  overdue jsonb;
begin
  -- Otherwise the lease of a process that is gone would last until the clock has caught up; a live process beats again before
  -- that. A difference below a second is ignored: another beat may have read the clock since. Skips locked rows, as below.
  update interlock.job_queue_workers w
     set beat_at = least(w.beat_at, clock), server_since = pg_postmaster_start_time(),
         expires_at = case when interlock.job_queue_elsewhere(w.server_since) and not w.dead then clock + w.ttl_ms * interval '1 millisecond'
                           else least(w.expires_at, clock + w.ttl_ms * interval '1 millisecond') end
   where w.queue = $1 and w.worker_id in (
     select f.worker_id from interlock.job_queue_workers f
      where f.queue = $1
        and (f.beat_at > clock + interval '1 second'
          or (not f.dead and not f.settled and interlock.job_queue_elsewhere(f.server_since)))
        for update skip locked);
  if not thorough and not exists (
       select from interlock.job_queue_workers w where w.queue = $1 and not w.settled
          and (w.dead or w.expires_at + w.grace_ms * interval '1 millisecond' < clock)) then
    return '[]';
  end if;
  overdue := (
    select coalesce(jsonb_agg(distinct k.worker_id order by k.worker_id), '[]')
      from (select interlock.job_queue_holders($1) as worker_id
             union all
            select unnest(s.servers) from (
              select s.servers from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1) s) k
     where not exists (
         select from interlock.job_queue_workers w
          where w.queue = $1 and w.worker_id = k.worker_id
            and not w.dead and (w.expires_at + w.grace_ms * interval '1 millisecond' >= clock
              or interlock.job_queue_elsewhere(w.server_since))));
  -- SKIP LOCKED, since two beats that settle the same rows must not wait for each other.
  update interlock.job_queue_workers w set settled = true
   where w.queue = $1 and w.worker_id in (
     select g.worker_id from interlock.job_queue_workers g
      where g.queue = $1 and not g.settled and not overdue ? g.worker_id
        and (g.dead or (g.expires_at + g.grace_ms * interval '1 millisecond' < clock and not interlock.job_queue_elsewhere(g.server_since)))
        and g.expires_at < clock - interval '1 minute'
        for update skip locked);
  return overdue;
end
$$;

create or replace function interlock.job_queue_holders(queue text) returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 4
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
set jit = off
as $$
  select distinct j.worker_id from public.job_queue_jobs j
   where j.queue = $1 and j.state = 'active' and j.worker_id is not null
$$;

create or replace function interlock.job_queue_forget_workers(queue text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from interlock.job_queue_workers w
   where w.queue = $1
     -- In this order: mostly none is gone for so long, and then the jobs are not read.
     and case when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() - interval '1 day'
              then w.worker_id <> all (array(select interlock.job_queue_holders($1))) end
$$;

create or replace function public.job_queue_leave(queue text, worker_id text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update interlock.job_queue_workers w
     set dead = true, expires_at = least(w.expires_at, clock_timestamp())
   where w.queue = $1 and w.worker_id = $2;
  return found;
end
$$;

create or replace function public.job_queue_held(worker_id text, queue text default 'default') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', j.job_id, 'job_type', j.job_type, 'kind', j.kind,
             'models', j.models, 'priority', j.priority, 'attempt', j.attempt, 'attempts', j.attempts, 'postponed', j.postponed,
             'fencing_token', j.fencing_token, 'epoch', h.epoch,
             'fence', lpad(h.epoch::text, 10, '0') || '.' || lpad(j.fencing_token::text, 16, '0'),
             'started_at', (extract(epoch from j.started_at) * 1000000)::bigint,
             'cancel_requested', j.cancel_requested)
             || case when j.places is null then '{}' else jsonb_build_object('places', j.places) end order by j.fencing_token)), '[]')
      from public.job_queue_jobs j
      cross join (select h.epoch from interlock.job_queue_heads h where h.queue = $2 order by h.version desc limit 1) h
      join interlock.job_queue_workers w on w.queue = j.queue and w.worker_id = j.worker_id
     where j.queue = $2 and j.worker_id = $1 and j.state = 'active' and not w.dead
       and (w.expires_at > clock_timestamp() or interlock.job_queue_elsewhere(w.server_since)));
end
$$;

create or replace function public.job_queue_worker_list(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object(
           'worker_id', w.worker_id, 'kinds', w.kinds, 'free_slots', w.free_slots, 'release', w.release,
           'reads', case when w.release ~ E'^\\d+\\.\\d+\\.\\d+' then coalesce(w.reads, 6) end,
           'started_at', (extract(epoch from w.started_at) * 1000000)::bigint,
           'beat_at', (extract(epoch from w.beat_at) * 1000000)::bigint,
           'expires_at', (extract(epoch from w.expires_at) * 1000000)::bigint,
           'state', case
             when w.dead then 'dead'
             when interlock.job_queue_elsewhere(w.server_since) and not w.settled then 'live'
             when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() then 'dead'
             when w.expires_at <= clock_timestamp() then 'late'
             else 'live' end)
           order by w.started_at, w.worker_id)), '[]')
    from interlock.job_queue_workers w
   where w.queue = $1
$$;

create or replace function public.job_queue_sign(queue text, worker_id text, operator text, host text, command text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if length($1) between 1 and 200 is not true or length($2) between 1 and 200 is not true or $3 is null then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_sign is missing or out of bounds';
  end if;
  insert into interlock.job_queue_operators (queue, worker_id, operator, host, command)
  values ($1, $2, left($3, 200), left($4, 200), left($5, 500))
  on conflict do nothing;
  return found;
end
$$;

create or replace function public.job_queue_signed(queue text, worker_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  if cardinality($2) <= 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_signed takes at most 1,000 ids';
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('worker_id', o.worker_id, 'operator', o.operator, 'host', o.host,
             'command', o.command, 'at', (extract(epoch from o.noted_at) * 1000000)::bigint))), '[]')
      from interlock.job_queue_operators o
     where o.queue = $1 and o.worker_id = any ($2));
end
$$;

create or replace function public.job_queue_forget_operator(operator text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from interlock.job_queue_operators o where o.operator = $1;
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;

create or replace function public.job_queue_publish(queue text, sender text, wait_ms integer, seen jsonb, commands jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text;
  is_elected boolean;
  -- JSON's null as well as SQL's: nothing was seen.
  is_again boolean := coalesce(jsonb_typeof(seen) = 'object', false);
  current record;
  first bigint;
begin
  if wait_ms is null or wait_ms not between 1 and 86400000 or jsonb_typeof(commands) is distinct from 'array'
     or jsonb_array_length(commands) not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_publish takes 1..86400000 ms and a list of 1..1000 commands';
  end if;
  -- Need not be on disk: what a crash takes is published again.
  setting := set_config('synchronous_commit', 'off', true);
  -- Locks the row, so that the combiner cannot resign before it has seen these commands.
  insert into interlock.job_queue_combiners as c (queue, combiner, backend) values ($1, $2, pg_backend_pid())
  on conflict on constraint job_queue_combiners_pkey do update
     set combiner = excluded.combiner, election = c.election + 1, barren = 0, oldest = null, backend = excluded.backend
   where c.combiner is null or c.combiner = excluded.combiner;
  is_elected := found;
  if not is_elected then
    insert into interlock.job_queue_published (queue, command_id, sender, command, waits_until)
    select $1, c.command #>> '{command,id}', $2, c.command, clock_timestamp() + 4 * $3 * interval '1 millisecond'
      from jsonb_array_elements($5) with ordinality as c (command, place)
     -- Not ON CONFLICT, which waits for an append that is deleting the row: two that lock several rows could wait for each other.
     where not exists (select from interlock.job_queue_published k where k.queue = $1 and k.command_id = c.command #>> '{command,id}')
     order by c.place;
    -- Its sender still waits. A row that an append is deleting is left alone, for the same reason.
    update interlock.job_queue_published p set waits_until = clock_timestamp() + 4 * $3 * interval '1 millisecond'
     where p.queue = $1 and is_again and p.command_id in (
       select k.command_id from interlock.job_queue_published k where k.queue = $1
          and k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command)) for update skip locked);
    select c.combiner, c.election, c.barren, c.oldest, c.backend into current from interlock.job_queue_combiners c where c.queue = $1;
    select min(p.place) into first from interlock.job_queue_published p where p.queue = $1 and p.waits_until > clock_timestamp();
    -- Whether its connection is gone is asked only then: the server copies the state of all its connections for the answer.
    is_elected := is_again
      and ((($4 ->> 'election')::bigint = current.election and ($4 ->> 'oldest')::bigint is not distinct from first)
           or not exists (select from pg_stat_get_activity(current.backend)));
    if not is_elected then
      return jsonb_build_object('combines', false, 'barren', current.barren,
        'seen', jsonb_build_object('election', current.election, 'oldest', first));
    end if;
    update interlock.job_queue_combiners c
       set combiner = $2, election = c.election + 1, backend = pg_backend_pid(), oldest = first,
           barren = case when c.oldest = first then least(c.barren + 1, 20) else 1 end
     where c.queue = $1;
  end if;
  -- Its own, and those that their senders have given up, or left behind when they died.
  delete from interlock.job_queue_published p where p.queue = $1 and p.command_id in (
    select k.command_id from interlock.job_queue_published k where k.queue = $1 and (k.waits_until < clock_timestamp()
        or k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command))) for update skip locked);
  -- The fastest writer loses no append, and would otherwise never learn that others write as well.
  perform interlock.job_queue_answered($1, '{}', array[$2]);
  return jsonb_build_object('combines', true, 'published', interlock.job_queue_published_in($1), 'version', coalesce(
    (select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0));
end
$$;

create or replace function interlock.job_queue_published_in(queue text) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object('sender', h.sender, 'command', h.command) order by h.place)), '[]')
    from (
      select f.place, f.sender, f.command, sum(pg_column_size(f.command)) over (order by f.place) - pg_column_size(f.command) as before
        from (
          select c.place, c.sender, c.command from interlock.job_queue_published c
           where c.queue = $1 and c.waits_until > clock_timestamp()
           order by c.place limit 500) f) h
   where h.before < 262144
$$;

create or replace function public.job_queue_append_for(
  queue text, expected_version bigint, events jsonb, changes jsonb, answered jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  answer jsonb := public.job_queue_append($1, $2, $3, $4);
  version bigint := (answer ->> 'version')::bigint;
  one record;
  ending text := case when current_setting('synchronous_standby_names') = '' then ']' else ',1]' end;
begin
  answer := answer || jsonb_build_object('combines', exists (
    select from interlock.job_queue_combiners c where c.queue = $1 and c.combiner = $5 ->> 'combiner'));
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'combined:' || ($5 ->> 'concern') || ':' || $1 || ':' || version);
    for one in
      select a.item ->> 'to' as channel, version || ' [' || (a.item ->> 'said') || ',' as note, coalesce((
        select to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
                 'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null)))::text
          from jsonb_array_elements_text(a.item -> 'wanted') as w (job_id)
         cross join lateral (
           select j.life from public.job_queue_jobs j where j.queue = $1 and j.job_id = w.job_id offset 0) as j
         cross join lateral (
           select k.* from interlock.job_queue_data k where k.queue = $1 and k.job_id = w.job_id and k.life = j.life offset 0) as d
          -- Not of jobs that were made of a row, whose handlers are given the row. And nothing that has to be unpacked to be measured.
          where j.life > 0
            and coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
              + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0) + coalesce(pg_column_size(d.trace), 0) < 4000), '[]') as data
        from jsonb_array_elements($5 -> 'answers') as a (item)
       where a.item ->> 'to' ~ E'^interlock_\\w{16,50}$'
    loop
      -- A notification has room for 8,000 bytes.
      perform pg_notify(one.channel,
        one.note || case when octet_length(one.note) + octet_length(one.data) < 7900 then one.data else '[]' end || ending);
    end loop;
  end if;
  perform interlock.job_queue_answered($1, array(select jsonb_array_elements_text($5 -> 'done')),
    array(select jsonb_array_elements_text($5 -> 'senders')));
  return answer || jsonb_build_object('published', interlock.job_queue_published_in($1));
end
$$;

create or replace function interlock.job_queue_answered(queue text, done text[], senders text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if cardinality($2) > 0 then
    delete from interlock.job_queue_published c where c.queue = $1 and c.command_id = any ($2);
  end if;
  -- A notification holds 8,000 bytes. A process that is not named looks by itself, later.
  if cardinality($3) > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'answered:' || array_to_string($3[:60], ',') || ':' || $1 || ':' || (
      select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1));
  end if;
end
$$;

create or replace function public.job_queue_resign(queue text, combiner text, done text[], senders text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text := set_config('synchronous_commit', 'off', true);
  published jsonb := '[]';
  combines boolean;
begin
  -- Locked from here on: a command that is published after the look below finds no combiner, or is seen by the next look.
  perform from interlock.job_queue_combiners c where c.queue = $1 and c.combiner = $2 for update;
  combines := found;
  perform interlock.job_queue_answered($1, $3, $4);
  if combines then
    published := interlock.job_queue_published_in($1);
    if published = '[]' then
      update interlock.job_queue_combiners c set combiner = null where c.queue = $1;
      combines := false;
      if current_setting('interlock.notify', true) is distinct from 'off' then
        perform pg_notify('interlock', 'resigned:' || $1);
      end if;
    end if;
  end if;
  return jsonb_build_object('combines', combines, 'published', published);
end
$$;

create or replace function interlock.job_queue_wake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock timestamptz := clock_timestamp();
  -- If it is further ahead than it can be, the clock was set back.
  ahead interval := case when old.woken_at - clock between interval '0' and interval '850 milliseconds'
    then old.woken_at - clock else interval '0' end;
  is_direct boolean := coalesce(current_setting('request.method', true), '') = '';
  is_urgent boolean;
  concerns text := 'all';
  news jsonb;
begin
  if new.version - old.version <= 20 then
    select case
        when count(*) < new.version - old.version or count(distinct e ->> 'worker_id') > 1
          or not bool_and(e ->> 'event_type' in ('queued', 'blocked', 'conflict', 'started', 'completed', 'failed', 'requeued', 'due',
            'linked', 'released'))
          -- One failed with a job that it comes after: those who wait for it have to hear that.
          or bool_or(coalesce(e -> 'data' ? 'cause', false))
          then 'all'
        when not bool_and(e ->> 'event_type' in ('started', 'completed', 'failed')) then 'free'
        -- "offers": true stands for the event's own job. A job that was started in the same append is no longer on offer.
        when exists (
          select job from jsonb_array_elements(l.events) as o cross join lateral jsonb_array_elements_text(
              case o #> '{data,offers}' when 'true' then jsonb_build_array(o -> 'job_id') else o #> '{data,offers}' end) as job
          except
          select s ->> 'job_id' from jsonb_array_elements(l.events) as s where s ->> 'event_type' = 'started') then 'free'
        else 'nobody' end
      into concerns
      from (select interlock.job_queue_events(new.queue, old.version, 20, 65536)::jsonb as events) as l
        cross join lateral jsonb_array_elements(l.events) as e
     group by l.events;
  end if;
  if ahead > interval '160 milliseconds' and not is_direct then
    -- A process that ends a job, takes one and leaves others has found more jobs than it has free slots.
    select bool_and(l.event_type = 'started') or coalesce(concerns, 'all') <> 'nobody' and not bool_or(l.event_type = 'started')
      into is_urgent
      from public.job_queue_log l
     where l.queue = new.queue and l.seq > old.version and l.seq <= new.version;
    if ahead > interval '510 milliseconds' or is_urgent is not true then
      return new;
    end if;
  end if;
  if new.version - old.woken_version between 1 and 64 then
    news := jsonb_build_object('after', old.woken_version, 'version', new.version, 'epoch', new.epoch,
      'at', coalesce((extract(epoch from interlock.job_queue_event_at(new.queue, old.woken_version)) * 1000000)::bigint, 0),
      'events', interlock.job_queue_events(new.queue, old.woken_version, 64, 7000));
    if jsonb_array_length(news -> 'events') <> new.version - old.woken_version or octet_length(news::text) > 7000 then
      news := null;
    end if;
  end if;
  new.woken_at := clock + ahead + interval '170 milliseconds';
  new.woken_version := new.version;
  perform realtime.send(jsonb_build_object('queue', new.queue, 'version', new.version, 'direct', is_direct,
    'concerns', coalesce(concerns, 'all'), 'news', news), 'wake', format('interlock:%s:%s', new.queue, new.channel), true);
  return new;
exception when others then
  raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  return new;
end
$$;

create or replace function interlock.job_queue_wake_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  clock bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if clock - (select s.last_value from interlock.job_queue_intake_woken s) between 0 and 250 then
    return null;
  end if;
  perform setval('interlock.job_queue_intake_woken', clock);
  begin
    perform realtime.send(jsonb_build_object('queue', w.queue,
        'intake', case tg_table_name when 'job_queue_arrivals' then 'rows' else 'requests' end), 'wake',
        format('interlock:%s:%s', w.queue, h.channel), true)
       from (select distinct k.queue from interlock.job_queue_workers k
              where not k.dead and k.expires_at > clock_timestamp()) w
      cross join lateral (
        select k.channel from interlock.job_queue_heads k where k.queue = w.queue order by k.version desc limit 1) h;
  exception when others then
    raise warning 'interlock: no wake-up was sent: %', sqlerrm;
  end;
  return null;
end
$$;

create or replace function public.job_queue_data_of(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  rows jsonb;
  names jsonb := interlock.job_queue_columns('jobs');
  lives jsonb;
  others text[];
  logged jsonb;
begin
  if job_ids is null or cardinality(job_ids) > 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_data_of takes up to 1,000 ids';
  end if;
  rows := interlock.job_queue_user_rows(job_ids);
  if rows <> '{}' then
    rows := rows - array(
      select w.id from unnest(interlock.job_queue_doubtful($1, 'jobs', job_ids)) as w (id)
       where not interlock.job_queue_linked($1, 'jobs', w.id,
         (rows -> w.id ->> (names ->> 'queued_at'))::timestamptz));
  end if;
  -- The row of a live job names its life.
  lives := coalesce((select jsonb_object_agg(j.job_id, abs(j.life)) from public.job_queue_jobs j
                      where j.queue = $1 and j.job_id = any ($2) and j.life is not null), '{}');
  others := array(select w.id from unnest($2) as w (id) where not lives ? w.id);
  if cardinality(others) > 0 then
    -- Planned each time: while the log looks small, the planner may take the primary key instead of the index by job, and keep
    -- that plan. seq + 0: a plain max would read the primary key backwards, past the events of all other jobs.
    execute 'select jsonb_object_agg(q.job_id, q.life) from (select l.job_id, max(l.seq + 0) as life from public.job_queue_log l
        where l.queue = $1 and l.job_id = any ($2) and l.event_type = ''queued'' group by l.job_id) q'
      into logged using $1, others;
    lives := lives || coalesce(logged, '{}');
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', w.id, 'payload', d.payload, 'result', d.result,
             'error', d.error, 'checkpoint', d.checkpoint, 'progress', d.progress,
             'trace', coalesce(d.trace, case when rows -> w.id ->> (names ->> 'traceparent') <> '' then jsonb_strip_nulls(jsonb_build_object(
               'traceparent', rows -> w.id ->> (names ->> 'traceparent'), 'tracestate', rows -> w.id ->> (names ->> 'tracestate'))) end),
             'row', rows -> w.id) order by w.place)), '[]')
      from unnest($2) with ordinality as w (id, place)
      left join lateral (
        select k.* from interlock.job_queue_data k
         where k.queue = $1 and k.job_id = w.id
           -- If the `queued` event is not in the log (it is archived), the job was not enqueued since.
           and k.life is not distinct from coalesce((lives ->> w.id)::bigint, k.life)
        offset 0) d on true);
end
$$;

create or replace function interlock.job_queue_user_rows(job_ids text[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_target record;
  candidates text[] := job_ids;
  found_rows refcursor;
  rows jsonb;
begin
  select * into found_target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return '{}';
  end if;
  if found_target.key_type = 'uuid' then
    select array_agg(id) into candidates from unnest(job_ids) as id
     where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables. By way
  -- of json, since jsonb_object_agg goes to the end of a row for each text in it.
  open found_rows for execute format('select json_object_agg(t.%1$I::text, to_json(t))::jsonb from public.jobs t where t.%1$I = any ($1::%2$s[])',
    found_target.key_column, found_target.key_type) using candidates;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch found_rows into rows;
  close found_rows;
  return coalesce(rows, '{}');
end
$$;

create or replace function public.job_queue_payloads(queue text, after text) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  kept record;
  items text[] := '{}';
  size bigint := 0;
begin
  for kept in
    select d.job_id, d.payload, e.seq, case when e.debounce is null then e.hash else coalesce((
             -- The last one that came with its key.
             select l.data -> 'payload_hash' from public.job_queue_log l
              where l.queue = $1 and l.job_id = d.job_id and l.event_type = 'debounced' and l.data ? 'payload_hash' and l.seq + 0 > e.seq
              order by l.seq + 0 desc limit 1), (
             select a.data -> 'payload_hash' from interlock.job_queue_log_archive a
              where a.queue = $1 and a.job_id = d.job_id and a.event_type = 'debounced' and a.data ? 'payload_hash' and a.seq + 0 > e.seq
              order by a.seq + 0 desc limit 1), e.hash) end as hash
      from interlock.job_queue_data d
      left join lateral (
        select l.seq, l.data -> 'payload_hash' as hash, l.data #> '{dedupe,debounce}' as debounce from public.job_queue_log l
         where l.queue = $1 and l.seq = d.life and l.event_type = 'queued' and l.job_id = d.job_id
        union all
        select a.seq, a.data -> 'payload_hash', a.data #> '{dedupe,debounce}' from interlock.job_queue_log_archive a
         where a.queue = $1 and a.seq = d.life and a.event_type = 'queued' and a.job_id = d.job_id
         limit 1) e on true
     where d.queue = $1 and d.job_id > $2 and d.payload is not null
     order by d.job_id limit 1000
  loop
    items := items || json_build_object('job_id', kept.job_id, 'seq', kept.seq, 'hash', kept.hash, 'payload', kept.payload)::text;
    size := size + octet_length(items[cardinality(items)]);
    exit when size >= 4194304;
  end loop;
  return ('[' || array_to_string(items, ',') || ']')::json;
end
$$;

create or replace function public.job_queue_note(queue text, job_id text, token bigint, note jsonb) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  is_noted boolean;
begin
  if (note ?| array['checkpoint', 'progress']) is not true then
    raise exception using errcode = 'JQ001', message = 'a note has a checkpoint, progress, or both';
  end if;
  -- A checkpoint has to be on disk. Progress need not be, unless the caller's transaction has written something of its own.
  if note ? 'checkpoint' then
    perform set_config('synchronous_commit', 'on', true);
  elsif pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  insert into interlock.job_queue_data as d (queue, job_id, life, token, checkpoint, progress)
  select j.queue, j.job_id,
         abs(coalesce(j.life, interlock.job_queue_life($1, $2))),
         $3, $4 -> 'checkpoint', $4 -> 'progress'
    from public.job_queue_jobs j
   where j.queue = $1 and j.job_id = $2 and j.state = 'active' and j.fencing_token = $3
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    token = excluded.token,
    payload = case when excluded.life is null or d.life = excluded.life then d.payload end,
    result = case when excluded.life is null or d.life = excluded.life then d.result end,
    error = case when excluded.life is null or d.life = excluded.life then d.error end,
    trace = case when excluded.life is null or d.life = excluded.life then d.trace end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    progress = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.progress, d.progress) else excluded.progress end,
    updated_at = clock_timestamp()
    -- Refuses a note that was under way while its attempt ended and the next one noted something.
    where coalesce(d.token, 0) <= excluded.token and coalesce(d.life, 0) <= coalesce(excluded.life, d.life, 0);
  is_noted := found;
  if is_noted and note ? 'progress' and current_setting('interlock.notify', true) is distinct from 'off' then
    -- A notification holds less than 8,000 bytes: who is told of a longer note looks.
    perform pg_notify(w.address, case when octet_length(s.said) < 7900 then s.said else 'noted ' || jsonb_build_object('queue', $1, 'job_id', $2)::text end)
       from interlock.job_queue_watched w
      cross join lateral (select 'noted ' || jsonb_build_object('queue', $1, 'job_id', $2, 'progress', $4 -> 'progress')::text as said) s
      where w.queue = $1 and w.job_id = $2 and w.until > clock_timestamp();
  end if;
  return is_noted;
end
$$;

create or replace function public.job_queue_watch(queue text, job_ids text[], address text, ms integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  is_announced boolean := $3 is not null and current_setting('interlock.notify', true) is distinct from 'off';
begin
  if (cardinality($2) <= 1000 and $4 between 1 and 86400000 and ($3 is null or $3 ~ '^interlock_[0-9a-f]{24}$')) is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_watch takes at most 1,000 jobs, an address or null, and 1..86,400,000 ms';
  end if;
  if is_announced then
    -- A crash loses only what is asked for again in a moment.
    if pg_current_xact_id_if_assigned() is null then
      perform set_config('synchronous_commit', 'off', true);
    end if;
    delete from interlock.job_queue_watched w
     where w.ctid = any (array(select k.ctid from interlock.job_queue_watched k where k.until < clock_timestamp() for update skip locked));
    insert into interlock.job_queue_watched as w (queue, job_id, address, until)
    select $1, i.id, $3, clock_timestamp() + $4 * interval '1 millisecond' from unnest($2) i (id) group by i.id order by i.id
    on conflict on constraint job_queue_watched_pkey do update set until = excluded.until;
  end if;
  return jsonb_build_object('is_announced', is_announced, 'notes', (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'progress', d.progress))), '[]')
      from interlock.job_queue_data d
     where d.queue = $1 and d.job_id = any ($2) and d.progress is not null and d.progress <> 'null'));
end
$$;

create or replace function public.job_queue_stage(queue text, command_id text, data jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  staged integer;
begin
  if jsonb_typeof($3) is distinct from 'array' or jsonb_array_length($3) not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_stage takes a list of 1..10000 items {job_id, …}';
  end if;
  delete from interlock.job_queue_staged s where s.staged_at < clock_timestamp() - interval '1 hour';
  insert into interlock.job_queue_staged as s (queue, command_id, job_id, item)
  select $1, $2, g.item ->> 'job_id', g.item from jsonb_array_elements($3) as g (item)
  on conflict on constraint job_queue_staged_pkey do update set item = excluded.item, staged_at = excluded.staged_at;
  get diagnostics staged = row_count;
  return staged;
end
$$;

create or replace function interlock.job_queue_put_staged(queue text, staged jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  one record;
begin
  -- One command after the other: two may belong to one job.
  for one in
    select w.item ->> 'command_id' as command_id, array_agg(w.item ->> 'job_id') as job_ids, array_agg(w.item ->> 'as') as owners,
           min(w.place) as place
      from jsonb_array_elements($2) with ordinality as w (item, place)
     group by 1 order by 3
  loop
    perform interlock.job_queue_put_data($1, (
      select to_jsonb(array_agg(case when w.owner is null then s.item
               else jsonb_build_object('job_id', w.owner, 'payload', s.item -> 'payload') end))
        from interlock.job_queue_staged s
        join unnest(one.job_ids, one.owners) as w (job_id, owner) on w.job_id = s.job_id
       where s.queue = $1 and s.command_id = one.command_id and s.job_id = any (one.job_ids)));
    delete from interlock.job_queue_staged s where s.queue = $1 and s.command_id = one.command_id;
  end loop;
end
$$;

create or replace function interlock.job_queue_put_data(queue text, data jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- max(seq + 0): a plain max would read the primary key backwards, past the events of all other jobs.
  insert into interlock.job_queue_data as d (queue, job_id, life, payload, result, error, checkpoint, trace)
  select $1, g.item ->> 'job_id',
         (select max(l.seq + 0) from public.job_queue_log l
           where l.queue = $1 and l.job_id = g.item ->> 'job_id' and l.event_type = 'queued'),
         g.item -> 'payload', g.item -> 'result', g.item -> 'error', g.item -> 'checkpoint', g.item -> 'trace'
    from jsonb_array_elements($2) as g (item)
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    payload = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.payload, d.payload)
                   else excluded.payload end,
    result = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.result, d.result)
                  else excluded.result end,
    error = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.error, d.error)
                 else excluded.error end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    trace = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.trace, d.trace)
                 else excluded.trace end,
    progress = case when excluded.life is null or d.life = excluded.life then d.progress end,
    token = case when excluded.life is null or d.life = excluded.life then d.token end,
    updated_at = clock_timestamp();
end
$$;

create or replace function public.job_queue_forget(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from interlock.job_queue_data d where d.queue = $1 and d.job_id = any ($2);
  get diagnostics forgotten = row_count;
  delete from interlock.job_queue_staged s where s.queue = $1 and s.job_id = any ($2);
  update interlock.job_queue_submissions s set job = s.job - 'payload'
   where s.queue = $1 and s.job_id = any ($2) and s.job ? 'payload';
  update interlock.job_queue_inbox i set command = i.command - '{result,error}'::text[]
   where i.queue = $1 and i.command ->> 'job_id' = any ($2) and i.command ?| '{result,error}';
  return forgotten;
end
$$;

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
  of_job constant jsonb := '{"job_id":"name","jobId":"name","job_type":"text","jobType":"text","kind":"name","models":"names!","priority":"-1000..1000","run_at":"text?","runAt":"text?","attempts":"1..1000","timeout_ms":"1..31536000000","timeoutMs":"1..31536000000","expire_ms":"1..31536000000?","expireMs":"1..31536000000?","fair_key":"name?","fairKey":"name?","once":"once?","dedupe":"dedupe?","after":"parents?","tag":"name?","modes":"modes?","asks":"asks?","uses":"uses?","payload":"any","traceparent":"text?","tracestate":"text?"}';
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

create or replace function interlock.job_queue_once_before(queue text, events jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select to_jsonb(array_agg(jsonb_build_object('job_id', o.job_id, 'seq', o.seq, 'until', (extract(epoch from o.until) * 1000000)::bigint,
           'body', o.body, 'payload_hash', o.payload_hash, 'has_data', o.has_data, 'stands_for', o.stands_for)))
    from jsonb_to_recordset($2) as e (at bigint, event_type text, job_id text, data jsonb)
    -- OFFSET 0 keeps this from becoming a join with all ids of the queue.
    cross join lateral (select k.* from interlock.job_queue_once k where k.queue = $1 and k.job_id = e.job_id offset 0) as o
   where e.event_type in ('queued', 'deduplicated') and e.data ? 'once'
     and (o.until is null or o.until > 'epoch'::timestamptz + e.at * interval '1 microsecond')
$$;

create or replace function interlock.job_queue_put_once(queue text, events jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  put bigint;
begin
  insert into interlock.job_queue_once as o (queue, job_id, seq, until, body, payload_hash, has_data, digest, stands_for)
  select $1, e.job_id, e.seq,
         'epoch'::timestamptz + (e.at + nullif((e.data ->> 'once')::bigint, 0) * 1000) * interval '1 microsecond',
         coalesce((e.data ->> 'body')::bigint, 0), (e.data ->> 'payload_hash')::bigint, e.data ? 'has_data',
         -- Nothing but hashes is known of a job that never came into line.
         case e.event_type when 'queued' then interlock.job_queue_job_digest(interlock.job_queue_event_body(e.job_type, e.models, e.data), d.payload,
           d.payload is null and coalesce(e.data ?| '{has_data,payload_hash}', false)) end, e.data ->> 'stands_for'
    from jsonb_to_recordset($2) as e (seq bigint, at bigint, event_type text, job_id text, job_type text, models text[], data jsonb)
    left join lateral (
      select k.payload from interlock.job_queue_data k where k.queue = $1 and k.job_id = e.job_id and k.life = e.seq offset 0) as d on true
   where e.event_type in ('queued', 'deduplicated') and e.data ? 'once'
  on conflict on constraint job_queue_once_pkey do update set
    seq = excluded.seq, until = excluded.until, body = excluded.body, payload_hash = excluded.payload_hash, has_data = excluded.has_data,
    digest = excluded.digest, stands_for = excluded.stands_for;
  get diagnostics put = row_count;
  perform interlock.job_queue_sweep_once($1, greatest(100, 2 * put)::integer);
end
$$;

create or replace function interlock.job_queue_sweep_once(queue text, most integer) returns void
language sql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  delete from interlock.job_queue_once o
   where o.queue = $1 and o.job_id = any (array(
     select k.job_id from interlock.job_queue_once k
      where k.queue = $1 and k.until <= (select max(h.last_at) from interlock.job_queue_heads h where h.queue = $1)
      order by k.until limit $2))
$$;

create or replace function public.job_queue_check_once(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  head record;
begin
  select h.archived_seq, h.last_at into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return (
    with events as materialized (
      select l.seq, l.job_id, l.created_at, l.data from public.job_queue_log l
       where l.queue = $1 and l.event_type in ('queued', 'deduplicated') and l.data ? 'once'
      union
      select a.seq, a.job_id, a.created_at, a.data from interlock.job_queue_log_archive a
       where a.queue = $1 and a.event_type in ('queued', 'deduplicated') and a.data ? 'once'),
    voided as materialized (
      select (l.data ->> 'of')::bigint as seq from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided'),
    logged as (
      select distinct on (e.job_id) e.job_id, e.seq,
             e.created_at + nullif((e.data ->> 'once')::bigint, 0) * interval '1 millisecond' as until,
             coalesce((e.data ->> 'body')::bigint, 0) as body, (e.data ->> 'payload_hash')::bigint as payload_hash,
             e.data ? 'has_data' as has_data, e.data ->> 'stands_for' as stands_for
        from events e where e.seq not in (select v.seq from voided v)
       order by e.job_id, e.seq desc),
    stored as (
      select o.job_id, o.seq, o.until, o.body, o.payload_hash, o.has_data, o.stands_for,
             -- An event that is in neither has gone with a cut: of that row nothing can be said.
             o.seq > head.archived_seq
               or exists (select from public.job_queue_log l where l.queue = $1 and l.seq = o.seq)
               or exists (select from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = o.seq) as is_told
        from interlock.job_queue_once o where o.queue = $1),
    differing as (
      select coalesce(s.job_id, g.job_id) as job_id,
             case when s.job_id is not null then jsonb_build_object('seq', s.seq, 'until', (extract(epoch from s.until) * 1000000)::bigint,
               'body', s.body, 'payload_hash', s.payload_hash, 'has_data', s.has_data, 'stands_for', s.stands_for) end as stored,
             case when g.job_id is not null and coalesce(g.until > head.last_at, true) then jsonb_build_object('seq', g.seq,
               'until', (extract(epoch from g.until) * 1000000)::bigint, 'body', g.body, 'payload_hash', g.payload_hash,
               'has_data', g.has_data, 'stands_for', g.stands_for) end as logged
        from stored s full join logged g on g.job_id = s.job_id
       where (s.job_id is null or s.is_told or s.seq < g.seq)
         and (s.seq, s.until, s.body, s.payload_hash, s.has_data, s.stands_for)
           is distinct from (g.seq, g.until, g.body, g.payload_hash, g.has_data, g.stands_for)
         and (s.job_id is not null and coalesce(s.until > head.last_at, true)
           or g.job_id is not null and coalesce(g.until > head.last_at, true))
       order by 1 limit 1000)
    select coalesce(to_jsonb(array_agg(to_jsonb(d) order by d.job_id)), '[]') from differing d);
end
$$;

create or replace function public.job_queue_rebuild_once(queue text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set statement_timeout = '10min'
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  found_rows jsonb;
begin
  perform from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  found_rows := public.job_queue_check_once($1);
  delete from interlock.job_queue_once o
   using jsonb_to_recordset(found_rows) as d (job_id text)
   where o.queue = $1 and o.job_id = d.job_id;
  insert into interlock.job_queue_once (queue, job_id, seq, until, body, payload_hash, has_data, digest, stands_for)
  select $1, d.job_id, r.seq, 'epoch'::timestamptz + r.until * interval '1 microsecond', r.body, r.payload_hash, r.has_data,
         case when r.stands_for is null then interlock.job_queue_job_digest(interlock.job_queue_event_body(e.job_type, e.models, e.data), p.payload,
           p.payload is null and coalesce(e.data ?| '{has_data,payload_hash}', false)) end, r.stands_for
    from jsonb_to_recordset(found_rows) as d (job_id text, logged jsonb)
    cross join lateral jsonb_to_record(d.logged) as r (seq bigint, until bigint, body bigint, payload_hash bigint, has_data boolean, stands_for text)
    left join lateral (
      select l.job_type, l.models, l.data from public.job_queue_log l where l.queue = $1 and l.seq = r.seq
      union all
      select a.job_type, a.models, a.data from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = r.seq
      limit 1) as e on true
    left join lateral (
      select k.payload from interlock.job_queue_data k where k.queue = $1 and k.job_id = d.job_id and k.life = r.seq offset 0) as p on true
   where jsonb_typeof(d.logged) = 'object';
  return jsonb_array_length(found_rows);
end
$$;

create or replace function public.job_queue_endings(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  found jsonb;
  rest text[];
begin
  if job_ids is null or cardinality(job_ids) > 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_endings takes up to 10,000 ids';
  end if;
  -- seq + 0: a plain order by would read the primary key backwards, past the events of all other jobs.
  select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', w.id, 'outcome', e.outcome))), '[]'), array_agg(w.id) into found, rest
    from (select distinct unnest($2) as id) w
    cross join lateral (
      select case when l.event_type = 'lease_expired' then 'failed' else l.event_type end as outcome
        from public.job_queue_log l
       where l.queue = $1 and l.job_id = w.id and l.seq <> all (nothing)
         and (l.event_type in ('completed', 'cancelled', 'expired')
           or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
       order by l.seq + 0 desc limit 1) e;
  rest := array(select distinct w.id from unnest($2) as w (id) where w.id <> all (coalesce(rest, '{}')));
  if cardinality(rest) = 0 then
    return found;
  end if;
  -- The archive has no index by job: one pass for all of them.
  return found || (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', e.job_id, 'outcome', e.outcome))), '[]') from (
      select distinct on (a.job_id) a.job_id, case when a.event_type = 'lease_expired' then 'failed' else a.event_type end as outcome
        from interlock.job_queue_log_archive a
       where a.queue = $1 and a.job_id = any (rest) and a.seq <> all (nothing)
         and (a.event_type in ('completed', 'cancelled', 'expired')
           or (a.event_type in ('failed', 'lease_expired') and a.data ? 'final'))
       order by a.job_id, a.seq desc) e);
end
$$;

create or replace function public.job_queue_results(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  bytes bigint;
begin
  if job_ids is null or cardinality(job_ids) > 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_results takes up to 10,000 ids';
  end if;
  select coalesce(sum(octet_length(d.result::text)), 0) into bytes
    from interlock.job_queue_data d where d.queue = $1 and d.job_id = any ($2);
  if bytes > 16777216 then
    return jsonb_build_object('bytes', bytes);
  end if;
  return jsonb_build_object('results', (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'result', d.result))), '[]')
      from interlock.job_queue_data d
     where d.queue = $1 and d.job_id = any ($2) and d.result is not null
       and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id)));
end
$$;

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

create or replace function public.job_queue_submit(jobs jsonb, queue text default 'default', request_id text default null)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_enqueue_in($1, $2, $3) ->> 'request_id';
end
$$;

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

create or replace function interlock.job_queue_circle_text(circle text[]) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select 'these jobs wait for each other, so none of them could ever start: ' || array_to_string($1[1:20], ' → ')
    || case when cardinality($1) > 20 then format(' → … (%s more)', cardinality($1) - 20) else '' end
$$;

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

create or replace function interlock.job_queue_submitted_job(job jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(lower(regexp_replace(e.key, '([A-Z])', E'_\\1', 'g')), e.value)
         -- Beside it: an aggregate of objects takes time by the square of what is in one.
         || case when $1 ? 'payload' then jsonb_build_object('payload', $1 -> 'payload') else '{}' end
    from jsonb_each($1 - 'payload') as e where e.value <> 'null'
$$;

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

create or replace function interlock.job_queue_parents(after jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_array(p.job, p.goes_on) order by p.job collate "C", p.goes_on)), '[]')
    from (select case jsonb_typeof(n) when 'string' then n #>> '{}' else n ->> 'job' end as job,
                 case jsonb_typeof(n) when 'object' then coalesce(n ->> 'if_failed', n ->> 'ifFailed') = 'continue' else false end is true as goes_on
            from jsonb_array_elements(case jsonb_typeof($1) when 'array' then $1 else '[]' end) n) p
$$;

create or replace function interlock.job_queue_event_body(job_type text, models text[], data jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('job_type', $1, 'kind', coalesce($3 ->> 'kind', $1), 'models', $2, 'priority', coalesce($3 -> 'priority', '0'), 'run_at', $3 -> 'run_at', 'attempts', coalesce($3 -> 'attempts', '3'), 'timeout_ms', coalesce($3 -> 'timeout_ms', '3600000'), 'expire_ms', $3 -> 'expire_ms', 'fair_key', $3 -> 'fair_key', 'tag', $3 -> 'tag')
    || case when $3 ? 'whole' then jsonb_build_object('whole', $3 -> 'whole') else '{}' end
    || case when $3 ? 'asks' then jsonb_build_object('asks', $3 -> 'asks') else '{}' end
    || case when $3 ? 'uses' then jsonb_build_object('uses', $3 -> 'uses') else '{}' end
$$;

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

create or replace function interlock.job_queue_job_digest(body jsonb, payload jsonb, is_vague boolean) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select md5($1::text) || ':' || case when $3 then '?' else coalesce(md5($2::text), '') end
$$;

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

create or replace function public.job_queue_projection(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select jsonb_build_object(
    'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
      'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
      'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
    'jobs', (
      select coalesce(to_jsonb(array_agg(to_jsonb(j) - 'queue' - 'life' || jsonb_build_object(
               'queued_at', (extract(epoch from j.queued_at) * 1000000)::bigint,
               'due_at', (extract(epoch from j.due_at) * 1000000)::bigint,
               'expires_at', (extract(epoch from j.expires_at) * 1000000)::bigint,
               'started_at', (extract(epoch from j.started_at) * 1000000)::bigint))), '[]')
        from public.job_queue_jobs j
       where j.queue = $1))
    from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s
$$;

create or replace function public.job_queue_projection_page(queue text, filter jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  lim integer := coalesce(($2 ->> 'lim')::integer, 1000);
  ids text[] := case when $2 ? 'job_ids' then array(select jsonb_array_elements_text($2 -> 'job_ids')) end;
  found jsonb;
begin
  if jsonb_typeof($2) is distinct from 'object' or lim not between 1 and 10000 or cardinality(ids) > 10000 then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_projection_page takes {after, lim, active} with lim from 1 to 10000, or {job_ids} with at most 10000';
  end if;
  if ids is not null then
    select to_jsonb(array_agg(to_jsonb(j))) into found
      from public.job_queue_jobs j where j.queue = $1 and j.job_id = any (ids);
  elsif ($2 ->> 'active')::boolean then
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '') and j.state = 'active'
             order by j.job_id limit lim) r;
  else
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '')
             order by j.job_id limit lim) r;
  end if;
  return (
    select jsonb_build_object(
      'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
        'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
        'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
      'jobs', (
        select coalesce(to_jsonb(array_agg(r - 'queue' - 'life' || jsonb_build_object(
                 'queued_at', (extract(epoch from (r ->> 'queued_at')::timestamptz) * 1000000)::bigint,
                 'due_at', (extract(epoch from (r ->> 'due_at')::timestamptz) * 1000000)::bigint,
                 'expires_at', (extract(epoch from (r ->> 'expires_at')::timestamptz) * 1000000)::bigint,
                 'started_at', (extract(epoch from (r ->> 'started_at')::timestamptz) * 1000000)::bigint)
                 order by n)), '[]')
          from jsonb_array_elements(coalesce(found, '[]')) with ordinality e (r, n)))
      from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s);
end
$$;

create or replace function interlock.job_queue_rebuild(queue text, expected_version bigint, state jsonb, jobs jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_rebuild_rows($1, $2, $3, $4, null);
end
$$;

create or replace function public.job_queue_rebuild_rows(queue text, expected_version bigint, state jsonb, jobs jsonb, job_ids text[])
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  head record;
  answer jsonb;
  wanted public.job_queue_jobs[];
  removed integer;
  written integer;
  changed integer;
begin
  if expected_version is null or jsonb_typeof($3) is distinct from 'object' or jsonb_typeof($4) is distinct from 'array'
     or ($3 ->> 'version')::bigint is distinct from expected_version then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_rebuild takes a version, the row of the state at that version and rows of live jobs';
  end if;
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout', '2s', true);
  end if;
  select h.version into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  answer := jsonb_build_object('ok', false, 'version', coalesce(head.version, 0),
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint);
  if head.version is distinct from expected_version then
    return answer;
  end if;

  -- By the names of the columns, so that a column added later is written too.
  select coalesce(array_agg(p.wanted), '{}') into wanted
    from jsonb_array_elements($4) r,
         lateral (select jsonb_populate_record(null::public.job_queue_jobs, jsonb_build_object('cancel_requested', false, 'postponed', 0) || r
           || jsonb_build_object('queue', $1,
                'queued_at', 'epoch'::timestamptz + (r ->> 'queued_at')::bigint * interval '1 microsecond',
                'due_at', 'epoch'::timestamptz + (r ->> 'due_at')::bigint * interval '1 microsecond',
                'expires_at', 'epoch'::timestamptz + (r ->> 'expires_at')::bigint * interval '1 microsecond',
                'started_at', 'epoch'::timestamptz + (r ->> 'started_at')::bigint * interval '1 microsecond')) as wanted) p;
  if $5 is null then
    delete from public.job_queue_jobs j
     where j.queue = $1
       and not exists (select from unnest(wanted) w where w.job_id = j.job_id and to_jsonb(w) - 'life' = to_jsonb(j) - 'life');
  else
    delete from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any ($5)
       and not exists (select from unnest(wanted) w where w.job_id = j.job_id and to_jsonb(w) - 'life' = to_jsonb(j) - 'life');
  end if;
  get diagnostics removed = row_count;
  insert into public.job_queue_jobs select w.* from unnest(wanted) w on conflict do nothing;
  get diagnostics written = row_count;

  insert into public.job_queue_state (queue)
  select $1 where not exists (select from public.job_queue_state s where s.queue = $1);
  changed := interlock.job_queue_put_state($1, $3);
  return answer || jsonb_build_object('ok', true, 'removed', removed + changed, 'written', written + changed);
end
$$;

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

create or replace function public.job_queue_dead(queue text, filter jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  wanted record;
  voids json := interlock.job_queue_voided($1, 0);
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  no_death bigint[] := interlock.job_queue_void_seqs($1, true);
begin
  select f.model, f.since, f.before, f.job_ids, f.causes, coalesce(f.links, false) as links, coalesce(f.lim, 100) as lim into wanted
    from jsonb_to_record(coalesce(filter, '{}'))
      as f (model text, since bigint, before bigint, job_ids text[], causes text[], links boolean, lim integer);
  if wanted.lim not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_dead takes a limit of 1..1,000';
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object(
             'job_id', f.job_id, 'seq', f.seq, 'at', (extract(epoch from f.created_at) * 1000000)::bigint,
             'code', case f.event_type when 'failed' then coalesce((
               select e -> 1 ->> 'code' from json_array_elements(voids) with ordinality as j (e, n)
                where (e ->> 0)::bigint = f.seq order by n desc limit 1), f.data ->> 'code') else f.event_type end,
             'attempts', (
               select count(*) filter (where s.event_type = 'started')
                      - count(*) filter (where s.data ->> 'reason' in ('unacknowledged', 'later', 'drained'))
                 from public.job_queue_log s
                where s.queue = $1 and s.job_id = f.job_id and s.event_type in ('started', 'requeued') and s.seq <> all (nothing)
                  and s.seq > (f.queued ->> 'seq')::bigint and s.seq < f.seq),
             'queued', f.queued,
             'error', (
               select d.error from interlock.job_queue_data d
                where d.queue = $1 and d.job_id = f.job_id and d.life = (f.queued ->> 'seq')::bigint))
             || case when wanted.links and f.queued -> 'data' ? 'after' then jsonb_build_object('after', (
               select coalesce(to_jsonb(array_agg(jsonb_build_object('job', a.job, 'goes_on', k.data ? 'goes_on') order by k.seq, a.n)), '[]')
                 from public.job_queue_log k
                 cross join lateral jsonb_array_elements_text(k.data -> 'after') with ordinality as a (job, n)
                where k.queue = $1 and k.job_id = f.job_id and k.event_type = 'linked' and k.seq <> all (nothing)
                  and k.seq > (f.queued ->> 'seq')::bigint and k.seq < f.seq)) else '{}' end
             order by f.seq desc)), '[]')
      from (
        select l.*, q.queued
          from public.job_queue_log l
          join lateral (
            -- The last life of the job. If one began after this end, the end is no longer listed.
            select jsonb_build_object('seq', b.seq, 'at', (extract(epoch from b.created_at) * 1000000)::bigint,
                     'event_type', b.event_type, 'job_id', b.job_id, 'job_type', b.job_type, 'models', needs.models,
                     'worker_id', b.worker_id, 'data', b.data, 'command_id', b.command_id, 'command_hash', b.command_hash,
                     'schema_version', b.schema_version) as queued, b.seq, needs.models
              from public.job_queue_log b
              cross join lateral (
                select coalesce((
                  select r.models from public.job_queue_log r
                   where r.queue = $1 and r.job_id = b.job_id and r.event_type = 'requeued' and r.models is not null
                     and r.seq > b.seq
                   order by r.seq + 0 desc limit 1), b.models) as models) needs
             where b.queue = $1 and b.job_id = l.job_id and b.event_type = 'queued' and b.seq <> all (nothing)
             order by b.seq + 0 desc limit 1) q on q.seq < l.seq
         where l.queue = $1
           and (l.event_type = 'expired' or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
           and l.seq <> all (no_death)
           and not exists (
             select from public.job_queue_log c
              where c.queue = $1 and c.job_id = l.job_id and c.event_type = 'cancel_requested' and c.seq < l.seq and c.seq <> all (nothing)
                and c.seq > (select max(s.seq + 0) from public.job_queue_log s
                              where s.queue = $1 and s.job_id = l.job_id and s.event_type = 'started' and s.seq < l.seq))
           and (wanted.before is null or l.seq < wanted.before)
           and (wanted.since is null or l.created_at >= 'epoch'::timestamptz + wanted.since * interval '1 microsecond')
           and (wanted.job_ids is null or l.job_id = any (wanted.job_ids))
           and (wanted.causes is null or l.data ->> 'cause' = any (wanted.causes))
           and (wanted.model is null or wanted.model = any (q.models))
           and not exists (
             select from interlock.job_queue_dropped d where d.queue = $1 and d.job_id = l.job_id and d.seq >= l.seq)
         order by l.seq desc limit wanted.lim) f);
end
$$;

create or replace function public.job_queue_drop(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  dropped integer;
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  no_death bigint[] := interlock.job_queue_void_seqs($1, true);
begin
  with lives as materialized (
    select i.id as job_id, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and l.event_type = 'queued'
                and l.seq <> all (nothing)) as life, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and (l.event_type = 'expired'
                or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
                and l.seq <> all (no_death)) as seq
      from (select distinct unnest($2) as id) i),
  ended as materialized (
    select * from lives where seq > life),
  -- A job that is put in line again at this moment has a new life, and keeps the data of that life.
  forgotten as (
    delete from interlock.job_queue_data d using ended e
     where d.queue = $1 and d.job_id = e.job_id and d.job_id = any ($2) and d.life = e.life),
  marked as (
    insert into interlock.job_queue_dropped as m (queue, job_id, seq) select $1, e.job_id, e.seq from ended e
    on conflict (queue, job_id) do update set seq = excluded.seq, dropped_at = clock_timestamp()
      where m.seq < excluded.seq
    returning 1)
  select count(*) into dropped from marked;
  return dropped;
end
$$;

create or replace function public.job_queue_checkup(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  caller name := coalesce(nullif(current_setting('role', true), 'none'), session_user);
  head record;
  activated timestamptz := (select min(m.applied_at) from public.job_queue_migrations m);
  first jsonb;
  seen jsonb;
  replication jsonb;
  unknown_rows jsonb := '{"old": 0, "new": 0}';
  target record;
  of_jobs jsonb := interlock.job_queue_columns('jobs');
  of_runs jsonb := interlock.job_queue_columns('workflow_executions');
begin
  select * into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if to_regclass('public.job_queue_state_v1') is not null then
    execute $sql$select jsonb_build_object('active_job_id', max(to_jsonb(s) ->> 'active_job_id'),
      'written_at', max((to_jsonb(s) ->> 'updated_at')::timestamptz)) from public.job_queue_state_v1 s$sql$ into first;
  end if;
  if to_regclass('public.job_queue_log_v1') is not null then
    execute $sql$select jsonb_build_object('written_at', max((to_jsonb(l) ->> 'created_at')::timestamptz))
      from public.job_queue_log_v1 l$sql$ into seen;
    first := coalesce(first, '{"active_job_id": null}') || jsonb_build_object('written_at', greatest(
      (first ->> 'written_at')::timestamptz, (seen ->> 'written_at')::timestamptz));
  end if;
  if first is not null then
    first := first || jsonb_build_object('written_at',
      case when (first ->> 'written_at')::timestamptz > activated
        then (extract(epoch from (first ->> 'written_at')::timestamptz) * 1000000)::bigint end);
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if found then
    execute format($sql$
      select jsonb_build_object('old', count(*) filter (where u.queued_at <= $1 or u.queued_at is null),
                                'new', count(*) filter (where u.queued_at > $1))
        from (select t.%2$I as queued_at from public.jobs t
               where t.%3$I is not null and not exists (
                 select from public.job_queue_log l
                  where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
               limit 1000) u
      $sql$, target.key_column, of_jobs ->> 'queued_at', of_jobs ->> 'blocked_by_job_id') into unknown_rows using activated;
  end if;
  begin
    replication := jsonb_build_object('names', current_setting('synchronous_standby_names'),
      'sees_all', pg_has_role(current_user, 'pg_read_all_stats', 'usage'),
      'waiting', (select count(*) from pg_stat_activity a where a.wait_event = 'SyncRep'),
      'oldest_wait_ms', (select max((extract(epoch from clock_timestamp() - a.state_change) * 1000)::bigint)
        from pg_stat_activity a where a.wait_event = 'SyncRep'),
      'standbys', (select coalesce(jsonb_agg(jsonb_build_object('name', r.application_name, 'state', r.state, 'sync', r.sync_state,
          'lag_bytes', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_flush_lsn(), r.flush_lsn)::bigint end,
          'lag_ms', (extract(epoch from r.flush_lag) * 1000)::bigint) order by r.application_name, r.pid), '[]')
        from pg_stat_replication r));
  exception when others then
    -- Servers that replicate in a way of their own have no such places in the log (Aurora).
    replication := null;
  end;
  return jsonb_build_object(
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    -- Hidden from an owner without pg_read_all_stats, if the session is another role's.
    'session_age_ms', coalesce((select (extract(epoch from clock_timestamp() - a.backend_start) * 1000)::bigint
                         from pg_stat_activity a where a.pid = pg_backend_pid()), 0),
    'server', jsonb_build_object('version', current_setting('server_version_num')::int,
      'synchronous_commit', current_setting('synchronous_commit'), 'fsync', current_setting('fsync'),
      'full_page_writes', current_setting('full_page_writes'), 'in_recovery', pg_is_in_recovery(),
      'off_by_role', (select coalesce(jsonb_agg(distinct coalesce(r.rolname::text, 'every role')), '[]')
        from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
       where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
         and s.setconfig && array['synchronous_commit=off', 'synchronous_commit=local'])),
    'replication', replication,
    'functions', (select coalesce(jsonb_agg(jsonb_build_object('name', p.proname, 'definer', p.prosecdef,
        'sum', encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) order by p.proname), '[]')
      from pg_proc p where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%'),
    'realtime', to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null,
    'xmin', (select to_jsonb(x) from (
      select 'backend' as kind, a.application_name as application, a.state, a.usename as role,
             (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::bigint as age_ms
        from pg_stat_activity a
       where a.pid <> pg_backend_pid() and a.backend_xmin is not null and a.xact_start is not null
         and (a.datname = current_database() or a.backend_type <> 'client backend')
      union all
      select 'prepared', p.gid, 'prepared', p.owner, (extract(epoch from clock_timestamp() - p.prepared) * 1000)::bigint
        from pg_prepared_xacts p where p.database = current_database()
      order by 5 desc limit 1) x),
    'triggers', (select coalesce(jsonb_agg(jsonb_build_object('table', t.tgrelid::regclass::text, 'name', t.tgname,
        'enabled', t.tgenabled in ('O', 'A')) order by t.tgrelid::regclass::text, t.tgname), '[]')
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal and t.tgname ~ '^(000_)?job_queue_' and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)),
    'account', interlock.job_queue_account(),
    'tables', (select jsonb_object_agg(n.name, jsonb_build_object('exists', to_regclass('public.' || n.name) is not null and not exists (
          -- Another installation's.
          select from pg_trigger g join pg_proc p on p.oid = g.tgfoid
           where g.tgrelid = to_regclass('public.' || n.name) and g.tgname = '000_job_queue_guard_update'
             and p.pronamespace not in ('public'::regnamespace, 'interlock'::regnamespace)),
        'followed', exists (select from interlock.job_queue_targets() f where f.target = n.name),
        'missing', case when to_regclass('public.' || n.name) is null then '[]'::jsonb else (
          select coalesce(jsonb_agg(w.what), '[]') from (
            select 'a table of this name: it is something else' as what
             where not exists (select from pg_class t where t.oid = to_regclass('public.' || n.name) and t.relkind in ('r', 'p'))
            union all
            select 'a key ' || array_to_string(n.keys, ' or ') || ' of type text, varchar or uuid'
                || coalesce((select format(' (%s could be it)', u.attname) from pg_index i
                     join pg_attribute u on u.attrelid = i.indrelid and u.attnum = i.indkey[0]
                    where i.indrelid = to_regclass('public.' || n.name) and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
                      and u.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
                    order by i.indisprimary desc, u.attnum limit 1), '')
             where not exists (select from pg_attribute a
               where a.attrelid = to_regclass('public.' || n.name) and a.attname = any (n.keys) and not a.attisdropped
                 and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype))
            union all
            select 'the column ' || (n.names ->> c) from unnest(n.columns) as c
             where not exists (select from pg_attribute a
               where a.attrelid = to_regclass('public.' || n.name) and a.attname = n.names ->> c and not a.attisdropped)
            union all
            select 'the right to ' || r || ' for ' || current_user from unnest(array['SELECT', 'UPDATE']) as r
             where not has_table_privilege(to_regclass('public.' || n.name), r)) w) end))
      from (values
        ('jobs', of_jobs, array[of_jobs ->> 'job_id'], array['status', 'model', 'required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority']),
        ('workflow_executions', of_runs,
          case when of_runs ? 'execution_id' then array[of_runs ->> 'execution_id'] else array['execution_id', 'id'] end, array['required_models', 'blocked_by_job_id', 'conflict_reason']))
        as n (name, names, keys, columns)),
    'grants', jsonb_build_object('caller', caller,
      'missing', (select coalesce(jsonb_agg(m.what order by m.what), '[]') from (
        select 'EXECUTE ON FUNCTION ' || p.proname as what from pg_proc p
         where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%' and p.prorettype <> 'trigger'::regtype
           and not has_function_privilege(caller, p.oid, 'EXECUTE')
        union all
        select 'SELECT ON TABLE ' || c.relname from pg_class c
         where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relkind = 'r'
           and c.relname = any (string_to_array('job_queue_log,job_queue_state,job_queue_jobs,job_queue_not_taken_in,job_queue_set_aside,job_queue_migrations,job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles', ','))
           and not has_table_privilege(caller, c.oid, 'SELECT')) m),
      'open', (select coalesce(jsonb_agg(distinct o.who || ': ' || o.what), '[]') from (
        select coalesce(r.rolname::text, 'PUBLIC') as who, p.proname::text as what
          from pg_proc p, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x left join pg_roles r on r.oid = x.grantee
         where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%'
           and (x.grantee = 0 or r.rolname in ('anon', 'authenticated'))
           -- The functions that users may be granted, to see where their own jobs stand (job_queue_explain).
           and not (x.grantee <> 0 and r.rolname = 'authenticated' and p.proname in ('job_queue_explain', 'job_queue_own_rows', 'job_queue_user_path'))
        union all
        select coalesce(r.rolname::text, 'PUBLIC'), c.relname::text
          from pg_class c, lateral aclexplode(c.relacl) x left join pg_roles r on r.oid = x.grantee
         where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relkind = 'r'
           and c.relname = any (string_to_array('job_queue_log,job_queue_state,job_queue_jobs,job_queue_not_taken_in,job_queue_set_aside,job_queue_migrations,job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles', ','))
           and (x.grantee = 0 or r.rolname in ('anon', 'authenticated'))) o)),
    'set_aside', (select coalesce(jsonb_agg(to_jsonb(s) order by s.rows desc), '[]') from (
      select a.target, a.sqlstate, count(*) as rows, max(a.tries) as tries, min(a.job_id) as example,
             (extract(epoch from clock_timestamp() - min(a.since)) * 1000)::bigint as age_ms
        from public.job_queue_set_aside a where a.queue = $1 group by 1, 2) s),
    'not_taken_in', (select jsonb_build_object('rows', count(*), 'job_id', (array_agg(left(n.job_id, 200) order by n.id desc))[1],
        'reason', (array_agg(n.reason order by n.id desc))[1]) from public.job_queue_not_taken_in n
       where n.queue = $1
         and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = n.job_id)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = n.job_id)),
    'arrivals', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(a.arrived_at)) * 1000)::bigint)
      from interlock.job_queue_arrivals a where a.queue = $1 or a.queue is null),
    'inbox', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(o.at)) * 1000)::bigint)
      from (select i.created_at as at from interlock.job_queue_inbox i where i.queue = $1 and i.answered_at is null
            union all select s.submitted_at from interlock.job_queue_submissions s where s.queue = $1 and s.code is null) o),
    'behind', jsonb_build_object('events', coalesce(head.version - head.projected_seq, 0),
      'age_ms', (select (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint
                   from public.job_queue_log l where l.queue = $1 and l.seq = head.projected_seq + 1)),
    'log', jsonb_build_object(
      'bytes', pg_total_relation_size('public.job_queue_log'), 'archive_bytes', pg_total_relation_size('interlock.job_queue_log_archive'),
      'events', (select coalesce(sum(h.version - h.archived_seq), 0) from interlock.job_queue_heads h),
      'own', coalesce(head.version - head.archived_seq, 0),
      'oldest_at', (select (extract(epoch from l.created_at) * 1000000)::bigint
                      from public.job_queue_log l where l.queue = $1 and l.seq = head.archived_seq + 1),
      'week', (select jsonb_build_object('events', head.version - l.seq + 1,
                 'age_ms', (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint)
                 from public.job_queue_log l
                where l.created_at > clock_timestamp() - interval '7 days' and l.queue = $1
                order by l.created_at limit 1)),
    'unknown_rows', unknown_rows,
    'first', first,
    -- Who has locked the row of an attempt is in its xmax. An append that has is over in milliseconds.
    'ends', (select coalesce(to_jsonb(array_agg(to_jsonb(e))), '[]') from (
      select j.job_id, s.pid, s.name, s.role, (extract(epoch from clock_timestamp() - s.since) * 1000)::bigint as age_ms
        from (
          select a.backend_xid as xid, a.pid, a.application_name as name, a.usename as role, coalesce(a.state_change, a.xact_start) as since
            from pg_stat_activity a where a.backend_xid is not null and a.datname = current_database()
          union all
          select p.transaction, null, p.gid, p.owner, p.prepared from pg_prepared_xacts p where p.database = current_database()) s
        join public.job_queue_jobs j on j.queue = $1 and j.state = 'active' and j.xmax = s.xid
       where s.since < clock_timestamp() - interval '2 seconds'
       order by s.since limit 100) e),
    'foreign_writes', (select coalesce(jsonb_agg(jsonb_build_object('pid', a.pid, 'role', a.usename, 'application', a.application_name)), '[]')
      from pg_stat_activity a
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and a.query ~* E'(insert\\s+into|update|delete\\s+from)\\s+("?public"?\\.)?"?job_queue_(state|log)(_v1)?\\M'));
end
$$;

create or replace function public.job_queue_backlog(queue text) returns jsonb
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
begin
  select h.version, h.projected_seq into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return jsonb_build_object(
    'behind', case when exists (select from interlock.job_queue_targets()) then
      jsonb_build_object('events', coalesce(head.version - head.projected_seq, 0),
        'age_ms', (select (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint
                     from public.job_queue_log l where l.queue = $1 and l.seq = head.projected_seq + 1)) end,
    'arrivals', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.arrived_at)) * 1000)::bigint)
      from (select a.arrived_at from interlock.job_queue_arrivals a
             where a.queue = $1 or a.queue is null order by a.id limit 1000) s),
    'inbox', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.at)) * 1000)::bigint)
      from ((select i.created_at as at from interlock.job_queue_inbox i
              where i.queue = $1 and i.answered_at is null order by i.created_at limit 1000)
            union all
            (select j.submitted_at from interlock.job_queue_submissions j where j.queue = $1 and j.code is null order by j.id limit 1000)
            limit 1000) s),
    'submitted', (
      with open as materialized (
        select i.request_id, i.created_at, sum(pg_column_size(i.command)) over (order by i.created_at, i.request_id) as bytes
          from interlock.job_queue_inbox i
         where i.queue = $1 and i.answered_at is null and i.command ->> 'type' in ('enqueue', 'start') order by i.created_at, i.request_id limit 1000),
      given as (
        (select s.job_id, coalesce(s.code, 'undecided') as code, s.submitted_at as at, s.reason, 0 as way
           from interlock.job_queue_submissions s where s.queue = $1 order by s.id limit 10000)
        union all
        (select coalesce(j.job ->> 'job_id', j.job ->> 'jobId'), 'undecided', o.created_at, null, 0
           from open o
           join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = o.request_id
           cross join lateral jsonb_array_elements(case when jsonb_typeof(i.command -> 'jobs') = 'array' then i.command -> 'jobs'
             else jsonb_build_array(i.command -> 'job') end) j (job)
          where o.bytes <= 8388608 limit 10000)
        union all
        (select coalesce(left(a.job_id, 200), '#' || a.id), 'arrived', a.arrived_at, null, 1
           from interlock.job_queue_arrivals a where a.queue = $1 or a.queue is null order by a.id limit 10000)),
      each as (
        -- The newest command counts, then the row: as explain looks for them. What is live is told of by the log.
        select distinct on (g.job_id) g.* from given g
         where not exists (select from public.job_queue_jobs l where l.queue = $1 and l.job_id = g.job_id)
         order by g.job_id, g.way, g.at desc)
      select coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'jobs', c.jobs, 'job_id', c.job_id,
               'at', (extract(epoch from c.at) * 1000000)::bigint, 'message', c.reason) order by c.code), '[]')
        from (select e.code, count(*) as jobs, (array_agg(e.job_id order by e.at, e.job_id))[1] as job_id, min(e.at) as at,
                     (array_agg(e.reason order by e.at, e.job_id))[1] as reason
                from each e group by e.code) c),
    'ending', public.job_queue_committed_ends($1));
end
$$;

create or replace function public.job_queue_submitted(queue text, lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  answer jsonb;
begin
  if lim between 0 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_submitted takes a limit of 0..1,000';
  end if;
  with open as materialized (
    select i.request_id, i.created_at, pg_column_size(i.command) as size from interlock.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null order by i.created_at limit 10001),
  -- Commands may be large: those that are read have 64 MB in all.
  first as materialized (
    select o.request_id, o.created_at from (
      select o.*, sum(o.size) over (order by o.created_at, o.request_id) as bytes, row_number() over (order by o.created_at, o.request_id) as n
        from open o) o
     where o.n <= lim and o.bytes <= 67108864),
  waiting as (
    select coalesce(j.job ->> 'job_id', j.job ->> 'jobId') as job_id, f.created_at as at, f.request_id, j.n
      from first f
      join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = f.request_id and i.command ->> 'type' in ('enqueue', 'start')
      cross join lateral (
        select e.job, e.n from jsonb_array_elements(case when jsonb_typeof(i.command -> 'jobs') = 'array' then i.command -> 'jobs'
          else jsonb_build_array(i.command -> 'job') end) with ordinality as e (job, n) limit lim) j),
  -- Jobs of their own, in the order in which they were submitted.
  submitted as materialized (
    select s.id, s.job_id, s.submitted_at as at, s.request_id, s.code, s.reason from interlock.job_queue_submissions s
     where s.queue = $1 order by s.id limit 10001),
  arrived as materialized (
    select a.id, a.job_id, a.arrived_at from interlock.job_queue_arrivals a
     where a.queue = $1 or a.queue is null order by a.id limit 10001),
  no as materialized (
    select r.request_id, r.answered_at, r.answer from (
      select n.*, sum(n.size) over (order by n.answered_at desc, n.request_id) as bytes from (
        select i.request_id, i.answered_at, i.answer, pg_column_size(i.command) as size from interlock.job_queue_inbox i
         where i.queue = $1 and i.answered_at is not null and i.answer @> '{"ok": false}' and i.command @> '{"type": "enqueue"}'
         order by i.answered_at desc limit 1000) n) r
     where r.bytes <= 67108864),
  refused as materialized (
    select j.job_id, r.answered_at as at, r.request_id, r.answer, j.n
      from no r
      join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = r.request_id
      cross join lateral (
        select coalesce(e.job ->> 'job_id', e.job ->> 'jobId') as job_id, e.n
          from jsonb_array_elements(i.command -> 'jobs') with ordinality as e (job, n) limit greatest(lim, 1)) j
     where not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.job_id = j.job_id and l.event_type = 'queued' and l.created_at > r.answered_at)),
  wrong as materialized (
    select n.job_id, n.refused_at as at, n.reason from public.job_queue_not_taken_in n
     where n.queue = $1
       and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = n.job_id)
       and not exists (select from interlock.job_queue_arrivals a where a.job_id = n.job_id)
     order by n.id desc)
  select jsonb_build_object(
    'undecided', jsonb_build_object('commands', (select count(*) from open) + (select count(distinct u.request_id) from submitted u),
      'rows', (select count(*) from arrived),
      'oldest_at', (extract(epoch from least((select min(o.created_at) from open o), (select min(u.at) from submitted u),
        (select min(a.arrived_at) from arrived a))) * 1000000)::bigint),
    'refused', jsonb_build_object('commands', (select count(distinct r.request_id) from refused r), 'rows', (select count(*) from wrong)),
    'jobs', (
      select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', s.job_id, 'state', s.state, 'code', s.code,
               'at', (extract(epoch from s.at) * 1000000)::bigint, 'request_id', s.request_id, 'message', s.message)
               order by s.state desc, case s.state when 'submitted' then s.at end, s.at desc, s.n)), '[]')
        from ((select w.job_id, 'submitted' as state, 'undecided' as code, w.at, w.request_id, null as message, w.n from waiting w
                order by w.at, w.n limit lim)
              union all
              (select u.job_id, 'submitted', coalesce(u.code, 'undecided'), u.at, u.request_id, u.reason, u.id from submitted u order by u.id limit lim)
              union all
              (select a.job_id, 'submitted', 'arrived', a.arrived_at, null, null, a.id from arrived a order by a.id limit lim)
              union all
              (select r.job_id, 'refused', r.answer ->> 'code', r.at, r.request_id, r.answer ->> 'message', r.n from refused r
                order by r.at desc, r.n limit lim)
              union all
              (select w.job_id, 'refused', 'not_taken_in', w.at, null, w.reason, 0 from wrong w order by w.at desc limit lim)) s))
    into answer;
  return answer;
end
$$;

create or replace function interlock.job_queue_targets()
returns table (target text, key_column text, key_type text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  of_jobs jsonb := interlock.job_queue_columns('jobs');
  of_runs jsonb := interlock.job_queue_columns('workflow_executions');
begin
  return query
  select distinct on (t.name) t.name, a.attname::text, format_type(a.atttypid, null)
    from (values
      ('jobs', to_regclass('public.jobs'), array[of_jobs ->> 'job_id'],
        array[of_jobs ->> 'required_models', of_jobs ->> 'blocked_by_job_id', of_jobs ->> 'conflict_reason',
          of_jobs ->> 'queued_at', of_jobs ->> 'priority']),
      ('workflow_executions', to_regclass('public.workflow_executions'),
        case when of_runs ? 'execution_id' then array[of_runs ->> 'execution_id'] else array['execution_id', 'id'] end,
        array[of_runs ->> 'required_models', of_runs ->> 'blocked_by_job_id', of_runs ->> 'conflict_reason'])) as t (name, id, keys, columns)
    join pg_class c on c.oid = t.id and c.relkind in ('r', 'p')
    join pg_attribute a on a.attrelid = t.id and a.attname = any (t.keys::name[]) and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
   where has_table_privilege(t.id, 'SELECT') and has_table_privilege(t.id, 'UPDATE')
     and (select count(*) from pg_attribute k
           where k.attrelid = t.id and k.attname = any (t.columns::name[]) and not k.attisdropped) = cardinality(t.columns)
     and not exists (
       select from pg_trigger g join pg_proc p on p.oid = g.tgfoid
        where g.tgrelid = t.id and g.tgname = '000_job_queue_guard_update'
          and p.pronamespace not in ('public'::regnamespace, 'interlock'::regnamespace))
   order by t.name, array_position(t.keys, a.attname::text);
end
$$;

create or replace function interlock.job_queue_columns(target text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return ('{"jobs":{"job_id":"job_id","status":"status","model":"model","kind":"kind","job_type":"job_type","user_id":"user_id","traceparent":"traceparent","tracestate":"tracestate","created_at":"created_at","required_models":"required_models","blocked_by_job_id":"blocked_by_job_id","conflict_reason":"conflict_reason","queued_at":"queued_at","priority":"priority"},"workflow_executions":{"required_models":"required_models","blocked_by_job_id":"blocked_by_job_id","conflict_reason":"conflict_reason"}}'::jsonb -> target)
    || coalesce((select s.value -> target from interlock.job_queue_settings s where s.key = 'columns'), '{}');
end
$$;

create or replace function interlock.job_queue_status(state text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((select s.value ->> state from interlock.job_queue_settings s where s.key = 'statuses'), state);
end
$$;

create or replace function interlock.job_queue_dated() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = interlock.job_queue_columns('jobs') ->> 'queued_at'
       and a.atthasdef and not a.attisdropped);
end
$$;

create or replace function public.job_queue_user_path() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return concat_ws(', ', nullif(coalesce((
    select substr(c.entry, length('search_path=') + 1)
      from pg_db_role_setting s
      cross join lateral unnest(s.setconfig) as c (entry)
     where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
       and s.setrole in (0, current_user::regrole) and c.entry like E'search\\_path=%'
     order by s.setrole = 0, s.setdatabase = 0 limit 1), '"$user", public'), ''), 'pg_temp');
end
$$;

create or replace function interlock.job_queue_hidden(target text, command "char") returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  there oid := to_regclass('public.' || target);
begin
  if there is null or not row_security_active(there) then
    return false;
  end if;
  return coalesce((
    select bool_or(not p.polpermissive) or not bool_or(p.polpermissive and pg_get_expr(p.polqual, there) = 'true'
             and coalesce(pg_get_expr(p.polwithcheck, there), 'true') = 'true')
      from pg_policy p
     where p.polrelid = there and p.polcmd in ('*', command)
       and exists (select from unnest(p.polroles) as r (id) where r.id = 0 or pg_has_role(current_user, r.id, 'USAGE'))), true);
end
$$;

create or replace function interlock.job_queue_account() returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  found_items jsonb := '[]';
  target record;
  item record;
  names jsonb;
begin
  for target in select t.*, to_regclass('public.' || t.target) as id from interlock.job_queue_targets() t loop
    names := interlock.job_queue_columns(target.target);
    if interlock.job_queue_hidden(target.target, 'r') or interlock.job_queue_hidden(target.target, 'w') then
      found_items := found_items || jsonb_build_object('check', 'hidden', 'level', 'problem',
        'what', format('row level security of %s holds for %s, the role that Interlock runs as: rows that it hides are not taken in, and do not follow their jobs',
          target.target, current_user),
        'remedy', format('as the owner of the table: CREATE POLICY job_queue_owner ON public.%I TO %I USING (true) WITH CHECK (true); where there are restrictive policies: ALTER ROLE %3$I BYPASSRLS;',
          target.target, current_user, current_user));
    end if;
    for item in
      select n.key as name, a.attname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) as filled
        from jsonb_each_text(names) n
        join pg_attribute a on a.attrelid = target.id and a.attname = n.value and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where n.key in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority')
         and (d.adbin is not null or a.attnotnull)
       order by a.attnum
    loop
      if item.attnotnull and item.name in ('blocked_by_job_id', 'conflict_reason') then
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'problem',
          'what', format('%s.%s may not be null: Interlock writes null where no job blocks, so rows do not follow their jobs', target.target, item.attname),
          'remedy', format('ALTER TABLE public.%I ALTER COLUMN %I DROP NOT NULL, ALTER COLUMN %2$I DROP DEFAULT;', target.target, item.attname));
      elsif item.filled is null then
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'problem',
          'what', format('%s.%s may not be null and has no default: anon and authenticated can insert no rows, since they may not write it', target.target, item.attname),
          'remedy', format('ALTER TABLE public.%I ALTER COLUMN %I DROP NOT NULL;', target.target, item.attname));
      else
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'note',
          'what', format('%s.%s has the default %s: %s', target.target, item.attname, item.filled, case item.name
            when 'priority' then 'a row that comes without one is queued with it'
            when 'queued_at' then 'rows that arrive as pending are taken in whatever it says, unless the log knows their job'
            when 'required_models' then 'a row that comes without them needs these models'
            else 'it stands there until the job is queued' end),
          'remedy', format('if that is not meant: ALTER TABLE public.%I ALTER COLUMN %I DROP DEFAULT;', target.target, item.attname));
      end if;
    end loop;
    if not exists (
      select from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indrelid = target.id and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
         and a.attname = target.key_column) then
      found_items := found_items || jsonb_build_object('check', 'key', 'level', 'note',
        'what', format('%s.%s is not unique by itself: of several rows with one id, those that browsers add belong to no job', target.target, target.key_column),
        'remedy', format('give each row an id of its own; a unique index that holds it for the whole table, where there can be one, is: CREATE UNIQUE INDEX ON public.%I (%I);',
          target.target, target.key_column));
    end if;
    continue when target.target <> 'jobs';
    for item in select * from interlock.job_queue_refused_words() loop
      found_items := found_items || jsonb_build_object('check', 'words', 'level', 'problem',
        'what', format('jobs.%s does not take %s (%s): rows of such jobs do not follow', names ->> 'status',
          array_to_string(item.words, ', '), item.because),
        'remedy', format('allow them, or name yours: npx interlock-queue migrate %s', (
          select string_agg(format('--status %s=<yours>', s), ' ') from unnest(item.states) as s)));
    end loop;
  end loop;
  for item in
    select s.*, to_regclass('public.' || s.target) is null as is_alone from interlock.job_queue_shadowing() s
  loop
    found_items := found_items || jsonb_build_object('check', 'schema', 'level', 'problem',
      'what', format('the search path of %s leads to %I.%I, and Interlock follows the tables of schema public alone: %s', item.path_of,
        item.schema, item.target, case item.target when 'jobs' then 'its rows do not become jobs' else 'its rows do not follow' end),
      'remedy', case when item.is_alone
        then format('if they should: ALTER TABLE %I.%I SET SCHEMA public; then npx interlock-queue migrate --follow %2$I', item.schema, item.target)
        else format('name public.%s in your statements, or put public before %I in that search path', item.target, item.schema) end);
  end loop;
  return found_items;
end
$$;

create or replace function interlock.job_queue_refused_words() returns table (states text[], words text[], because text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  status record;
  hurdle record;
  state text;
  taken boolean;
begin
  select a.attname, a.attnum, format_type(a.atttypid, a.atttypmod) as type into status
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = interlock.job_queue_columns('jobs') ->> 'status' and not a.attisdropped;
  if not found then
    return;
  end if;
  for hurdle in
    select 0 as place, 'its type is ' || status.type as name, 'true' as test
    union all
    (select 1, 'CHECK ' || c.conname, pg_get_expr(c.conbin, c.conrelid)
       from pg_constraint c
      where c.conrelid = to_regclass('public.jobs') and c.contype = 'c' and c.conkey = array[status.attnum] order by c.conname)
     order by 1
  loop
    states := '{}';
    words := '{}';
    foreach state in array array['pending', 'running', 'completed', 'failed', 'cancelled', 'expired'] loop
      begin
        -- A type that is too short cuts the word instead of refusing it.
        execute format('select (%s) is not false and jobs.%I::text = %L from (select %3$L::%4$s as %2$I) as jobs',
          hurdle.test, status.attname, interlock.job_queue_status(state), status.type) into taken;
      exception
        when invalid_text_representation or check_violation or string_data_right_truncation then
          taken := hurdle.place > 0;
        when others then
          -- A word that cannot be tried here is found out when a row is written.
          taken := true;
      end;
      if not taken then
        states := states || state;
        words := words || interlock.job_queue_status(state);
      end if;
    end loop;
    if cardinality(states) > 0 then
      because := hurdle.name;
      return next;
    end if;
  end loop;
end
$$;

create or replace function interlock.job_queue_shadowing() returns table (target text, schema text, path_of text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  with paths as (
    select 1 as rank, 'this connection' as path_of, session_user as role, p.reset_val as path
      from pg_settings p where p.name = 'search_path'
    union all
    select case s.setrole when 0 then 2 else 3 end,
           case s.setrole when 0 then 'this database' else 'role ' || pg_get_userbyid(s.setrole) end,
           case s.setrole when 0 then session_user else pg_get_userbyid(s.setrole) end, substr(c.entry, length('search_path=') + 1)
      from pg_db_role_setting s
      cross join lateral unnest(s.setconfig) as c (entry)
     where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
       and c.entry like E'search\\_path=%'),
  named as (
    select p.rank, p.path_of, w.place,
           case when w.part[1] = '$user' then p.role::text else coalesce(replace(w.part[1], '""', '"'), lower(w.part[2])) end as schema
      from paths p
      cross join lateral regexp_matches(p.path, E'"((?:[^"]|"")*)"|([^",\\s]+)', 'g') with ordinality as w (part, place)),
  -- Per path, the first schema that has such a table.
  first as (
    select distinct on (t.target, n.path_of) t.target, n.rank, n.path_of, n.schema
      from (values ('jobs'), ('workflow_executions')) as t (target)
      cross join named n
     where exists (
       select from pg_class c join pg_namespace s on s.oid = c.relnamespace
        -- A view in front of public.jobs leads there again.
        where s.nspname = n.schema and c.relname = t.target and c.relkind in ('r', 'p', 'f'))
     order by t.target, n.path_of, n.place)
  select distinct on (f.target, f.schema) f.target, f.schema, f.path_of
    from first f where f.schema <> 'public'
   order by f.target, f.schema, f.rank, f.path_of;
end
$$;

create or replace function interlock.job_queue_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
  pending text;
  dated boolean;
begin
  -- What may fail (a column that was dropped since) is read only in the inner block. So the block takes no transaction id, and
  -- 10,000 single inserts in one transaction stay cheap.
  begin
    pending := interlock.job_queue_status('pending');
    if tg_nargs = 0 then
      select array_agg(left(a.job_id::text, 300)) filter (where a.queued_at is null), count(a.queued_at) > 0 into ids, dated
        from arrived a where a.status::text = pending;
    else
      execute format('select array_agg(left(a.%1$I::text, 300)) filter (where a.%2$I is null), count(a.%2$I) > 0
        from arrived a where a.%3$I::text = $1', variadic tg_argv) into ids, dated using pending;
    end if;
    if dated and interlock.job_queue_dated() then
      execute format('select array_agg(left(a.%1$I::text, 300)) from arrived a
        where a.%2$I::text = $1 and (a.%3$I is null or not interlock.job_queue_known(a.%1$I::text))',
        coalesce(tg_argv[0], 'job_id'), coalesce(tg_argv[2], 'status'), coalesce(tg_argv[1], 'queued_at')) into ids using pending;
    end if;
  exception when others then
    raise warning 'Interlock takes nothing in from %: %', tg_table_name, sqlerrm
      using hint = 'Run `npx interlock-queue migrate`, or drop the trigger job_queue_intake.';
  end;
  if ids is null or to_regclass('interlock.job_queue_arrivals') is null then
    return null;
  end if;
  insert into interlock.job_queue_arrivals (job_id) select unnest(ids);
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return null;
end
$$;

create or replace function public.job_queue_claim_arrivals(queue text, lim integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  claimed bigint[];
  unseen bigint[] := '{}';
  kept bigint[];
  found_rows jsonb;
begin
  if length(queue) between 1 and 200 is not true or lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_claim_arrivals takes a queue and a limit of 1..1,000';
  end if;
  -- A crash loses only the claim.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  -- Locks the user's table before the arrivals, as a DELETE of its rows does: a TRUNCATE waits for arrivals that are locked here.
  if exists (select from pg_class c where c.oid = to_regclass('public.jobs') and c.relkind in ('r', 'p')) then
    lock table public.jobs in access share mode;
  end if;
  -- One caller after the other. The SELECT below would otherwise lock, until the end of this transaction, what another one has claimed
  -- meanwhile; and an append leaves out what is locked, which would then wait for the end of its claim.
  perform pg_advisory_xact_lock(hashtextextended('interlock.intake', 0));
  loop
    with free as (
      select a.id from interlock.job_queue_arrivals a
       where (a.queue is null or a.queue = $1 or interlock.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
         and coalesce(a.claimed_until < clock_timestamp(), true)
       order by a.id limit $2 for update skip locked),
    taken as (
      update interlock.job_queue_arrivals a
         set queue = $1, claimed_until = clock_timestamp() + interval '5 seconds'
       where a.id = any (array(select id from free))
      returning a.id)
    select array_agg(t.id) into claimed from taken t;
    exit when claimed is null;
    found_rows := interlock.job_queue_arrived_rows(claimed);
    exit when found_rows is null;
    select array_agg((r ->> 'arrival_id')::bigint) into kept from jsonb_array_elements(found_rows) as r;
    delete from interlock.job_queue_arrivals a where a.id = any (claimed) and a.id <> all (coalesce(kept, '{}'));
    exit when not found_rows @> '[{"unseen": true}]';
    -- Rows that cannot be seen make room for those behind them.
    update interlock.job_queue_arrivals a set claimed_until = clock_timestamp() + interval '1 minute'
     where a.id in (select (r ->> 'arrival_id')::bigint from jsonb_array_elements(found_rows) as r where r ? 'unseen');
    unseen := unseen || kept;
    select coalesce(to_jsonb(array_agg(r order by n)), '[]') into found_rows
      from jsonb_array_elements(found_rows) with ordinality as e (r, n) where not r ? 'unseen';
    exit when found_rows <> '[]' or cardinality(unseen) >= 10000;
  end loop;
  if cardinality(unseen) > 0 and coalesce(found_rows, '[]') = '[]' then
    raise exception using errcode = 'JQ112',
      message = format('%s rows of jobs have arrived that %s, the role that Interlock runs as, cannot see: row level security hides them',
        cardinality(unseen), current_user),
      hint = format('As the owner of the table: CREATE POLICY job_queue_owner ON public.jobs TO %I USING (true) WITH CHECK (true);', current_user);
  end if;
  if found_rows is null and not exists (
    select from pg_trigger t join pg_proc p on p.oid = t.tgfoid and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)
     where t.tgrelid = to_regclass('public.jobs') and t.tgname = 'job_queue_intake') then
    raise exception using errcode = 'JQ113', message = case when to_regclass('public.jobs') is null
      then 'there is no table public.jobs whose rows could be taken in' else 'Interlock does not follow the table public.jobs: none of its rows arrives' end;
  end if;
  return coalesce(found_rows, '[]');
end
$$;

create or replace function interlock.job_queue_arrived_rows(arrival_ids bigint[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  answer jsonb;
  hidden boolean := interlock.job_queue_hidden('jobs', 'r');
  rows refcursor;
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return null;
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open rows for execute format($sql$
    with a as materialized (
      select id, job_id from interlock.job_queue_arrivals where id = any ($1)),
    -- Look up the keys before any other condition: the index of rows that are not taken in would lead to all that wait.
    keyed as materialized (
      select t.%1$I as key, t.%4$I as queued_at, t.%5$I::text as status, %3$s as fields
        from public.jobs t
       where t.%1$I = any (array(select a.job_id::%2$s from a where length(a.job_id) <= 200))),
    r as (
      select k.key, k.fields from keyed k where (k.queued_at is null or $3) and k.status = $2)
    select coalesce(to_jsonb(array_agg(case when u.unseen then jsonb_build_object('arrival_id', a.id, 'unseen', true)
             else coalesce(r.fields, '{"models": [], "priority": null, "job_type": null, "kind": null, "fair_key": null, "dedupe_key": null, "dedupe_while": null}')
               || jsonb_build_object('arrival_id', a.id, 'job_id', a.job_id) end order by a.id)), '[]')
      from a
      left join r on r.key = a.job_id::%2$s
      cross join lateral (
        select $4 and length(a.job_id) <= 200 and not exists (select from keyed k where k.key = a.job_id::%2$s) is true as unseen) u
     where r.key is not null or a.job_id is null or length(a.job_id) > 200 or u.unseen
    $sql$, target.key_column, target.key_type, interlock.job_queue_row_fields(), names ->> 'queued_at', names ->> 'status')
    using arrival_ids, interlock.job_queue_status('pending'), interlock.job_queue_dated(), hidden;
  if hidden then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch rows into answer;
  close rows;
  return answer;
end
$$;

create or replace function interlock.job_queue_row_fields() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  fields jsonb;
begin
  select coalesce(jsonb_object_agg(n.key, format('t.%I', a.attname)), '{}') into fields
    from jsonb_each_text(interlock.job_queue_columns('jobs')) as n
    join pg_attribute a on a.attrelid = to_regclass('public.jobs') and a.attname = n.value and a.attnum > 0 and not a.attisdropped
   -- What a job requires may say only who may write the coordination columns. A column that was added since the last migration: not yet.
   where n.key <> 'requirements' or (a.atttypid = 'jsonb'::regtype and exists (
     select from pg_trigger t where t.tgrelid = a.attrelid and t.tgname = '000_job_queue_guard_update'
       and strpos(pg_get_triggerdef(t.oid), quote_literal(n.value)) > 0));
  return format($sql$
    jsonb_build_object('models', coalesce(
        case when array_ndims(%1$s) > 1 then '[[]]' when %1$s is not null then to_jsonb(array(select left(unnest(%1$s), 201) limit 101)) end,
        case when %2$s is not null then to_jsonb(array[left(%2$s::text, 201)]) end, '[]'),
      'priority', %3$s, 'job_type', left(%4$s::text, 201), 'kind', left(%5$s::text, 201), 'fair_key', left(%6$s::text, 201), 'dedupe_key', left(%7$s::text, 201), 'dedupe_while', left(%8$s::text, 201),
      'requirements', case when length(%9$s::text) > 40000 then '0' else %9$s end)
    $sql$, coalesce(fields ->> 'required_models', 'null::text[]'), coalesce(fields ->> 'model', 'null'),
    coalesce(fields ->> 'priority', 'null'), coalesce(fields ->> 'job_type', 'null'), coalesce(fields ->> 'kind', 'null'),
    coalesce(fields ->> 'user_id', 'null'), coalesce(fields ->> 'dedupe_key', 'null'), coalesce(fields ->> 'dedupe_while', 'null'),
    coalesce(fields ->> 'requirements', 'null::jsonb'));
end
$$;

create or replace function interlock.job_queue_given_up(queue text, claimed_until timestamptz, job_id text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select $2 < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from interlock.job_queue_workers w where w.queue = $1 and not w.dead and w.expires_at > clock_timestamp())
     and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = $3)
     and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $3)
$$;

create or replace function public.job_queue_taken(queue text, arrival_ids bigint[], refused jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  gone integer;
  reasons bigint[] := '{}';
  known bigint[];
  locked text[] := '{}';
begin
  -- What a crash takes is offered again, and the append finds it in the log.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if jsonb_array_length(refused) > 0 then
    reasons := array(
      select a.id from interlock.job_queue_arrivals a
       where a.queue = $1 and a.id = any (array(select (r ->> 'arrival_id')::bigint from jsonb_array_elements(refused) as r))
         for update skip locked);
    insert into public.job_queue_not_taken_in (id, queue, job_id, reason, arrived_at)
    select a.id, $1, a.job_id, left(r.reason, 500), a.arrived_at
      from jsonb_to_recordset(refused) as r (arrival_id bigint, reason text)
      join interlock.job_queue_arrivals a on a.id = r.arrival_id and a.id = any (reasons)
    on conflict (id) do nothing;
    perform interlock.job_queue_say_not_taken_in($1, array_agg(a.job_id order by a.id), array_agg(r.reason order by a.id))
       from jsonb_to_recordset(refused) as r (arrival_id bigint, reason text)
       join interlock.job_queue_arrivals a on a.id = r.arrival_id and a.id = any (reasons) and length(a.job_id) <= 200;
    -- Keeps the newest 10,000. The rows of `jobs` behind the others are there: interlock adopt shows them.
    delete from public.job_queue_not_taken_in n
     where n.id < (select m.id from public.job_queue_not_taken_in m order by m.id desc offset 9999 limit 1);
  end if;
  -- Most are deleted already, by the append that put their job in line.
  known := array(
    select a.id from interlock.job_queue_arrivals a
     where a.queue = $1 and a.id = any ($2) and exists (
       select from public.job_queue_log l where l.queue = $1 and l.job_id = a.job_id)
       for update skip locked);
  if cardinality(known) > 0 then
    -- The log knew these before: an append takes the arrivals of its own jobs along.
    locked := interlock.job_queue_say_not_taken_in($1, array(
      select distinct a.job_id from interlock.job_queue_arrivals a where a.id = any (known) order by a.job_id),
      array['the queue knew a job with this id before this row; insert the row under another id']);
  end if;
  delete from interlock.job_queue_arrivals a
   where a.id = any (reasons) or (a.id = any (known) and a.job_id <> all (locked));
  get diagnostics gone = row_count;
  -- The append left these out because another transaction had them locked. They are free again at once, not only when the claim
  -- ends.
  update interlock.job_queue_arrivals a set claimed_until = clock_timestamp()
   where a.id = any (array(
     select b.id from interlock.job_queue_arrivals b
      where b.queue = $1 and b.id = any ($2) and b.id <> all (known) and b.claimed_until > clock_timestamp() for update skip locked));
  return gone;
end
$$;

create or replace function interlock.job_queue_say_not_taken_in(queue text, job_ids text[], reasons text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  statement text;
  rows refcursor;
  one text;
  place integer := 0;
  is_locked boolean;
  locked text[] := '{}';
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return locked;
  end if;
  statement := format($sql$
    with known as materialized (
      select t.%1$I as key from public.jobs t
       where t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4) and t.%5$I is distinct from $5
         and not (interlock.job_queue_linked($1, 'jobs', $2, t.%4$I)
           and exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $2))),
    free as materialized (
      select t.%1$I as key from public.jobs t where t.%1$I = any (array(select key from known)) for no key update skip locked),
    done as (
      update public.jobs t set %5$I = $5 from free
       where t.%1$I = free.key and t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4)
      returning 1)
    select exists (select from known) and not exists (select from done)
    $sql$, target.key_column, target.key_type, names ->> 'status', names ->> 'queued_at', names ->> 'conflict_reason');
  foreach one in array coalesce(job_ids, '{}') loop
    place := least(place + 1, cardinality(reasons));
    begin
      -- Tells the trigger job_queue_status_set that this is not a hand edit. The text is parsed with pinned names and runs under the
      -- user's own search path, where his triggers and CHECKs find what they name.
      perform set_config('interlock.projecting', 'on', true);
      open rows for execute statement using queue, one, interlock.job_queue_status('pending'), interlock.job_queue_dated(),
        'not taken in: ' || left(reasons[place], 500);
      perform set_config('search_path', public.job_queue_user_path(), true);
      fetch rows into is_locked;
      close rows;
      perform set_config('search_path', 'pg_catalog, pg_temp', true);
      perform set_config('interlock.projecting', '', true);
      if is_locked then
        locked := locked || one;
      end if;
    exception when others then
      null;
    end;
  end loop;
  return locked;
end
$$;

create or replace function interlock.job_queue_known(job_id text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  return exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = $1);
end
$$;

create or replace function public.job_queue_adoptable(states text[], job_ids text[], lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  chosen text[] := coalesce(states, array['pending', 'running']);
  made text;
  answer jsonb;
begin
  if lim between 1 and 10000 is not true or not chosen <@ array['pending', 'running'] then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_adoptable takes states of pending and running and a limit of 1..10,000';
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found or not exists (
    select from pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    return jsonb_build_object('totals', null, 'rows', '[]'::jsonb);
  end if;
  select coalesce(format('coalesce(t.%I, ', names ->> 'queued_at') || max(format('t.%I::timestamptz)', a.attname)) filter (
           where n.key = 'created_at' and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)),
           format('t.%I', names ->> 'queued_at'))
    into made
    from jsonb_each_text(names) as n
    join pg_attribute a on a.attrelid = to_regclass('public.jobs') and a.attname = n.value and a.attnum > 0 and not a.attisdropped;
  execute format($sql$
    with words as materialized (
      select s as state, interlock.job_queue_status(s) as word from unnest(array['pending', 'running']) as s),
    unknown as materialized (
      select t.%1$I as key, w.state, %3$s as since
        from public.jobs t join words w on w.word = t.%4$I::text
       where ($2 is null or t.%1$I::text = any ($2))
         and length(t.%1$I::text) > 0
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))),
    first as materialized (
      select u.* from unknown u where u.state = any ($1) order by u.since, u.key limit $3)
    select jsonb_build_object(
      'totals', (select jsonb_object_agg(w.state, (select count(*) from unknown u where u.state = w.state)) from words w),
      'rows', coalesce((
        select to_jsonb(array_agg(r.fields - '{fair_key,dedupe_key,dedupe_while,requirements}'::text[] || jsonb_build_object('job_id', left(f.key::text, 201), 'state', f.state,
                 'since', (extract(epoch from f.since) * 1000000)::bigint) order by f.since, f.key))
          from first f
          join lateral (select %2$s as fields from public.jobs t where t.%1$I = f.key limit 1) r on true), '[]'))
    $sql$, target.key_column, interlock.job_queue_row_fields(), made, names ->> 'status') into answer using chosen, job_ids, lim;
  return answer;
end
$$;

create or replace function public.job_queue_adopt(queue text, job_ids text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  status_type text;
  candidates text[] := job_ids;
  adopted jsonb;
  cleared text;
  rows refcursor;
begin
  if length(queue) between 1 and 200 is not true or cardinality(job_ids) between 0 and 10000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_adopt takes a queue and at most 10,000 ids';
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  select format_type(a.atttypid, a.atttypmod) into status_type
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped;
  if target is null or status_type is null then
    return '[]';
  end if;
  if target.key_type = 'uuid' then
    select array_agg(id order by n) into candidates from unnest(job_ids) with ordinality as u (id, n)
     where id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  -- Two of these at once would let a row arrive twice. The log would refuse the second one; the lock avoids that.
  perform pg_advisory_xact_lock(hashtextextended('interlock.adopt', 0));
  -- A column that is NOT NULL gets its default.
  select string_agg(format('%I = %s', a.attname, case when a.attnotnull then 'default' else 'null' end), ', ') into cleared
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and not a.attisdropped
     and a.attname in (names ->> 'queued_at', names ->> 'blocked_by_job_id', names ->> 'conflict_reason');
  -- Tells the trigger job_queue_status_set that this is not a hand edit.
  perform set_config('interlock.projecting', 'on', true);
  -- The text is parsed with pinned names and runs under the user's own search path, where his triggers and CHECKs find what they
  -- name.
  open rows for execute format($sql$
    with wanted as materialized (
      select u.id::%2$s as key, min(u.n) as n from unnest($1) with ordinality as u (id, n) group by 1),
    fit as materialized (
      select t.%1$I as key, w.n
        from wanted w join public.jobs t on t.%1$I = w.key
       where length(t.%1$I::text) between 1 and 200
         and t.%4$I::text in (interlock.job_queue_status('pending'), interlock.job_queue_status('running'))
         and not exists (
           select from public.job_queue_log l
            where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = left(t.%1$I::text, 300))
         for no key update of t),
    cleared as (
      update public.jobs t
         set %4$I = interlock.job_queue_status('pending')::%3$s, %5$s
        from fit f where t.%1$I = f.key
      returning t.%1$I as key),
    -- A trusted role has chosen these rows, so jobs are made from them no matter who wrote them. They speak for these jobs.
    noted as (
      update interlock.job_queue_unlinked u set late = false, queue = null, life = null
        from cleared c where u.target = 'jobs' and u.job_id = c.key::text),
    arrived as (
      insert into interlock.job_queue_arrivals (queue, job_id)
      select $2, f.key::text from fit f join cleared c on c.key = f.key order by f.n
      returning id, job_id)
    select coalesce(jsonb_agg(a.job_id order by a.id), '[]') from arrived a
    $sql$, target.key_column, target.key_type, status_type, names ->> 'status', cleared) using candidates, queue;
  perform set_config('search_path', public.job_queue_user_path(), true);
  fetch rows into adopted;
  close rows;
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('interlock.projecting', '', true);
  if adopted <> '[]' and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return adopted;
end
$$;

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

create or replace trigger job_queue_log_append_only
  before update or delete on public.job_queue_log
  for each row execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_no_truncate
  before truncate on public.job_queue_log
  for each statement execute function interlock.job_queue_refuse_change();

create or replace trigger job_queue_log_archive_append_only
  before insert or update or delete on interlock.job_queue_log_archive
  for each row execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_archive_no_truncate
  before truncate on interlock.job_queue_log_archive
  for each statement execute function interlock.job_queue_refuse_change();

create or replace trigger job_queue_log_below_snapshot
  before delete on public.job_queue_log
  for each statement execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_archive_below_snapshot
  before insert or delete on interlock.job_queue_log_archive
  for each statement execute function interlock.job_queue_refuse_change();

create or replace trigger job_queue_snapshots_keep_cut
  before update or delete on interlock.job_queue_snapshots
  for each row execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshots_no_truncate
  before truncate on interlock.job_queue_snapshots
  for each statement execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshot_chunks_keep_cut
  before update or delete on interlock.job_queue_snapshot_chunks
  for each row execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshot_chunks_no_truncate
  before truncate on interlock.job_queue_snapshot_chunks
  for each statement execute function interlock.job_queue_keep_cut();

do $ends$
begin
  if not exists (
    select from pg_catalog.pg_trigger t
     where t.tgrelid = 'interlock.job_queue_inbox'::regclass and t.tgname = 'job_queue_inbox_ends' and not t.tgisinternal) then
    create constraint trigger job_queue_inbox_ends after insert on interlock.job_queue_inbox deferrable initially deferred
      for each row when (new.request_id like 'end-of:%') execute function interlock.job_queue_check_end();
  end if;
end
$ends$;

do $guards$
declare
  item record;
  event text;
begin
  for item in
    select n.target, string_agg(quote_literal(n.yours), ', ' order by n.place) as arguments,
           string_agg(format('new.%I is not null', n.yours), ' or ' order by n.place) as insert,
           format('(%s) is distinct from (%s)', string_agg(format('new.%I', n.yours), ', ' order by n.place),
             string_agg(format('old.%I', n.yours), ', ' order by n.place)) as update
      from (
        select c.target, c.yours, c.adds, r.place
          from json_array_elements(current_setting('interlock.names')::json) with ordinality as r (value, place)
          cross join lateral json_to_record(r.value) as c (target text, needs text, adds text, yours text, fits boolean)
         where c.adds is not null or (c.needs = 'object' and c.fits)) as n
     where exists (
       select from pg_catalog.pg_class t
         join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = n.yours and not a.attisdropped
        where t.oid = to_regclass('public.' || n.target) and t.relkind in ('r', 'p'))
       and n.target = any (string_to_array(current_setting('interlock.followed'), ','))
     group by n.target having count(n.adds) = case n.target when 'jobs' then 5 else 3 end
  loop
    -- Its arguments are the columns that it guards, so with other names it has to be created again.
    continue when exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = to_regclass('public.' || item.target) and t.tgname = '000_job_queue_guard_update'
         and strpos(pg_get_triggerdef(t.oid), '(' || item.arguments || ')') > 0);
    foreach event in array array['insert', 'update'] loop
      execute format('create or replace trigger %I before %s on public.%I for each row
        when (current_user in (''anon'', ''authenticated'') and (%s)) execute function interlock.job_queue_guard_columns(%s)',
        '000_job_queue_guard_' || event, event, item.target,
        case event when 'insert' then item.insert else item.update end, item.arguments);
    end loop;
  end loop;
end
$guards$;

do $intake$
declare
  part regclass;
  names jsonb := interlock.job_queue_columns('jobs');
  own boolean := names @> '{"job_id": "job_id", "queued_at": "queued_at", "status": "status", "model": "model"}';
  -- With other names, the trigger has to be created again.
  called text := format('(%s)', case when own then '' else concat_ws(', ', quote_literal(names ->> 'job_id'),
    quote_literal(names ->> 'queued_at'), quote_literal(names ->> 'status'), quote_literal(names ->> 'model')) end);
begin
  if not exists (select from interlock.job_queue_targets() t where t.target = 'jobs') or not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    return;
  end if;
  for part in
    select to_regclass('public.jobs') union select p.relid from pg_catalog.pg_partition_tree('public.jobs') p
  loop
    if not exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = part and t.tgname = 'job_queue_intake' and strpos(pg_get_triggerdef(t.oid), called) > 0) then
      execute format('create or replace trigger job_queue_intake after insert on %s referencing new table as arrived
        for each statement execute function interlock.job_queue_intake%s', part, called);
    end if;
    if not exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = part and t.tgname = 'job_queue_deleted' and strpos(pg_get_triggerdef(t.oid), called) > 0) then
      execute format('create or replace trigger job_queue_deleted after delete on %s referencing old table as deleted
        for each statement execute function interlock.job_queue_deleted%s', part, called);
    end if;
  end loop;
  -- A row trigger; partitions inherit it. It names no column of the user, who could otherwise neither drop the column nor change
  -- its type.
  if not exists (
    select from pg_catalog.pg_trigger t
     where t.tgrelid = to_regclass('public.jobs') and t.tgname = 'job_queue_status_set'
       and strpos(pg_get_triggerdef(t.oid), called) > 0 and strpos(pg_get_triggerdef(t.oid), 'authenticated') > 0) then
    execute format($sql$create or replace trigger job_queue_status_set after update on public.jobs for each row
      when (current_setting('interlock.projecting', true) is distinct from 'on' or current_user in ('anon', 'authenticated'))
      execute function interlock.job_queue_status_set%s$sql$, called);
  end if;
end
$intake$;

do $owners$
declare
  item record;
  part regclass;
  wanted record;
begin
  for item in
    select t.target, to_regclass('public.' || t.target) as id, interlock.job_queue_columns(t.target) as names,
           format('%L, %L', t.target, t.key_column) as called, quote_literal(t.key_column) as key
      from interlock.job_queue_targets() t
  loop
    for wanted in
      select w.* from (values
        ('job_queue_row_unlinked', format('after insert on public.%I for each row
           when (current_user in (''anon'', ''authenticated'')) execute function interlock.job_queue_row_unlinked(%s)', item.target, item.called), true),
        ('job_queue_row_moved', format('after update on public.%I for each row
           when (current_setting(''interlock.projecting'', true) is distinct from ''on'' or current_user in (''anon'', ''authenticated''))
           execute function interlock.job_queue_row_unlinked(%s)', item.target, item.called), item.target <> 'jobs'),
        ('job_queue_row_linked', format('after update on public.%1$I for each row
           when (current_setting(''interlock.projecting'', true) is distinct from ''on'' and current_user not in (''anon'', ''authenticated'')
             and new.%2$I is distinct from old.%2$I) execute function interlock.job_queue_row_linked(%3$s)',
           item.target, item.names ->> 'required_models', item.called), true)) as w (name, definition, wanted)
       where w.wanted
    loop
      -- With other names, the trigger has to be created again.
      if not exists (
        select from pg_catalog.pg_trigger t
         where t.tgrelid = item.id and t.tgname = wanted.name and strpos(pg_get_triggerdef(t.oid), '(' || item.called || ')') > 0
           and (wanted.name <> 'job_queue_row_linked'
             or strpos(pg_get_triggerdef(t.oid), format('new.%I', item.names ->> 'required_models')) > 0)) then
        execute format('create or replace trigger %I %s', wanted.name, wanted.definition);
      end if;
    end loop;
    for part in
      select item.id union select p.relid from pg_catalog.pg_partition_tree(item.id) p
    loop
      if item.target <> 'jobs' and not exists (
        select from pg_catalog.pg_trigger t
         where t.tgrelid = part and t.tgname = 'job_queue_execution_deleted' and strpos(pg_get_triggerdef(t.oid), '(' || item.key || ')') > 0) then
        execute format('create or replace trigger job_queue_execution_deleted after delete on %s referencing old table as deleted
          for each statement execute function interlock.job_queue_execution_deleted(%s)', part, item.key);
      end if;
      for wanted in
        select w.* from (values ('job_queue_truncated', 'before', item.target = 'jobs'), ('job_queue_emptied', 'after', true))
          as w (name, moment, wanted)
         where w.wanted
           and not exists (
             select from pg_catalog.pg_trigger t
              where t.tgrelid = part and t.tgname = w.name and strpos(pg_get_triggerdef(t.oid), '(' || item.called || ', ') > 0)
      loop
        execute format('create or replace trigger %I %s truncate on %s for each statement
          execute function interlock.job_queue_truncated(%s, %L)', wanted.name, wanted.moment, part, item.called, item.names ->> 'queued_at');
      end loop;
    end loop;
  end loop;
end
$owners$;

drop function if exists public.job_queue_cancel_by_hand(text[]);
drop function if exists public.job_queue_say_known(text, text[]);
drop function if exists public.job_queue_complete_in(text, text, jsonb, text, boolean);

do $account$
declare
  item record;
begin
  for item in select a.what, a.remedy from jsonb_to_recordset(interlock.job_queue_account()) as a (what text, remedy text) loop
    raise warning using message = item.what, hint = item.remedy;
  end loop;
  perform set_config('interlock.found', interlock.job_queue_account()::text, true);
end
$account$;

create or replace view public.job_queue_places with (security_barrier = true) as
select j.queue, j.job_id, told.position as place, told.position
  from public.job_queue_jobs j
  left join lateral (
    select jsonb_build_object('job_id', j.job_id, 'queue', j.queue, 'state', j.state, 'ahead', line.ahead, 'position', line.ahead,
             'models', needs.list, 'code', why.code, 'needs', case when why.code is null and j.state = 'waiting' then 'process' end,
             'reason', case why.code
               when 'draining' then 'the queue is draining; nothing starts until it is resumed'
               when 'waits_for_parents' then 'jobs that it comes after have not ended'
               when 'not_due' then 'the job is not due yet'
               when 'fits_no_place' then 'no place of its model has as much as it asks'
               when 'model_paused' then 'a model it needs is paused'
               when 'use_over_limit' then 'it asks for more of a resource than the policy ever allows'
               when 'serialized' then 'another job goes first (one job at a time)'
               when 'at_capacity' then 'as many jobs go first as the policy allows at once'
               when 'model_in_use' then 'a model it needs is in use'
               when 'behind_in_line' then 'it waits in line for a model'
               when 'no_worker' then case when own.is_in then 'no live worker has a free slot for its kind' else j.conflict_reason end
               when 'offered' then 'it may start; no worker has taken it yet'
               when 'late' then 'it runs, and its process has missed its heartbeats'
               when 'lost' then 'the process that ran it is gone; the job is given back'
               when 'overdue' then 'its time is over; no process has recorded it yet'
               else case when ends.are_committed then 'its end is committed, and is being written' when j.state = 'active' then 'it runs' else 'it waits; only a process can tell why at this moment' end end,
             'starts_in_seconds', null, 'starts_from_seconds', null, 'starts_to_seconds', null,
             'starts_reason', case when j.state = 'waiting' then 'only a process can tell when it starts' end)
      from (
        select k.policy, k.status, k.active_count, k.servers from public.job_queue_state k
         where k.queue = j.queue order by k.version desc limit 1) s
      cross join lateral (
        select coalesce(j.conflict_reason like 'it asks for %', false) as is_over) asks
      cross join lateral (
        select j.state = 'waiting' and j.due_at is null and (j.blocked_on is null or j.blocked_by_job_id is not null) and not asks.is_over as is_in) own
      cross join lateral (
        select (s.policy ->> 'maxActive')::integer as slots, case when own.is_in then (
          select count(*)::integer from public.job_queue_jobs o
           where o.queue = j.queue and o.state = 'waiting' and o.due_at is null
             and (o.blocked_on is null or o.blocked_by_job_id is not null) and coalesce(o.conflict_reason, '') not like 'it asks for %'
             and (o.models <> '{}' or s.policy ->> 'emptySet' = 'exclusive' or o.blocked_by_job_id is not null)
             and (o.place_level, o.place_order, o.place_tie) < (j.place_level, j.place_order, j.place_tie)) end as ahead, (
          select count(*)::integer from public.job_queue_jobs o
           where o.queue = j.queue and o.state = 'active' and o.models <> '{}') as running) line
      cross join lateral (
        select coalesce(jsonb_agg(jsonb_build_object('model', m.model, 'ahead', m.ahead, 'running', m.running, 'capacity', m.capacity)
                 order by m.nth), '[]') as list,
               bool_or(m.running >= m.capacity) as is_in_use,
               bool_or(m.offered > 0) as is_behind_offer, coalesce(bool_or(m.is_placed), false) as are_placed,
               coalesce(bool_and(m.running + m.ahead < m.capacity), true) as has_room
          from (
            select u.model, u.nth, case jsonb_typeof(c.rule) when 'array' then jsonb_array_length(c.rule) else c.rule::integer end as capacity,
                   jsonb_typeof(c.rule) = 'array' as is_placed, a.ahead, a.offered, r.running
              from unnest(j.models) with ordinality as u (model, nth)
              cross join lateral (
                select coalesce(s.policy #> array['capacity', u.model], (
                  select p.value from jsonb_each(s.policy -> 'capacity') p
                   where strpos(p.key, '*') > 0
                     and u.model like replace(replace(replace(replace(p.key, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_'), '*', '%')
                   order by length(replace(p.key, '*', '')) desc, length(p.key), p.key collate "C" limit 1), '1') as rule) c
              left join lateral (
                select count(*)::integer as ahead, count(*) filter (where o.blocked_by_job_id is null and o.conflict_reason is null) as offered
                  from public.job_queue_jobs o
                 where o.queue = j.queue and o.state = 'waiting' and o.due_at is null and u.model = any (o.models)
                   and (o.blocked_on is null or o.blocked_by_job_id is not null) and coalesce(o.conflict_reason, '') not like 'it asks for %'
                   and (o.place_level, o.place_order, o.place_tie) < (j.place_level, j.place_order, j.place_tie)) a on own.is_in
              cross join lateral (
                select count(distinct coalesce((select l.data ->> 'batch' from public.job_queue_log l where l.queue = o.queue and l.seq = o.fencing_token),
                         o.fencing_token::text))::integer as running
                  from public.job_queue_jobs o
                 where o.queue = j.queue and o.state = 'active' and u.model = any (o.models)) r) m) needs
      cross join lateral (
        select j.state = 'active' and exists (
          select from interlock.job_queue_inbox i
           where i.queue = j.queue and i.request_id = 'end-of:' || j.fencing_token and i.answered_at is null) as are_committed) ends
      cross join lateral (
        select coalesce(bool_or(w.state = 'live' and w.release ~ E'^\\d+\\.\\d+\\.\\d+'), false) as is_alive,
               coalesce(bool_or(w.state = 'live' and w.free_slots > 0 and (w.kinds is null or j.kind = any (w.kinds))), false) as has_worker,
               max(case w.state when 'dead' then 'lost' when 'late' then 'late' end) filter (where w.worker_id = j.worker_id) as fault
          from (
            select w.worker_id, w.release, w.free_slots, w.kinds, case
                     when w.dead then 'dead'
                     when w.server_since <> pg_postmaster_start_time() and not w.settled then 'live'
                     when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() then 'dead'
                     when w.expires_at <= clock_timestamp() then 'late'
                     else 'live' end as state
              from interlock.job_queue_workers w where w.queue = j.queue) w) workers
      cross join lateral (
        select s.policy #>> '{fairShare,maxActive}' is not null or s.policy ? 'tiers' or s.policy -> 'rate' ?| j.models or (s.policy -> 'rate')::text like '%*%'
                 or (s.policy ? 'uses' and not exists (
                   select from public.job_queue_log l where l.queue = j.queue and l.seq = abs(j.life) and not l.data ? 'uses')) as may_limit) rules
      cross join lateral (
        select clock_timestamp() - case when workers.is_alive then interval '15 seconds' else interval '0' end as over,
               exists (select from public.job_queue_jobs o where o.queue = j.queue and o.whole is not null and o.whole && j.models) as are_wanted) times
      cross join lateral (
        select case
          when ends.are_committed then null
          when j.expires_at <= times.over then 'overdue'
          when j.state = 'active' then workers.fault
          when s.status = 'draining' then 'draining'
          when j.due_at <= times.over then 'overdue'
          when j.due_at = 'epoch'::timestamptz + 9007199254740991 * interval '1 microsecond' then 'waits_for_parents'
          when j.due_at is not null then 'not_due'
          when asks.is_over then 'use_over_limit'
          when not own.is_in then case when j.conflict_reason like 'no place of %' then 'fits_no_place'
            when j.conflict_reason like 'no live process serves place %' then 'no_worker' else 'model_paused' end
          when s.policy ? 'units' then null
          when rules.may_limit then null
          when times.are_wanted then null
          when needs.is_in_use then 'model_in_use'
          when needs.are_placed and (j.blocked_by_job_id is not null or s.servers is not null) then null
          when j.blocked_by_job_id is not null and j.blocked_on is not null then case
            when s.policy ->> 'maxOvertakes' = '0' and not needs.is_behind_offer then 'behind_in_line' end
          when j.blocked_by_job_id is not null then case
            when line.running >= line.slots then case when line.slots = 1 then 'serialized' else 'at_capacity' end end
          when needs.has_room and coalesce(s.active_count + line.ahead < line.slots, line.slots is null)
            and s.policy ->> 'emptySet' is distinct from 'exclusive' then case when workers.has_worker then 'offered' else 'no_worker' end
          end as code) why) told (position) on true
 where has_table_privilege('public.job_queue_jobs', 'SELECT') or (j.job_id, j.queued_at) in (
   select o.job_id, o.queued_at from public.job_queue_own_rows(
     array(select k.job_id from public.job_queue_jobs k
            where k.job_id = coalesce(nullif(current_setting('interlock.position_of', true), ''), k.job_id)),
     coalesce((select s.value -> 'jobs' from interlock.job_queue_settings s where s.key = 'columns'), '{}')) o);
drop function if exists public.job_queue_own_row(text, timestamptz, jsonb);

do $before$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  hidden boolean;
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if current_setting('interlock.rows_before', true) is distinct from 'true' or target is null
     or (to_regrole('anon') is null and to_regrole('authenticated') is null) then
    return;
  end if;
  hidden := interlock.job_queue_hidden('jobs', 'r');
  execute format($sql$
    with came as materialized (
      select l.queue, l.job_id, min(l.seq) as life from (
        select queue, job_id, seq, event_type, data from public.job_queue_log
        union all select queue, job_id, seq, event_type, data from interlock.job_queue_log_archive) l
       where l.event_type in ('queued', 'deduplicated') and l.data ? 'intake' group by l.queue, l.job_id),
    rows as materialized (
      select t.%1$I::text as job_id, max(t.%2$I) as queued_at from public.jobs t group by 1),
    -- The life that a row speaks for now: the last of its retries, if there are any.
    present as materialized (
      select c.queue, c.job_id, c.life, coalesce(case when exists (
               select from public.job_queue_log l
                where l.queue = c.queue and l.job_id = c.job_id and l.event_type = 'queued' and l.seq > c.life)
             then interlock.job_queue_last_retry(c.queue, c.job_id, c.life) end, c.life) as latest
        from came c),
    noted as (
      insert into interlock.job_queue_unlinked (target, job_id, late, queue, life)
      select distinct on (c.job_id) 'jobs', c.job_id, false, c.queue, c.latest
        from present c
        left join rows r on r.job_id = c.job_id
        left join public.job_queue_log l on l.queue = c.queue and l.seq = c.life and l.created_at = r.queued_at
       where length(c.job_id) <= 200 and (r.job_id is not null or $1)
       order by c.job_id, l.seq is null, c.queue
      on conflict (target, job_id) do nothing
      returning queue, job_id, life),
    forgotten as (
      insert into interlock.job_queue_unlinked (target, job_id, late)
      select 'jobs', r.job_id, true from rows r
       where r.queued_at is not null and not $2 and length(r.job_id) <= 200
         and exists (select from interlock.job_queue_heads h where h.archived_seq > 0)
         and not exists (select from public.job_queue_log l where l.job_id = r.job_id)
         and not exists (select from interlock.job_queue_log_archive a where a.job_id = r.job_id)
      on conflict (target, job_id) do nothing)
    -- What a row says of a later job is taken back.
    insert into public.job_queue_set_aside (queue, target, job_id, sqlstate)
    select n.queue, 'jobs', n.job_id, '00000' from noted n
     where exists (
       select from public.job_queue_log l where l.queue = n.queue and l.job_id = n.job_id and l.event_type = 'queued' and l.seq > n.life)
    on conflict (queue, target, job_id) do update set next_at = clock_timestamp()
    $sql$, target.key_column, names ->> 'queued_at') using hidden, interlock.job_queue_dated();
end
$before$;

do $realtime$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null then
    create or replace trigger job_queue_wake before update of version on interlock.job_queue_heads for each row
      -- Each message moves woken_at on by 170 ms. It is never more than 850 ms ahead, unless the clock was set back.
      when (new.version > old.version
        and new.woken_at - clock_timestamp() not between interval '680 milliseconds' and interval '850 milliseconds')
      execute function interlock.job_queue_wake();
    create or replace trigger job_queue_wake_intake after insert on interlock.job_queue_arrivals for each statement
      execute function interlock.job_queue_wake_intake();
    -- Not for commands that are answered at once, such as heartbeats.
    drop trigger if exists job_queue_wake_intake on interlock.job_queue_inbox;
    create trigger job_queue_wake_intake after insert on interlock.job_queue_inbox for each row
      when (new.answered_at is null) execute function interlock.job_queue_wake_intake();
    create or replace trigger job_queue_wake_intake after insert on interlock.job_queue_submissions for each statement
      when (current_setting('interlock.notify', true) is distinct from 'off') execute function interlock.job_queue_wake_intake();
  end if;
end
$realtime$;

do $privileges$
declare
  item record;
  outsider text;
  runner text;
  outsiders text[];
  runners text[];
begin
  if current_setting('interlock.runtime_role') <> ''
     and to_regrole(quote_ident(current_setting('interlock.runtime_role'))) is null then
    raise exception using errcode = 'JQ108',
      message = format('there is no role %s', current_setting('interlock.runtime_role')),
      hint = 'Create it first: CREATE ROLE … LOGIN. Nothing was changed.';
  end if;
  select coalesce(array_agg(rolname::text), '{}') into outsiders
    from pg_catalog.pg_roles where rolname in ('anon', 'authenticated');
  select coalesce(array_agg(rolname::text), '{}') into runners
    from pg_catalog.pg_roles where rolname in ('service_role', current_setting('interlock.runtime_role'));

  for item in
    select c.oid::regclass::text as name, c.relkind, c.relrowsecurity as secured,
           exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid) as has_policy
      from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace)
       and (c.relname = any ('{job_queue_log,job_queue_state,job_queue_jobs,job_queue_not_taken_in,job_queue_set_aside,job_queue_migrations,job_queue_heads,job_queue_log_archive,job_queue_workers,job_queue_operators,job_queue_inbox,job_queue_submissions,job_queue_data,job_queue_staged,job_queue_watched,job_queue_once,job_queue_combiners,job_queue_published,job_queue_arrivals,job_queue_settings,job_queue_unlinked,job_queue_dropped,job_queue_snapshots,job_queue_snapshot_chunks,job_queue_changes,job_queue_doubles}'::text[]) or c.relname in ('job_queue_places', 'job_queue_state_id_seq', 'job_queue_arrivals_id_seq', 'job_queue_published_place_seq', 'job_queue_submissions_id_seq', 'job_queue_intake_woken'))
  loop
    execute format('revoke all on %s from public', item.name);
    foreach outsider in array outsiders || runners loop
      execute format('revoke all on %s from %I', item.name, outsider);
    end loop;
    continue when item.relkind = 'S';
    foreach runner in array runners loop
      execute format('grant select on %s to %I', item.name, runner);
    end loop;
    continue when item.relkind = 'v';
    if not item.secured then
      execute format('alter table %s enable row level security', item.name);
    end if;
    if not item.has_policy then
      execute format('create policy job_queue_nobody on %s using (false)', item.name);
    end if;
    -- Row level security does not apply to Supabase's service_role. Other roles need a policy to be able to read.
    for runner in
      select rolname from pg_catalog.pg_roles
       where rolname = any (runners) and not rolbypassrls and not rolsuper
    loop
      execute format('drop policy if exists %I on %s', 'job_queue_read_' || runner, item.name);
      execute format('create policy %I on %s for select to %I using (true)', 'job_queue_read_' || runner, item.name, runner);
    end loop;
  end loop;

  for item in
    select p.oid::regprocedure::text as name, p.prorettype = 'trigger'::regtype as is_trigger
      from pg_catalog.pg_proc p
     where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname = any ('{job_queue_account,job_queue_adopt,job_queue_adoptable,job_queue_answer,job_queue_answer_requests,job_queue_answered,job_queue_append,job_queue_append_along,job_queue_append_for,job_queue_archive,job_queue_archive_before,job_queue_archived_events,job_queue_arrived_rows,job_queue_backlog,job_queue_beat,job_queue_by_schedule,job_queue_cancel_rows,job_queue_cancel_submitted,job_queue_cancel_submitted_after,job_queue_chain,job_queue_check_end,job_queue_check_incoming,job_queue_check_once,job_queue_checkup,job_queue_circle,job_queue_circle_text,job_queue_claim_arrivals,job_queue_claim_cut,job_queue_columns,job_queue_committed_ends,job_queue_complete_in,job_queue_data_of,job_queue_dated,job_queue_dead,job_queue_deleted,job_queue_doubtful,job_queue_drop,job_queue_drop_chunks,job_queue_elsewhere,job_queue_end_of,job_queue_end_of_life,job_queue_ending,job_queue_endings,job_queue_enqueue_in,job_queue_event_at,job_queue_event_body,job_queue_event_text,job_queue_events,job_queue_execution_deleted,job_queue_explain,job_queue_forget,job_queue_forget_operator,job_queue_forget_workers,job_queue_given_up,job_queue_guard_columns,job_queue_held,job_queue_hidden,job_queue_holders,job_queue_incoming,job_queue_insert_chained,job_queue_intake,job_queue_job_body,job_queue_job_digest,job_queue_jobs_fault,job_queue_keep_cut,job_queue_kept,job_queue_kept_digest,job_queue_known,job_queue_last_retry,job_queue_leave,job_queue_life,job_queue_link,job_queue_linked,job_queue_list_submissions,job_queue_lock_submissions,job_queue_micros,job_queue_not_arrived,job_queue_not_live,job_queue_note,job_queue_note_row,job_queue_of_job,job_queue_once_before,job_queue_open,job_queue_open_requests,job_queue_outer_rows,job_queue_overdue,job_queue_own_rows,job_queue_page,job_queue_parents,job_queue_payload_fault,job_queue_payloads,job_queue_project,job_queue_project_target,job_queue_projection,job_queue_projection_page,job_queue_publish,job_queue_published_in,job_queue_put_data,job_queue_put_many,job_queue_put_once,job_queue_put_snapshot,job_queue_put_snapshot_chunk,job_queue_put_staged,job_queue_put_state,job_queue_queued_job,job_queue_queues,job_queue_read,job_queue_reads,job_queue_rebuild,job_queue_rebuild_once,job_queue_rebuild_rows,job_queue_refuse_by_policy,job_queue_refuse_change,job_queue_refuse_digest,job_queue_refuse_other,job_queue_refused_words,job_queue_reproject,job_queue_request,job_queue_request_fault,job_queue_resign,job_queue_results,job_queue_row_fields,job_queue_row_linked,job_queue_row_lives,job_queue_row_unlinked,job_queue_rows_gone,job_queue_said_before,job_queue_say_not_taken_in,job_queue_set_aside_rows,job_queue_settle,job_queue_shadowing,job_queue_sign,job_queue_signed,job_queue_snapshot,job_queue_snapshot_chunk,job_queue_stage,job_queue_start_chain,job_queue_status,job_queue_status_set,job_queue_submit,job_queue_submit_call,job_queue_submitted,job_queue_submitted_call,job_queue_submitted_circle,job_queue_submitted_job,job_queue_sweep_once,job_queue_taken,job_queue_targets,job_queue_touched,job_queue_truncated,job_queue_turn,job_queue_unlike,job_queue_unstaged,job_queue_user_path,job_queue_user_rows,job_queue_void,job_queue_void_seqs,job_queue_voided,job_queue_wake,job_queue_wake_intake,job_queue_watch,job_queue_without_data,job_queue_worker_list,job_queue_write_target}'::text[])
  loop
    execute format('revoke all on function %s from public', item.name);
    foreach outsider in array outsiders || runners loop
      execute format('revoke all on function %s from %I', item.name, outsider);
    end loop;
    continue when item.is_trigger;
    foreach runner in array runners loop
      execute format('grant execute on function %s to %I', item.name, runner);
    end loop;
  end loop;
  if current_setting('interlock.positions_granted') = 'true' then
    grant select on public.job_queue_places to authenticated;
    grant execute on function public.job_queue_explain(text, text), public.job_queue_own_rows(text[], jsonb),
      public.job_queue_user_path() to authenticated;
  end if;
  execute 'revoke all on schema interlock from public';
  foreach outsider in array outsiders loop
    -- Where all is in one schema, who may see places has to find the view in it.
    continue when outsider = 'authenticated' and current_setting('interlock.positions_granted') = 'true'
      and to_regclass('interlock.job_queue_places') is not null;
    execute format('revoke all on schema interlock from %I', outsider);
  end loop;
  for item in
    select r.name, s.name as schema from unnest(runners) as r (name) cross join (values ('public'), ('interlock')) as s (name)
     where not has_schema_privilege(r.name, s.name, 'usage')
  loop
    execute format('grant usage on schema %I to %I', item.schema, item.name);
  end loop;
end
$privileges$;

insert into public.job_queue_migrations as m (version, checksum)
values 
  ('000', '6f0f602bd0b8abd826fb3ad737db9ea2117e492e1871a47ac7d89fc9eb4428e4'),
  ('027', '6f0f602bd0b8abd826fb3ad737db9ea2117e492e1871a47ac7d89fc9eb4428e4'),
  ('027.1', '6f0f602bd0b8abd826fb3ad737db9ea2117e492e1871a47ac7d89fc9eb4428e4')
on conflict (version) do update set checksum = excluded.checksum, applied_at = excluded.applied_at
  where m.checksum <> excluded.checksum;
notify pgrst, 'reload schema';
commit;
