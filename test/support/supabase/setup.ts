import type { ProjectDatabase } from './database.ts'

/**
 * Creates what a Supabase project has and a bare PostgreSQL lacks, as far as Interlock and its users' policies need it: the three
 * roles, `auth.uid()` and similar functions, `realtime.send()`, the publication. Can be run again.
 */
export async function setUpProject(db: ProjectDatabase): Promise<void> {
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

create schema if not exists auth;
create schema if not exists realtime;
grant usage on schema auth, realtime to anon, authenticated, service_role;
create or replace function auth.jwt() returns jsonb language sql stable set search_path = '' as
  $jwt$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $jwt$;
create or replace function auth.uid() returns uuid language sql stable set search_path = '' as
  $uid$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $uid$;
create or replace function auth.role() returns text language sql stable set search_path = '' as
  $role$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $role$;

-- Like the real one it never fails: a message that cannot be sent is lost. A NOTIFY has room for 7,999 bytes.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql security invoker set search_path = '' as $send$
begin
  perform pg_catalog.pg_notify('${channels.broadcast}', pg_catalog.jsonb_build_object(
    'topic', topic, 'event', event, 'private', private, 'payload', payload)::text);
exception when others then
  raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end $send$;

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
