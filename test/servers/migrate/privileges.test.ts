import { describe, expect, it } from 'vitest'
import { migrate, migrationScript } from '../../../src/engine/migrate/index.ts'
import { interlockFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { rightsOf, runtimeRights, tablePrivileges } from './rights.ts'
import { failureOf, freshDatabase, migratedIn, situations } from './support.ts'

const outsiders = ['anon', 'authenticated']
describe.each(Object.keys(situations) as (keyof typeof situations)[])('under %s', (situation) => {
  it.each(outsiders)('%s has no right on anything', async (role) => {
    const db = await migratedIn(situation)
    expect(await rightsOf(db, role)).toEqual([])
  })

  it('PUBLIC has no right on anything', async () => {
    const db = await migratedIn(situation)
    const rows = await db.query(`
      select c.relname as name from pg_class c, aclexplode(c.relacl) a where c.relname ~ '^job_queue_' and a.grantee = 0
      union all
      select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
       where p.proname ~ '^job_queue_' and a.grantee = 0`)
    expect(rows).toEqual([])
  })

  it('every function of the database is among those that the migration closes', async () => {
    const db = await migratedIn(situation)
    const rows = await db.query(
      "select distinct p.proname::text as name from pg_proc p where p.proname ~ '^job_queue_' order by 1",
    )
    expect(rows.map(({ name }) => name).toSorted()).toEqual(interlockFunctions())
  })

  it('service_role reads every table and runs every function, and that is all', async () => {
    const db = await migratedIn(situation)
    expect([...(await rightsOf(db, 'service_role'))].sort()).toEqual(runtimeRights)
  })

  it('only the server may look into schema interlock', async () => {
    const db = await migratedIn(situation)
    const may = (role: string) =>
      db.value("select has_schema_privilege($1, 'interlock', 'usage, create')", [role])
    expect(await Promise.all(['anon', 'authenticated', 'service_role'].map(may))).toEqual([
      false,
      false,
      true,
    ])
  })

  it('the tables of a new account are closed to a browser and open to the server', async () => {
    const db = await migratedIn(situation)
    for (const table of ['jobs', 'workflow_executions']) {
      for (const role of outsiders) {
        const rights = await db.value(
          'select count(*)::int from unnest($3::text[]) p where has_table_privilege($1, $2, p)',
          [role, table, tablePrivileges],
        )
        expect(rights).toBe(0)
      }
      expect(await db.value("select has_table_privilege('service_role', $1, 'INSERT')", [table])).toBe(true)
    }
  })
})

describe('every object', () => {
  it('has row level security with an explicit policy, a primary key, and pinned functions', async () => {
    const db = await migratedIn('old defaults')
    const tables = await db.query(`
      select c.relname as name from pg_class c
       where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relkind = 'r'
         and (not c.relrowsecurity
           or not exists (select from pg_policy p where p.polrelid = c.oid)
           or not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary))`)
    expect(tables).toEqual([])
    const functions = await db.query(`
      select p.proname from pg_proc p where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname ~ '^job_queue_'
         and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']`)
    expect(functions).toEqual([])
  })

  it('is closed again by the next migration when somebody opened it by hand', async () => {
    const db = await migratedIn('plain PostgreSQL')
    await db.exec(
      `grant all on all tables in schema public, interlock to anon; grant execute on all functions in schema public, interlock to public;
       grant all on schema interlock to anon, public`,
    )
    await db.exec(migrationScript())
    expect(await rightsOf(db, 'anon')).toEqual([])
    expect(await db.value("select has_schema_privilege('anon', 'interlock', 'usage, create')")).toBe(false)
  })
})

describe('a runtime role on plain PostgreSQL', () => {
  it('has what service_role has, and sees the rows', async () => {
    const db = await freshDatabase()
    await db.exec(
      `do $$ begin if to_regrole('"Interlock Runtime"') is null then create role "Interlock Runtime"; end if; end $$`,
    )
    await migrate(db, { runtimeRole: 'Interlock Runtime' })
    expect([...(await rightsOf(db, 'Interlock Runtime'))].sort()).toEqual(runtimeRights)
    await db.exec('set role "Interlock Runtime"')
    expect(await db.query('select queue from job_queue_state')).toEqual([{ queue: 'default' }])
    expect(await db.value("select job_queue_project('default', 10)")).toMatchObject({ targets: 2 })
    for (const sql of [
      "insert into job_queue_log (seq, created_at, queue, event_type) values (1, now(), 'default', 'queued')",
      "update job_queue_state set status = 'running'",
      'delete from job_queue_log',
      'truncate job_queue_log',
    ]) {
      expect(await failureOf(db.exec(sql)), sql).toMatchObject({ code: '42501' })
    }
  })

  it('must exist', async () => {
    const db = await freshDatabase()
    const error = await failureOf(migrate(db, { runtimeRole: 'nobody_of_that_name' }))
    expect(error).toMatchObject({ code: 'invalid_input', details: { sqlstate: 'JQ108' } })
    expect(await db.value("select to_regclass('public.job_queue_log')")).toBeNull()
  })
})
