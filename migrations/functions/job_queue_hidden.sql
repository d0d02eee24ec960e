-- job_queue_hidden(target, command): whether row level security may hide rows of a user's table from the owner of Interlock, as
-- which its functions run. With FORCE ROW LEVEL SECURITY it applies to the owner of the table too, unless the role has
-- BYPASSRLS. Internal.
--   target   jobs or workflow_executions
--   command  r: rows are read; w: rows are updated
-- Returns false if there is no such table, or a policy opens all of it. Raises nothing.
create or replace function public.job_queue_hidden(target text, command "char") returns boolean
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
