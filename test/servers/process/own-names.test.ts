/** A table whose columns and words are the user's own, from the migration to the repair by hand, with a worker process. */
import { expect, it } from 'vitest'
import { createDatabase } from '../../support/postgres-database.ts'
import { interlock } from '../cli/support.ts'
import { connection } from '../contract/support.ts'
import { allEnded, scene, startWorker, steady } from './support.ts'

const table = `create table jobs (id uuid primary key default gen_random_uuid(), name text unique,
  state text not null default 'new', model_name text, type text, params jsonb, priority text not null default 'normal',
  made timestamptz not null default now());
  insert into jobs (name, model_name, made) values ('older', 'flux', now() - interval '2 days'), ('oldest', 'flux', now() - interval '3 days');
  create table workflow_executions (run text primary key, state text)`

const columns = [
  ...['job_id=id', 'status=state', 'model=model_name', 'kind=type', 'created_at=made'],
  ...['priority=queue_priority', 'conflict_reason=why', 'queued_at=in_line_since'],
].flatMap((name) => ['--column', `jobs.${name}`])
const words = ['--status', 'pending=new', '--status', 'completed=done', '--status', 'cancelled=off']

it('is migrated, adopted from, worked off, written back to and repaired by hand', {
  timeout: 60_000,
}, async () => {
  const url = await createDatabase('names')
  const sql = await connection(url)
  await sql.query(table)
  const migrated = await interlock([
    ...['migrate', '--url', url, ...columns, ...words],
    ...['--column', 'workflow_executions.execution_id=run'],
  ])
  expect(migrated.stdout).toContain('migrated to')
  const { coordinator } = await scene(url)
  const rows = async (names: string) =>
    (await sql.query(`select name, ${names} from jobs order by made, name`)).rows.map(Object.values)

  // Older rows come in by hand, the oldest first; a priority in the column that has it goes before.
  const preview = await interlock(['adopt', '--json', '--url', url])
  expect(JSON.parse(preview.stdout).jobs.map(({ models }: { models: string[] }) => models)).toEqual([
    ['flux'],
    ['flux'],
  ])
  await interlock(['adopt', '--yes', '--url', url])
  await sql.query(
    `insert into jobs (name, model_name, type, params, queue_priority) values ('newer', 'veo', 'video', '{"n": 1}', 2)`,
  )
  expect(await coordinator.takeIn({ max: 10 })).toBe(3)
  await expect
    .poll(() => rows('state, why, queue_priority, priority'))
    .toEqual([
      ['oldest', 'new', expect.stringMatching(/(behind|waits for) job/), 0, 'normal'],
      ['older', 'new', expect.stringMatching(/(behind|waits for) job/), 0, 'normal'],
      ['newer', 'new', null, 2, 'normal'],
    ])

  // Hand edits are seen under these names.
  await sql.query("update jobs set state = 'off' where name = 'older'")
  await expect.poll(() => rows('state')).toContainEqual(['older', 'off'])
  await expect.poll(() => coordinator.state().waitingCount).toBe(2)
  const warnings: string[] = []
  sql.on('notice', ({ message }) => warnings.push(message ?? ''))
  await sql.query("update jobs set model_name = 'sora' where name = 'newer'")
  expect(warnings.join()).toContain('keeps the models it was queued with')
  await sql.query(
    `insert into jobs (name, model_name, state) values ('draft', 'flux', 'draft'), ('gone', 'flux', 'new')`,
  )
  expect(await coordinator.takeIn({ max: 10 })).toBe(1)
  await sql.query("delete from jobs where name = 'gone'; update jobs set state = 'new' where name = 'draft'")

  await startWorker(url, { intake: true, ...steady })
  await expect
    .poll(() => rows('state'), { timeout: 30_000 })
    .toEqual([
      ['oldest', 'done'],
      ['older', 'off'],
      ['newer', 'done'],
      ['draft', 'done'],
    ])
  await allEnded(coordinator)
  const ran = await sql.query(
    'select j.name, r.models from runs r join jobs j on j.id::text = r.job_id order by 1',
  )
  expect(ran.rows).toEqual([
    { name: 'draft', models: ['flux'] },
    { name: 'newer', models: ['veo'] },
    { name: 'oldest', models: ['flux'] },
  ])

  // A workflow's row has its own key.
  await sql.query("insert into workflow_executions (run) values ('w')")
  await coordinator.onJobStart('w', 'workflow', ['flux'])
  await expect
    .poll(async () => (await sql.query('select required_models from workflow_executions')).rows)
    .toEqual([{ required_models: ['flux'] }])
  await coordinator.onJobComplete('w', 'workflow')
  const doctor = await interlock(['doctor', '--json', '--url', url])
  // But for a test server that does not flush.
  const checks = JSON.parse(doctor.stdout).findings.map(({ check }: { check: string }) => check)
  expect(checks.filter((check: string) => check !== 'fsync')).toEqual([])
})
