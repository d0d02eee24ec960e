-- The tables of the application, for an account that has none yet. Existing tables are left alone.
-- job_id is text, like Interlock's ids: every job that is enqueued can have a row. The default is a UUID.
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
