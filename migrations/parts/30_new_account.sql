-- The tables of the application, for an account that has none yet. Existing tables are left alone.
-- job_id is text, like Interlock's ids: every job that is enqueued can have a row. The default is a UUID.
-- 'new' makes both tables, 'any' only in an account without any table (in public, or of these names), 'existing' neither.
set local interlock.account = 'new';
do $new$
declare
  target text;
  role_name text;
begin
  if current_setting('interlock.account') = 'existing' or (current_setting('interlock.account') = 'any' and exists (
    select from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and c.relname <> all ('{{{tables}}}'::text[]))) or (
       -- It has them in another schema: a second `jobs` that no statement reaches would only mislead.
       current_setting('interlock.account') = 'any' and coalesce(to_regclass('jobs'), to_regclass('workflow_executions')) is not null) then
    return;
  end if;
  foreach target in array array['jobs', 'workflow_executions'] loop
    continue when to_regclass('public.' || target) is not null;
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
