/** All of Interlock in a schema of its own: the same objects, beside another installation, and each table of the user with one of them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connectionIn } from '../../../src/engine/migrate/connection.ts'
import {
  type MigrateOptions,
  migrate,
  migrationPlan,
  undoFirstCoordinator,
} from '../../../src/engine/migrate/index.ts'
import { inSchema, type LogStore } from '../../../src/engine/store/index.ts'
import { preparedIn } from '../../../src/engine/store/postgres/connections.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { functionNames } from '../../../src/engine/store/sql/rpc.ts'
import { supabaseStore } from '../../../src/engine/store/supabase/index.ts'
import { enqueueIn, fromPg } from '../../../src/engine/transaction/index.ts'
import { createCoordinator, createJobWorker, silentLogger } from '../../../src/index.ts'
import { type Examination, examine } from '../../../src/tools/doctor/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { interlock } from '../cli/support.ts'
import { checks } from './linter.ts'
import { rightsOf, runtimeRights } from './rights.ts'
import {
  createSupabaseRoles,
  type Database,
  databaseMadeBy,
  failureOf,
  freshDatabase,
  inSituation,
  interlockObjects,
} from './support.ts'

const board = 'create table jobs (job_id text primary key, status text, model text)'

/** The default beside an installation in schema app. */
const both = () =>
  databaseMadeBy('both', async (db) => {
    await createSupabaseRoles(db)
    await db.exec(board)
    await migrate(db, { follow: ['jobs'] })
    await migrate(db, { schema: 'app' })
  })

/** Without the names that follow from the search path. */
async function objectsOf(db: Database, schema?: string): Promise<readonly string[]> {
  await db.exec('set search_path = pg_catalog')
  const texts = await interlockObjects(connectionIn(db, schema))
  await db.exec('reset search_path')
  return texts
}

const mapped = (texts: readonly string[]) => texts.map((text) => inSchema(text, 'app')).toSorted()

describe('the installation', () => {
  it('has all that the default has, and leaves nothing elsewhere; the script that is printed makes the same', async () => {
    const standard = await databaseMadeBy('standard', async (db) => {
      await createSupabaseRoles(db)
      await migrate(db, { account: 'existing' })
    })
    const wanted = mapped(await objectsOf(standard))
    expect(wanted.length).toBeGreaterThan(500)
    const { stdout } = await interlock(['migrate', '--schema', 'app', '--print'])
    for (const make of [
      async (db: Database) => void (await migrate(db, { schema: 'app' })),
      async (db: Database) => db.exec(stdout),
    ]) {
      const db = await freshDatabase()
      await createSupabaseRoles(db)
      await make(db)
      expect((await objectsOf(db, 'app')).toSorted()).toEqual(wanted)
      expect(await objectsOf(db)).toEqual([])
      expect(
        await db.value("select to_regnamespace('interlock') is null and to_regclass('public.jobs') is null"),
      ).toBe(true)
      expect(await migrate(db, { schema: 'app' })).toEqual({ version: '027', applied: false })
    }
  })

  it('is as closed as the default, whatever a project gives away by itself', async () => {
    const db = await databaseMadeBy('app', async (made) => {
      await inSituation(made, 'everything to everybody')
      await migrate(made, { schema: 'app' })
    })
    const own = connectionIn(db, 'app')
    expect(await rightsOf(own, 'anon')).toEqual([])
    expect(await rightsOf(own, 'authenticated')).toEqual([])
    expect((await rightsOf(own, 'service_role')).toSorted()).toEqual(runtimeRights)
    const may = (role: string) => db.value("select has_schema_privilege($1, 'app', 'usage')", [role])
    expect([await may('anon'), await may('authenticated'), await may('service_role')]).toEqual([
      false,
      false,
      true,
    ])
    for (const { number, finds, query } of checks)
      expect(await own.query(query), `${number} ${finds}`).toEqual([])
  })

  it('keeps for users what they were granted, to see where their jobs stand', async () => {
    const db = await both()
    await db.exec(
      `grant usage on schema app to authenticated; grant select on app.job_queue_places to authenticated`,
    )
    await migrate(db, { schema: 'app', again: true })
    await db.exec('set role authenticated')
    expect(await db.value("select app.job_queue_explain('nothing')")).toBe(null)
    expect(await failureOf(db.query('select from app.job_queue_log'))).toMatchObject({ code: '42501' })
  })
})

it('stays as it is, and the first coordinator too, while the default comes and goes', async () => {
  const db = await freshDatabase()
  await db.exec(readFileSync(path.join(import.meta.dirname, 'fixtures/first-coordinator.sql'), 'utf8'))
  const first = 'select * from public.job_queue_state'
  const before = await db.query(first)
  await migrate(db, { schema: 'app' })
  expect(await db.query(first)).toEqual(before)
  const objects = await objectsOf(db, 'app')
  await migrate(db)
  await undoFirstCoordinator(db)
  expect(await objectsOf(db, 'app')).toEqual(objects)
  expect(await db.query(first)).toEqual(before)
})

describe('a table of the user', () => {
  const names = async (db: Database, schema?: string) =>
    (await connectionIn(db, schema).query('select target from interlock.job_queue_targets()')).map(
      ({ target }) => target,
    )

  it.each([
    ['the default', undefined, 'app', 'interlock'],
    ['a schema', 'app', undefined, 'app'],
  ])('is followed by the installation that came first: %s', async (_, first, second, owner) => {
    const db = await databaseMadeBy(board, (made) => made.exec(board))
    await migrate(db, { ...(first && { schema: first }), follow: ['jobs'] })
    const options: MigrateOptions = second === undefined ? {} : { schema: second }
    for (const wish of [{ follow: ['jobs'] }, { columns: { jobs: { kind: 'model' } } }] as MigrateOptions[])
      expect(await failureOf(migrate(db, { ...options, ...wish }))).toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(`jobs is followed already, by the installation in schema ${owner}`),
      })
    expect(await migrationPlan(db, options)).toContainEqual({
      does: 'leave',
      what: 'jobs',
      how: `the installation in schema ${owner} follows it`,
    })
    const triggers =
      "select string_agg(pg_get_triggerdef(oid), ';' order by tgname) from pg_trigger where tgrelid = 'jobs'::regclass"
    const before = await db.value(triggers)
    // It has nothing to say of that table, although it looks like one to be followed.
    expect(await migrate(db, options)).toEqual({ version: '027', applied: true })
    expect(await db.value(triggers)).toBe(before)
    expect([await names(db, first), await names(db, second)]).toEqual([['jobs'], []])
    await db.exec("insert into jobs values ('a', 'pending', 'm')")
    const arrived = 'select count(*)::int as n from interlock.job_queue_arrivals'
    expect(await connectionIn(db, first).query(arrived)).toEqual([{ n: 1 }])
    expect(await connectionIn(db, second).query(arrived)).toEqual([{ n: 0 }])
    const store = storeIn(db.url, second)
    await store.open('default')
    expect(await failureOf(store.arrivals('default', 10))).toMatchObject({ code: 'not_migrated' })
    expect((await examine({ store })).findings.filter(({ check }) => check === 'rows')).toEqual([])
    // Its schema gone, the table is free.
    if (first === undefined) return
    await db.exec(`drop schema ${first} cascade`)
    expect(await names(db, second)).toEqual(['jobs'])
  })
})

const storeIn = (source: string | pg.Pool, schema: string | undefined): LogStore => {
  const store = postgresStore(source, schema === undefined ? {} : { schema })
  onTestFinished(() => store.close())
  return store
}

async function queueIn(source: string | pg.Pool, schema: string | undefined) {
  const store = storeIn(source, schema)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  return { store, coordinator }
}

describe('two installations', () => {
  it('share a pool and the name of a queue, and neither sees, hears nor waits for the other', async () => {
    const db = await both()
    const pool = new pg.Pool({ connectionString: db.url, max: 3 })
    pool.on('error', () => {})
    onTestFinished(() => pool.end())
    const ear = new pg.Client({ connectionString: db.url })
    await ear.connect()
    onTestFinished(() => ear.end())
    const heard = new Set<string>()
    ear.on('notification', ({ channel }) => heard.add(channel))
    for (const channel of ['interlock', 'interlock_answers', 'interlock:app', 'interlock_answers:app'])
      await ear.query(`listen "${channel}"`)
    const [usual, own] = [await queueIn(pool, undefined), await queueIn(pool, 'app')]
    await usual.coordinator.enqueue({ jobId: 'there', models: ['m'] })
    await expect.poll(() => [...heard]).toEqual(['interlock'])
    heard.clear()
    await usual.coordinator.close()

    // Whatever the default has is locked for good: a statement of the other one that names it would not end.
    const other = await db.connect()
    await other.exec(`begin; set local lock_timeout = '5s';
      ${keys.map((key) => `select pg_advisory_xact_lock(hashtextextended('interlock.${key}', 0))`).join(';')};
      select pg_advisory_xact_lock(hashtextextended('interlock.open:', 0))`)
    for (const { name } of await other.query(
      `select oid::regclass::text as name from pg_class where relnamespace in ('public'::regnamespace, 'interlock'::regnamespace)
          and relkind = 'r' and relname ~ '^job_queue_'`,
    ))
      await other.exec(`lock table ${String(name)} in access exclusive mode`)
    const client = new pg.Client({ connectionString: db.url })
    await client.connect()
    onTestFinished(() => client.end())
    const worker = createJobWorker({
      coordinator: own.coordinator,
      handlers: {
        '*': async (_, context) => {
          await client.query('begin')
          await context.completeIn(fromPg(client), 'done')
          await client.query('commit')
        },
      },
    })
    worker.start()
    const jobs = [{ jobId: 'here', models: ['m'] }]
    const inside = await other.connect()
    await inside.exec('begin')
    const asked = {
      query: async (text: string, values: (string | null)[]) => ({ rows: await inside.query(text, values) }),
    }
    await own.coordinator.enqueue([{ jobId: 'by-coordinator', models: ['m'] }], {
      in: fromPg(asked as never),
    })
    await enqueueIn(fromPg(asked as never), jobs, { schema: 'app' })
    await inside.exec('commit')
    await expect
      .poll(() => own.coordinator.data(['here', 'by-coordinator']))
      .toMatchObject([{ result: 'done' }, { result: 'done' }])
    await worker.drain()
    expect((await verify({ store: own.store })).ok).toBe(true)
    expect([...heard].filter((channel) => !channel.endsWith(':app'))).toEqual([])
    await other.exec('rollback')

    expect((await usual.store.projection('default'))?.jobs.map(({ job_id }) => job_id)).toEqual(['there'])
    expect((await verify({ store: usual.store })).ok).toBe(true)
    const found = async ({ store }: { store: LogStore }) =>
      problems((await examine({ store })).findings).map(({ check }) => check)
    expect([await found(usual), await found(own)]).toEqual([['no_process', 'no_worker'], []])
  })

  it('the one without tables says what to type', async () => {
    const db = await freshDatabase('migrated')
    const message = async (call: Promise<unknown>) => (await failureOf(call)).message
    expect(await message(storeIn(db.url, 'app').open('default'))).toContain(
      'npx interlock-queue migrate --schema app --url',
    )
    const inside = async (text: string, values: readonly unknown[]) => db.query(text, values)
    expect(await message(enqueueIn(inside, { models: ['m'] }, { schema: 'app' }))).toContain(
      'migrate --schema app',
    )
    const made = postgresStore(db.url, { schema: 'app', migrate: true })
    onTestFinished(() => made.close())
    await made.open('default')
    await db.exec('drop function app.job_queue_note(text, text, bigint, jsonb)')
    expect((await interlock(['doctor', '--schema', 'app', '--url', db.url])).stdout).toContain(
      'npx interlock-queue migrate --schema app --follow jobs',
    )
    const { findings } = await examine({ store: made })
    expect(findings.find(({ check }) => check === 'functions')?.remedy).toContain(
      'npx interlock-queue --schema app migrate --again',
    )
  })
})

/** The server of the tests is allowed to lose what it has. */
const problems = (findings: Examination['findings']) =>
  findings.filter(({ level, check }) => level === 'problem' && check !== 'fsync')

const keys = ['open:default', 'archive:default', 'submissions:default', 'intake', 'adopt', 'project:default']

describe('the commands', () => {
  let url: string
  beforeAll(async () => {
    url = await createDatabase('migrate')
  })
  const run = (words: readonly string[], env: Record<string, string> = {}) =>
    interlock([...words, '--url', url], { env })

  it('take the schema from --schema or INTERLOCK_SCHEMA, and say how to name no schema', async () => {
    const { stdout } = await run(['migrate', '--schema', 'app', '--make-jobs'])
    expect(stdout).toContain('migrated to 027')
    expect(stdout).toContain('SET search_path = app, public;')
    expect(stdout).toContain('in the schema app')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query(/SET search_path = .*;/.exec(stdout)?.[0] ?? '')
    for (const query of [
      'SELECT * FROM job_queue_state;',
      'SELECT * FROM job_queue_log ORDER BY created_at DESC LIMIT 20;',
      'SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL;',
    ])
      expect((await client.query(query)).command).toBe('SELECT')
    const env = { INTERLOCK_SCHEMA: 'app' }
    expect(JSON.parse((await run(['migrate', '--json'], env)).stdout)).toEqual({
      version: '027',
      applied: false,
      searchPath: 'app, public',
    })
    expect((await run(['drain'], env)).code).toBe(0)
    expect((await run(['status', '--schema', 'app'])).stdout).toContain('draining')
    expect((await run(['verify'], env)).code).toBe(0)
    const { findings, followed } = JSON.parse((await run(['doctor', '--schema', 'app', '--json'])).stdout)
    expect(followed).toEqual(['jobs'])
    expect(problems(findings)).toEqual([])
    expect(await run(['status'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no Interlock tables'),
    })
  })

  it.each([
    [['migrate', '--schema', 'public'], 'leave it out'],
    [['migrate', '--schema', 'interlock'], 'leave it out'],
    [['migrate', '--schema', 'pg_temp'], 'take another name'],
    [['status', '--schema', 'information_schema'], 'take another name'],
    [['migrate', '--print', '--schema', 'My App'], '1 to 40 small letters'],
    [['status', '--schema', `a${'b'.repeat(40)}`], '1 to 40 small letters'],
    [['status', '--schema', ''], '1 to 40 small letters'],
    [['migrate', '--schema', 'user'], 'user_queue'],
    [['migrate', '--schema', 'app', '--undo'], 'DROP SCHEMA app CASCADE'],
    [['migrate', '--schema', 'app', '--supabase'], 'migrate --schema app --print'],
    [['migrate', '--schema', 'taken'], 'there is a schema taken, and things in it'],
  ])('refuse %j', async (words, said) => {
    if (words.includes('taken')) {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query('create schema taken; create table taken.things ()').finally(() => client.end())
    }
    expect(await run(words)).toMatchObject({
      code: words.includes('taken') ? 1 : 2,
      stderr: expect.stringContaining(said),
    })
  })

  it.each(['memory:', 'pglite:nowhere', 'https://project.supabase.co'])(
    'refuse a schema for %s',
    async (address) => {
      const env = { SUPABASE_SECRET_KEY: 'key' }
      const spoken = await interlock(['status', '--schema', 'app', '--url', address], { env })
      expect(spoken).toMatchObject({ code: 2, stderr: expect.stringContaining('leave out --schema') })
    },
  )
})

it('what the default alone has is refused, and names stay short enough', () => {
  const client = { rpc: () => {}, schema: () => {}, channel: () => {}, removeChannel: () => {} }
  // @ts-expect-error A schema is no option of it.
  expect(() => supabaseStore(client as never, { schema: 'app' })).toThrow('is of postgresStore')
  expect(() => postgresStore('postgres://localhost/app', { schema: 'App' })).toThrow('options.schema')
  for (const name of [...functionNames, 'job_queue_page'])
    expect(preparedIn('a'.repeat(40), name).length).toBeLessThanOrEqual(63)
})
