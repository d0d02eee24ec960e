-- The tables of the user: which of them Interlock follows, the names and words that are used there, and what is in the way.

-- job_queue_targets(): the tables of the user that the outer projection writes to. Internal.
-- Returns target ('jobs', 'workflow_executions'), key_column (the column with the job's id) and key_type (text, character
-- varying or uuid). Leaves out a table that is missing, that lacks a coordination column, that another installation follows (in a
-- schema of its own), or that the owner of Interlock may not update. Raises nothing. PL/pgSQL, not SQL, like everything that each projection calls: its plans are kept (0.1 ms a call
-- instead of 0.9).
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

-- job_queue_columns(target): the user's names for the columns of one of the user's tables, by Interlock's names. Internal.
--   target  jobs or workflow_executions
-- Returns {"job_id": "…", "status": "…", …}: the names from job_queue_settings ('columns'), else Interlock's own. execution_id,
-- which has two of Interlock's own, dedupe_key and dedupe_while, which have none, are there only if the user named them. Raises nothing.
create or replace function interlock.job_queue_columns(target text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return ('{{names}}'::jsonb -> target)
    || coalesce((select s.value -> target from interlock.job_queue_settings s where s.key = 'columns'), '{}');
end
$$;

-- job_queue_status(state): the user's word for a state of a job. Internal.
--   state  pending, running, completed, failed, cancelled or expired
-- Returns the word from job_queue_settings ('statuses'), else the state itself. Raises nothing.
create or replace function interlock.job_queue_status(state text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((select s.value ->> state from interlock.job_queue_settings s where s.key = 'statuses'), state);
end
$$;

-- job_queue_dated(): whether rows of `jobs` always have a queued_at, because the user gave the column a default. Then it does
-- not say whether they are queued: the log does (job_queue_known). Internal.
-- Returns false if there is no such column. Raises nothing.
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

-- job_queue_user_path(): the search path for work on the user's tables, where the user's triggers, rules, CHECKs and policies
-- run: that of the database for the owner of Interlock, as ALTER ROLE and ALTER DATABASE have set it, else PostgreSQL's own.
-- Not that of the session, which the caller chooses. Temporary tables come last, since anybody can make one. Internal.
-- Returns the value for search_path. Raises nothing.
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

-- job_queue_hidden(target, command): whether row level security may hide rows of a user's table from the owner of Interlock, as
-- which its functions run. With FORCE ROW LEVEL SECURITY it applies to the owner of the table too, unless the role has
-- BYPASSRLS. Internal.
--   target   jobs or workflow_executions
--   command  r: rows are read; w: rows are updated
-- Returns false if there is no such table, or a policy opens all of it. Raises nothing.
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

-- job_queue_account(): finds what is in Interlock's way in the user's tables, or what may be a mistake there; for `interlock
-- migrate` and `interlock doctor`. Reads only.
-- Returns [{check, level, what, remedy}, …], level problem or note; an empty list when all is well:
--   hidden    row level security hides rows from the owner of Interlock, or keeps it from writing them (job_queue_hidden)
--   words     the type of the column refuses a status that Interlock writes, or a CHECK on the status alone does
--   defaults  a coordination column has a default, or may not be null
--   key       several rows may have one id
--   schema    a search path leads to a table of this name in another schema (job_queue_shadowing)
-- Raises nothing.
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

-- job_queue_refused_words(): the status words that `jobs` does not accept, as far as its definition says: by the type of the
-- column (an enum, a domain), or by a CHECK on this column alone. Internal; called by job_queue_account.
-- Returns states, the user's words for them, and what refuses them; no rows if all are accepted. Raises nothing.
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

-- job_queue_shadowing(): tables named jobs or workflow_executions in another schema than public, to which a search path leads: what a
-- program writes to `jobs` then goes there, and Interlock does not see it. Looked for in the search paths of roles and of this
-- database (ALTER ROLE, ALTER DATABASE), and in that with which this connection began. Internal; called by job_queue_account.
-- Returns target, schema, and path_of: whose search path leads there. No rows for nearly every database. Raises nothing.
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
