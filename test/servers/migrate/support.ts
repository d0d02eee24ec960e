/** Connections, roles and catalog questions that the tests of the migrations share. */
import pg from 'pg'
import { type MigrationConnection, migrate } from '../../../src/engine/migrate/index.ts'
import { embedded } from '../../support/embedded.ts'
import { afterEachFile } from '../../support/hooks.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { postgresDatabase } from '../../support/supabase/database.ts'
import { setUpProject } from '../../support/supabase/setup.ts'
import { atEnd } from '../../support/this-test.ts'

export interface Database extends MigrationConnection {
  readonly url: string
  /** Another connection to the same database, ended with the test. */
  connect(): Promise<Database>
  /** The value of the first column of the first row. */
  value(sql: string, params?: readonly unknown[]): Promise<unknown>
  end(): Promise<void>
}

/** A connection that ends with the test. A backend that a test kills reports it here, and the test goes on. */
export async function connect(url: string): Promise<Database> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  let ended = false
  const end = async () => {
    if (!ended) await client.end().catch(() => {})
    ended = true
  }
  atEnd(end)
  const query: MigrationConnection['query'] = async (sql, params) =>
    (await client.query(sql, params === undefined ? undefined : [...params])).rows
  return {
    url,
    end,
    query,
    connect: () => connect(url),
    exec: async (sql) => {
      await client.query(sql)
    },
    value: async (sql, params) => Object.values((await query(sql, params))[0] ?? {})[0],
  }
}

/** A new, empty database, or one with Interlock's tables. */
export async function freshDatabase(like?: 'migrated'): Promise<Database> {
  return connect(await createDatabase('migrate', like))
}

/** The first database that a file has made in each way. */
const firsts = new Map<string, Promise<URL>>()
afterEachFile(() => firsts.clear())

/** A new database in which `make` has done its work. A file does it once for each `way` and copies that: a tenth of the time of a migration. */
export async function databaseMadeBy(
  way: string,
  make: (db: Database) => Promise<unknown>,
): Promise<Database> {
  const first = firsts.get(way) ?? firstMadeBy(make)
  firsts.set(way, first)
  return connect(await createDatabase('migrate', await first))
}

async function firstMadeBy(make: (db: Database) => Promise<unknown>): Promise<URL> {
  const db = await freshDatabase()
  await make(db)
  await db.end()
  return new URL(db.url)
}

/** An embedded database, as the embedded store uses it. */
export async function freshPglite(like?: 'migrated'): Promise<Pick<Database, 'query' | 'exec' | 'value'>> {
  const { db, close } = await embedded(like === 'migrated' ? 'tables' : 'empty')
  atEnd(close)
  const query: MigrationConnection['query'] = async (sql, params) =>
    (await db.query<Record<string, unknown>>(sql, params === undefined ? undefined : [...params])).rows
  return {
    query,
    exec: async (sql) => {
      await db.exec(sql)
    },
    value: async (sql, params) => Object.values((await query(sql, params))[0] ?? {})[0],
  }
}

/** Supabase's roles. They belong to the whole server, so the second test finds them. */
export async function createSupabaseRoles(db: MigrationConnection): Promise<void> {
  await db.exec(`
    select pg_advisory_lock(4711);
    do $$ begin
      if to_regrole('anon') is null then create role anon nologin noinherit; end if;
      if to_regrole('authenticated') is null then create role authenticated nologin noinherit; end if;
      if to_regrole('service_role') is null then create role service_role nologin noinherit bypassrls; end if;
    end $$;
    select pg_advisory_unlock(4711);
    grant usage on schema public to anon, authenticated, service_role;`)
}

/** What projects of before 2026-10-30 give to every new object in public. */
export async function grantLikeOldSupabase(db: MigrationConnection): Promise<void> {
  await db.exec(`
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
    alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;`)
}

/**
 * What a project gives away by itself, before Interlock comes: nothing special; everything to the three roles, as projects of
 * before 2026-10-30 do; nothing at all, as they do since; and everything to everybody, which nobody should.
 */
export const situations = {
  'plain PostgreSQL': async () => {},
  'old defaults': grantLikeOldSupabase,
  'no defaults': async (db: MigrationConnection) =>
    db.exec(`
      alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
      alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
      alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
      alter default privileges revoke execute on functions from public;`),
  'everything to everybody': async (db: MigrationConnection) => {
    await grantLikeOldSupabase(db)
    await db.exec(`
      alter default privileges in schema public grant all on tables to public;
      alter default privileges in schema public grant all on functions to public;
      alter default privileges in schema public grant all on sequences to public;`)
  },
} as const

/** A database that was in one of the {@link situations} when it was migrated. */
export const migratedIn = (situation: keyof typeof situations): Promise<Database> =>
  databaseMadeBy(situation, async (db) => {
    await inSituation(db, situation)
    await migrate(db)
  })

/** A database with the roles and schemas of a Supabase project, in one of the {@link situations}. */
export async function inSituation(db: Database, situation: keyof typeof situations): Promise<void> {
  await createSupabaseRoles(db)
  const project = await postgresDatabase(db.url)
  await setUpProject(project)
  await project.close()
  await situations[situation](db)
}

/** Every Interlock object of a database as text, with definition, owner-independent: two equal lists, two equal databases. */
export async function interlockObjects(db: MigrationConnection): Promise<readonly string[]> {
  const rows = await db.query(`
    with ours as (
      select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relacl, c.reloptions from pg_class c
       where c.relnamespace in (to_regnamespace('public'), to_regnamespace('interlock')) and c.relname ~ '^job_queue_' and c.relname !~ '_(v1|undone_[0-9]+)$')
    select format('%s %s rls=%s %s %s', relkind, relname, relrowsecurity, relacl, reloptions) as text from ours
    union all
    select format('column %s.%s %s %s not null=%s', o.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      pg_get_expr(d.adbin, d.adrelid), a.attnotnull)
      from ours o join pg_attribute a on a.attrelid = o.oid and a.attnum > 0
      left join pg_attrdef d on d.adrelid = o.oid and d.adnum = a.attnum where o.relkind = 'r'
    union all
    select format('constraint %s.%s %s', o.relname, k.conname, pg_get_constraintdef(k.oid)) from ours o join pg_constraint k on k.conrelid = o.oid
    union all
    select format('index %s', pg_get_indexdef(oid)) from ours where relkind = 'i'
    union all
    select format('trigger %s', pg_get_triggerdef(t.oid)) from ours o join pg_trigger t on t.tgrelid = o.oid
    union all
    select format('policy %s.%s %s', o.relname, p.polname, pg_get_expr(p.polqual, p.polrelid)) from ours o join pg_policy p on p.polrelid = o.oid
    union all
    select format('function %s %s', pg_get_functiondef(p.oid), p.proacl) from pg_proc p
     where p.pronamespace in (to_regnamespace('public'), to_regnamespace('interlock')) and p.proname ~ '^job_queue_'
    order by 1`)
  return rows.map((row) => String(row['text']))
}

/** Columns, policies, grants, triggers, indexes of a table of the user, without what Interlock adds. */
export async function userObjects(db: MigrationConnection, table: string): Promise<readonly string[]> {
  const rows = await db.query(
    `with t as (select * from pg_class where oid = to_regclass($1))
    select format('table rls=%s force=%s owner=%s %s', relrowsecurity, relforcerowsecurity, relowner::regrole, relacl) as text from t
    union all
    select format('column %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attacl) from pg_attribute a
     where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
       and a.attname not in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority')
    union all
    select format('policy %s %s %s %s', polname, polcmd, polroles, pg_get_expr(polqual, polrelid)) from pg_policy where polrelid = to_regclass($1)
    union all
    select format('trigger %s', pg_get_triggerdef(oid)) from pg_trigger where tgrelid = to_regclass($1) and tgname !~ 'job_queue_'
    union all
    select format('index %s', pg_get_indexdef(indexrelid)) from pg_index where indrelid = to_regclass($1)
      and indexrelid::regclass::text !~ '(blocked_by_job_id|not_taken_in)_idx$'
    order by 1`,
    [`public.${table}`],
  )
  return rows.map((row) => String(row['text']))
}

/** The error of a call that must fail, for a look at its code. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ code?: string; message: string; hint?: string }> {
  return call.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as { code?: string; message: string },
  )
}
