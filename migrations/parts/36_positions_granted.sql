-- Remembers whether `authenticated` may see where its own jobs stand, so that you need not grant that again after each migration
-- (70_privileges). Default privileges apply only when something is created, so a privilege that exists here was meant.
select set_config('interlock.positions_granted', coalesce((
  select has_table_privilege(r.oid, c.oid, 'SELECT')::text from pg_catalog.pg_roles r, pg_catalog.pg_class c
   where r.rolname = 'authenticated' and c.oid = to_regclass('public.job_queue_places')), 'false'), true);
