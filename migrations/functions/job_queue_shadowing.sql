-- job_queue_shadowing(): tables named jobs or workflow_executions in another schema than public, to which a search path leads: what a
-- program writes to `jobs` then goes there, and Interlock does not see it. Looked for in the search paths of roles and of this
-- database (ALTER ROLE, ALTER DATABASE), and in that with which this connection began. Internal; called by job_queue_account.
-- Returns target, schema, and path_of: whose search path leads there. No rows for nearly every database. Raises nothing.
create or replace function public.job_queue_shadowing() returns table (target text, schema text, path_of text)
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
       and c.entry like 'search\_path=%'),
  named as (
    select p.rank, p.path_of, w.place,
           case when w.part[1] = '$user' then p.role::text else coalesce(replace(w.part[1], '""', '"'), lower(w.part[2])) end as schema
      from paths p
      cross join lateral regexp_matches(p.path, '"((?:[^"]|"")*)"|([^",\s]+)', 'g') with ordinality as w (part, place)),
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
