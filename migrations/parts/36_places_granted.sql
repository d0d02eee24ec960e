-- Whether users may see where their own jobs stand: who has granted that to `authenticated` has not to do so again after each
-- migration (70_privileges). Default privileges are at work only when something is made, so what is there was meant.
select set_config('interlock.places_granted', coalesce((
  select has_table_privilege(r.oid, c.oid, 'SELECT')::text from pg_catalog.pg_roles r, pg_catalog.pg_class c
   where r.rolname = 'authenticated' and c.oid = to_regclass('public.job_queue_places')), 'false'), true);
