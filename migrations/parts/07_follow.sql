-- Which of the user's tables are followed. Interlock changes a table only where it is told to: the table is named (interlock.follow), its
-- columns were given names, or it is followed already. An account of the first coordinator has told it too. Where nothing is said, as in this
-- file, so does a `jobs` with job_id, status and model, as the first coordinator used it. A table that another installation follows, in a schema
-- of its own, is left to that one.
-- interlock.targets: {target, does, why, owner} for each; does: make (there is none), follow (from now on), keep (as before), leave (it stays as
-- it is), none (there is none, and none is made); owner: the schema of the installation that follows it instead.
do $follow$
declare
  said text[] := string_to_array(nullif(current_setting('interlock.follow'), ''), ',');
  account text := current_setting('interlock.account');
  is_new boolean := account = 'new' or (account = 'any' and not exists (
    select from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and c.relname <> all ('{{{tables}}}'::text[]))
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

-- Checks whether the tables that are followed have room for the coordination columns.
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
