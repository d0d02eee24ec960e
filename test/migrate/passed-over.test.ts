/** Tables named `jobs` and `workflow_executions` that Interlock cannot follow: the migration goes on, and says so. */

import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { migrate, migrationScript } from '../../src/migrate/index.ts'
import { freshDatabase, freshPglite } from './support.ts'

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
  expect(await db.query('select target from job_queue_targets()')).toEqual([])
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
  expect(await db.value('select count(*)::int from job_queue_arrivals')).toBe(1)
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
    'If they should: interlock migrate --column jobs.job_id=id',
  ])
})

it('nothing is said of tables that are not there, or are followed', async () => {
  const db = await freshDatabase()
  await db.exec('create table jobs (job_id text primary key, status text)')
  expect(await migrate(db)).toEqual({ version: '027', applied: true })
  expect(await migrate(await freshPglite())).toEqual({ version: '027', applied: true })
})
