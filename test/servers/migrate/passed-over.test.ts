/** Tables named `jobs` and `workflow_executions` that Interlock cannot follow: the migration goes on, and says so. */

import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { migrate, migrationScript } from '../../../src/engine/migrate/index.ts'
import { interlock } from '../cli/support.ts'
import { connect, freshDatabase, freshPglite } from './support.ts'

const columns =
  'id text primary key, job_id text, status text, model text, required_models text[], blocked_by_job_id text, conflict_reason text, queued_at timestamptz, priority integer'

it.each([
  ['a view', 'create table real (job_id text primary key, status text); create view jobs as table real'],
  ['a view of everything', `create table real (${columns}); create view jobs as table real`],
  [
    'a materialized view',
    `create materialized view jobs as select 'a' as job_id, 'pending' as status, null::timestamptz as queued_at`,
  ],
  [
    'a view of workflows',
    'create view workflow_executions as select 1::text as id, null::text as blocked_by_job_id',
  ],
])('%s is left as it is', async (_, sql) => {
  const db = await freshDatabase()
  await db.exec(sql)
  const { applied, passedOver } = await migrate(db)
  expect([applied, passedOver]).toEqual([
    true,
    [expect.stringMatching(/^(jobs|workflow_executions) is no table/)],
  ])
  expect(await db.query('select target from interlock.job_queue_targets()')).toEqual([])
  const checkup = await db.value(`select job_queue_checkup('default') -> 'tables' ->> $1`, [
    String(passedOver).split(' ')[0],
  ])
  expect(String(checkup)).toContain('"a table of this name: it is something else"')
})

it.each([
  [
    'id uuid primary key, status text',
    ['no column job_id of type text, varchar or uuid', '--column jobs.job_id=id'],
  ],
  ['"Key" text unique, status text', ['no column job_id', '--column "jobs.job_id=Key"']],
  ['id bigserial primary key, queue text', ['no column job_id', '--column jobs.job_id=<yours>']],
  ['job_id uuid primary key, state text', ['no column status', '--column jobs.status=<yours>']],
])('jobs (%s) is named with what is to be done', async (table, says) => {
  const db = await freshDatabase()
  await db.exec(`create table jobs (${table})`)
  const { passedOver = [] } = await migrate(db)
  expect(passedOver).toHaveLength(1)
  for (const part of says) expect(passedOver[0]).toContain(part)
})

it('job_queue_checkup: what is to be done makes its rows jobs, and is said no more', async () => {
  const db = await freshDatabase()
  await db.exec('create table jobs (id uuid primary key default gen_random_uuid(), status text, model text)')
  expect(await migrate(db)).toHaveProperty('passedOver')
  expect(await migrate(db, { columns: { jobs: { job_id: 'id' } } })).toEqual({
    version: '027',
    applied: true,
  })
  await db.exec(`insert into jobs (status, model) values ('pending', 'm')`)
  expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(1)
})

it('the script warns a person who runs it by hand', async () => {
  const db = await freshDatabase()
  await db.exec('create table jobs (id uuid primary key, status text)')
  const client = new pg.Client({ connectionString: db.url })
  await client.connect()
  onTestFinished(() => client.end())
  const heard: unknown[] = []
  client.on('notice', ({ severity, message, hint }) => heard.push([severity, message, hint]))
  await client.query(migrationScript())
  expect(heard).toContainEqual([
    'WARNING',
    'jobs has no column job_id of type text, varchar or uuid: its rows do not become jobs',
    'If they should: npx interlock-queue migrate --column jobs.job_id=id',
  ])
})

it.each([
  ['of the database', 'alter database %db set search_path = app, public', '', 'this connection'],
  ['of the connection', '', '?options=-csearch_path%3D%22app%22,public', 'this connection'],
  ['of another role', 'alter role %role in database %db set search_path = "app", public', '', 'role %role'],
  [
    'of a role named like the schema',
    'alter role %role in database %db set search_path = "$user", public',
    '',
    'role %role',
  ],
])('jobs in another schema is named, where the search path %s leads there', async (_, path, query, whose) => {
  const db = await freshDatabase()
  const name = String(await db.value('select current_database()'))
  const [role, schema] = [`r_${name}`, path.includes('$user') ? `r_${name}` : 'app']
  const filled = (text: string) => text.replaceAll('%db', name).replaceAll('%role', role)
  await db.exec(`create role ${role}; create schema ${schema}; create table ${schema}.jobs (job_id text primary key, status text);
    ${filled(path)}`)
  onTestFinished(() => db.exec(`drop role ${role}`))
  const again = await connect(`${db.url}${query}`)
  // Where the migration's own path does not lead there, it makes the tables of an account without any.
  const isOwn = whose === 'this connection'
  const check = await migrate(again, { check: true })
  expect(check.found).toEqual([
    {
      check: 'schema',
      level: 'problem',
      what: `the search path of ${filled(whose)} leads to ${schema}.jobs, and Interlock follows the tables of schema public alone: its rows do not become jobs`,
      remedy: isOwn
        ? `if they should: ALTER TABLE ${schema}.jobs SET SCHEMA public; then npx interlock-queue migrate --follow jobs`
        : `name public.jobs in your statements, or put public before ${schema} in that search path`,
    },
  ])
  expect(await migrate(again)).toMatchObject({ found: check.found })
  const doctor = await interlock(['doctor', '--url', again.url])
  expect(doctor.stdout).toContain(`leads to ${schema}.jobs, and Interlock follows`)
  // What is said helps.
  await db.exec(`drop table if exists public.jobs; alter table ${schema}.jobs set schema public`)
  expect(await migrate(again, { follow: ['jobs'] })).not.toHaveProperty('found')
  await again.exec(`insert into jobs (job_id, status) values ('a', 'pending')`)
  expect(await db.value('select job_id from interlock.job_queue_arrivals')).toBe('a')
})

it('makes no tables beside those that the search path leads to, and says which one a statement reaches', async () => {
  const db = await freshDatabase()
  const name = String(await db.value('select current_database()'))
  await db.exec(`create schema app; create table app.jobs (job_id text primary key, status text);
    alter database ${name} set search_path = app, public`)
  const again = await connect(db.url)
  await migrate(again)
  expect(await db.value(`select to_regclass('public.jobs')`)).toBeNull()
  await again.exec('create table public.jobs (job_id text primary key, status text, model text)')
  const { found } = await migrate(again, { again: true })
  expect(found).toMatchObject([{ check: 'schema', remedy: expect.stringContaining('name public.jobs') }])
  // A path that leads to public first, and a view in front of its table, are fine.
  await db.exec(`alter database ${name} set search_path = public, app`)
  expect(await migrate(await connect(db.url), { again: true })).not.toHaveProperty('found')
  await db.exec(
    `drop table app.jobs; create view app.jobs as table public.jobs; alter database ${name} set search_path = app, public`,
  )
  expect(await migrate(await connect(db.url), { again: true })).not.toHaveProperty('found')
})

it('nothing is said of tables that are not there, or are followed', async () => {
  const db = await freshDatabase()
  await db.exec('create table jobs (job_id text primary key, status text, model text)')
  expect(await migrate(db)).toEqual({ version: '027', applied: true })
  expect(await migrate(await freshPglite())).toEqual({ version: '027', applied: true })
})
