import type { DevDatabase } from './database/database.ts'

/**
 * Creates what a Supabase project has and a bare PostgreSQL lacks, as far as Interlock and its users' policies need it: the three
 * roles, `auth.uid()` and similar functions, `realtime.send()`, the publication. Existing objects do not change.
 */
export async function setUpProject(db: DevDatabase): Promise<void> {
  await db.exec(projectScript)
}

/** The channels on which `realtime.send` puts its messages and `realtime_dev.note` its changes. This server passes both on. */
export const channels = { broadcast: 'interlock_dev_broadcast', change: 'interlock_dev_change' } as const

const projectScript = `
select pg_advisory_lock(hashtextextended('interlock.dev', 0));
-- Roles are the whole server's: somebody may make them in another database at this moment.
do $$ begin create role anon nologin noinherit; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role authenticated nologin noinherit; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  create role service_role nologin noinherit bypassrls;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end $$;
grant usage on schema public to anon, authenticated, service_role;

-- Schemas and functions of the user's by these names are his: neither their bodies nor their rights are touched.
do $$
declare
  made text;
begin
  foreach made in array array['auth', 'realtime'] loop
    if to_regnamespace(made) is null then
      execute pg_catalog.format('create schema %I', made);
      execute pg_catalog.format('grant usage on schema %I to anon, authenticated, service_role', made);
    end if;
  end loop;
end $$;
do $$ begin
  if to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable set search_path = '' as
      $jwt$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $jwt$;
  end if;
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable set search_path = '' as
      $uid$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $uid$;
  end if;
  if to_regprocedure('auth.role()') is null then
    create function auth.role() returns text language sql stable set search_path = '' as
      $role$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $role$;
  end if;
end $$;

do $$ begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    -- Like the real one it never fails: a message that cannot be sent is lost. A NOTIFY has room for 7,999 bytes.
    create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
    language plpgsql security invoker set search_path = '' as $send$
    begin
      perform pg_catalog.pg_notify('${channels.broadcast}', pg_catalog.jsonb_build_object(
        'topic', topic, 'event', event, 'private', private, 'payload', payload)::text);
    exception when others then
      raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
    end $send$;
  end if;
end $$;

create schema if not exists realtime_dev;
-- A row with the names of its columns, for those who subscribe to changes; without the rows when it would be too long.
create or replace function realtime_dev.note() returns trigger
language plpgsql security definer set search_path = '' as $note$
declare
  change jsonb := pg_catalog.jsonb_build_object('schema', tg_table_schema, 'table', tg_table_name, 'type', tg_op);
  whole text;
begin
  whole := (change || pg_catalog.jsonb_build_object(
    'record', case when tg_op <> 'DELETE' then pg_catalog.to_jsonb(new) end,
    'old_record', case when tg_op <> 'INSERT' then pg_catalog.to_jsonb(old) end))::text;
  if pg_catalog.octet_length(whole) > 7900 then
    whole := (change || pg_catalog.jsonb_build_object('errors', pg_catalog.jsonb_build_array('Error 413: Payload Too Large')))::text;
  end if;
  perform pg_catalog.pg_notify('${channels.change}', whole);
  return null;
end $note$;
select pg_advisory_unlock(hashtextextended('interlock.dev', 0));
`

/**
 * The privileges that a project's secret key has on the user's tables. The embedded database created its tables before these
 * roles existed.
 */
export const ownTablesScript = `
do $$ declare own regclass; begin
  for own in
    select c.oid from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not starts_with(c.relname, 'job_queue_')
  loop
    execute pg_catalog.format('grant select, insert, update, delete on %s to service_role', own);
  end loop;
end $$;
`
