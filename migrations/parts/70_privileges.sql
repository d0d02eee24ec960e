-- Privileges, object by object, because the default privileges of older Supabase projects have given everything to every role.
-- anon, authenticated and PUBLIC get nothing; service_role and the runtime role read tables and run functions. No role may write
-- to a table: the functions, which run as their owner, are the only way.
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
       and (c.relname = any ('{{{tables}}}'::text[]) or c.relname in ('job_queue_places', 'job_queue_state_id_seq', 'job_queue_arrivals_id_seq', 'job_queue_published_place_seq', 'job_queue_submissions_id_seq', 'job_queue_intake_woken'))
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
     where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname = any ('{{{functions}}}'::text[])
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
