/** Which tables of the user Interlock changes: those that it is told of. What it does is said before. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type MigrateOptions,
  migrate,
  migrationPlan,
  undoFirstCoordinator,
} from '../../../src/engine/migrate/index.ts'
import { readMigrationFile } from '../../../src/engine/migrate/package-files.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createCoordinator, createJobWorker, isInterlockError, silentLogger } from '../../../src/index.ts'
import { interlock } from '../cli/support.ts'
import { type Database, databaseMadeBy, failureOf, freshDatabase } from './support.ts'

const board =
  'create table jobs (job_id uuid primary key default gen_random_uuid(), title text, company text)'
const numbered = 'create table jobs (id bigserial primary key, queue text, payload text)'
const alike = 'create table jobs (job_id text primary key, status text, model text)'

const databaseOf = (sql: string) => databaseMadeBy(sql, (db) => db.exec(sql))

/** All that there is of a table: columns, indexes, triggers. */
const whole = async (db: Pick<Database, 'query'>, table: string) =>
  (
    await db.query(
      `select 'column ' || attname as what from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
        union all select pg_get_indexdef(indexrelid) from pg_index where indrelid = to_regclass($1)
        union all select pg_get_triggerdef(oid) from pg_trigger where tgrelid = to_regclass($1) order by 1`,
      [`public.${table}`],
    )
  ).map(({ what }) => String(what))

describe('a table that nobody has named', () => {
  it.each([
    ['a job board', board, {}],
    ['another queue', numbered, {}],
    ['one with the names of ours, where nobody can be asked', alike, { follow: [] }],
  ] as [string, string, MigrateOptions][])('stays as it is: %s', async (_, sql, options) => {
    const db = await databaseOf(sql)
    const before = await whole(db, 'jobs')
    const { applied, passedOver = [] } = await migrate(db, options)
    expect([applied, ...passedOver]).toEqual([true, expect.stringMatching(/interlock(-queue)? migrate --/)])
    expect(await whole(db, 'jobs')).toEqual(before)
    // Once: the second run has nothing to say.
    expect(await migrate(db, options)).toEqual({ version: '027', applied: false })
  })

  it('is no problem for the doctor', async () => {
    for (const sql of [board, numbered]) {
      const db = await databaseOf(sql)
      await migrate(db)
      const { findings } = JSON.parse((await interlock(['doctor', '--json', '--url', db.url])).stdout)
      expect(findings.filter(({ check }: { check: string }) => check === 'rows')).toEqual([
        expect.objectContaining({ level: 'note', what: expect.stringContaining('jobs is not followed') }),
      ])
    }
  })
})

describe('a table is followed', () => {
  it.each([
    ['if it is named', board, { follow: ['jobs'] }],
    ['if it has the names of ours, and nothing is said', alike, {}],
    [
      'if a column of it was given a name',
      numbered.replace('bigserial', 'text'),
      { columns: { jobs: { job_id: 'id' } } },
    ],
  ] as [string, string, MigrateOptions][])('%s', async (_, sql, options) => {
    const db = await databaseOf(sql)
    await migrate(db, options)
    expect(await whole(db, 'jobs')).toEqual(
      expect.arrayContaining(['column queued_at', expect.stringContaining('job_queue_guard')]),
    )
    // And stays so, whatever the next release is told.
    await db.exec("update job_queue_migrations set checksum = 'of before'")
    const followed = await whole(db, 'jobs')
    await db.exec('drop trigger job_queue_truncated on jobs')
    expect(await migrate(db, { follow: [] })).toMatchObject({ applied: true })
    expect(await whole(db, 'jobs')).toEqual(followed)
  })

  it('by file 027 in an SQL editor, which says so in a NOTICE', async () => {
    const db = await databaseOf(alike)
    const client = new pg.Client({ connectionString: db.url })
    await client.connect()
    onTestFinished(() => client.end())
    const heard: unknown[] = []
    client.on('notice', ({ severity, message }) => heard.push([severity, message]))
    await client.query(readMigrationFile('027_add_job_queue_coordination.sql'))
    expect(heard).toEqual([
      ['NOTICE', expect.stringContaining('jobs is followed, since it has job_id, status and model')],
    ])
  })

  it('not if it is missing or has no key: refused, with what to type', async () => {
    const db = await freshDatabase()
    await db.exec('create table mine (id int)')
    expect((await failureOf(migrate(db, { follow: ['jobs'] }))).message).toContain('--make-jobs')
    await db.exec(numbered)
    expect((await failureOf(migrate(db, { follow: ['jobs'] }))).message).toContain(
      '--column jobs.job_id=<yours>',
    )
    expect(await db.value("select to_regclass('job_queue_log')")).toBeNull()
    const unknown = await interlock(['migrate', '--follow', 'tasks', '--url', db.url])
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('jobs and workflow_executions'),
    })
  })
})

describe('interlock migrate', () => {
  it('shows what it will make, change and leave, and changes just that', async () => {
    const db = await databaseOf(`${alike}; create table mine (id int)`)
    const plan = await migrationPlan(db, { follow: ['jobs'] })
    expect(plan).toEqual([
      {
        does: 'make',
        what: expect.stringMatching(/^\d+ tables and \d+ functions, job_queue_…$/),
        how: expect.any(String),
      },
      {
        does: 'change',
        what: 'jobs',
        how: expect.stringContaining(
          'the columns required_models, blocked_by_job_id, conflict_reason, queued_at, priority',
        ),
      },
      { does: 'leave', what: 'workflow_executions', how: 'there is none' },
      { does: 'leave', what: '1 other table', how: 'not touched' },
    ])
    expect(await db.value("select to_regclass('job_queue_log')")).toBeNull()
    const said = await interlock(['migrate', '--follow', 'jobs', '--url', db.url])
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(said.stdout).toMatch(
      /change +jobs +followed from now on[\s\S]*leave +1 other table[\s\S]*migrated to 027\n$/,
    )
    expect((await interlock(['migrate', '--url', db.url])).stdout).toBe(
      'nothing to do: the database has migration 027\n',
    )
  })

  it('asks on a terminal, and does nothing unless y is pressed', async () => {
    const db = await databaseOf(alike)
    const no = await interlock(['migrate', '--url', db.url], { key: 'n', columns: 160 })
    expect(no).toMatchObject({ code: 0, stdout: 'nothing was changed\n' })
    expect(no.stderr).toMatch(
      /jobs +followed from now on, since it has job_id, status and model[\s\S]*migrate\? \(y\/N\)/,
    )
    expect(await db.value("select to_regclass('job_queue_log')")).toBeNull()
    const yes = await interlock(['migrate', '--url', db.url], { key: 'y', columns: 160 })
    expect(yes.stdout).toContain('migrated to 027')
    expect(await whole(db, 'jobs')).toContain('column queued_at')
  })

  it('asks nobody without one: a table that was not named is left, unless --yes says that it is meant', async () => {
    const db = await databaseOf(alike)
    const before = await whole(db, 'jobs')
    const { stdout } = await interlock(['migrate', '--url', db.url])
    expect(stdout).toMatch(/leave +jobs[\s\S]*note: jobs is not followed/)
    expect(await whole(db, 'jobs')).toEqual(before)
    const other = await databaseOf(alike)
    await interlock(['migrate', '--yes', '--url', other.url])
    expect(await whole(other, 'jobs')).toContain('column queued_at')
  })

  it('makes a table jobs where there is none, and its rows arrive', async () => {
    const db = await databaseOf('create table mine (id int)')
    const said = await interlock(['migrate', '--url', db.url])
    expect(said.stdout).toMatch(/leave +jobs +there is none \(to have it made: --make-jobs\)/)
    const doctor = async () => (await interlock(['doctor', '--url', db.url])).stdout
    expect(await doctor()).toMatch(
      /^rows +no table of yours is followed; .* migrate --follow jobs, or --make-jobs/m,
    )
    await interlock(['migrate', '--make-jobs', '--url', db.url])
    expect(await doctor()).toMatch(/^rows +of jobs are followed$/m)
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(1)
    expect(await db.value("select to_regclass('workflow_executions')")).toBeNull()
  })

  it('--undo says what stays', async () => {
    const db = await databaseOf(`${alike};
      create table job_queue_state (id int primary key, active_job_id text); create table job_queue_log (id int primary key, event_type text)`)
    await migrate(db)
    const stays = await undoFirstCoordinator(db)
    expect(stays).toEqual([
      "Interlock's tables, with their rows, as job_queue_…_undone_1",
      'the columns blocked_by_job_id, conflict_reason, priority, queued_at, required_models of jobs, with the indexes jobs_blocked_by_job_id_idx, jobs_not_taken_in_idx',
      'the function job_queue_refuse_change, which keeps their log append-only',
    ])
  })
})

it.each([
  ['there is no table', 'create table mine (id int)'],
  ['it is not followed', board],
])('a worker that is to take rows in says what to type, and takes nothing: %s', async (_, sql) => {
  const db = await databaseOf(sql)
  await migrate(db)
  const store = postgresStore(db.url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const worker = createJobWorker({
    coordinator,
    intake: true,
    handlers: { normal: () => null },
    onError: resolve,
  })
  worker.start()
  const error = await promise
  expect(isInterlockError(error, 'not_migrated') && error.message).toContain(
    'npx interlock-queue migrate --follow jobs',
  )
  expect(worker.metrics()).toMatchObject({ free: 0 })
  await worker.drain()
})
