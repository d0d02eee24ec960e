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
       and s.setrole in (0, current_user::regrole) and c.entry like 'search\_path=%'
     order by s.setrole = 0, s.setdatabase = 0 limit 1), '"$user", public'), ''), 'pg_temp');
end
$$;
