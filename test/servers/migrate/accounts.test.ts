import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../../src/engine/core/index.ts'
import {
  migrate,
  migrationScript,
  migrationStatus,
  type UserTable,
} from '../../../src/engine/migrate/index.ts'
import { readMigrationFile } from '../../../src/engine/migrate/package-files.ts'
import {
  createSupabaseRoles,
  type Database,
  failureOf,
  freshDatabase,
  freshPglite,
  interlockObjects,
  userObjects,
} from './support.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
const cleanBundle = readMigrationFile('000_clean_schema.sql')
const existingBundle = readMigrationFile('027_add_job_queue_coordination.sql')
const added = ['required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority']

async function existingAccount(): Promise<Database> {
  const db = await freshDatabase()
  await createSupabaseRoles(db)
  await db.exec(fixture('existing-account.sql'))
  return db
}

const columnsOf = async (db: Pick<Database, 'query'>, table: string) =>
  (
    await db.query(
      'select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum',
      [`public.${table}`],
    )
  ).map((row) => row['attname'])

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshPglite],
])('a new account on %s', (_, fresh) => {
  it('gets everything, and says so', async () => {
    const db = await fresh()
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'not_migrated', version: null })
    expect(await migrate(db)).toEqual({ version: '027', applied: true })
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'current', version: '027' })
    expect(await migrate(db)).toEqual({ version: '027', applied: false })
    expect(await columnsOf(db, 'jobs')).toEqual(['job_id', 'status', 'model', 'created_at', ...added])
    expect(await columnsOf(db, 'workflow_executions')).toEqual([
      'id',
      'status',
      'created_at',
      ...added.slice(0, 3),
    ])
  })

  it('shows one idle queue under the default policy, and answers the first specification word for word', async () => {
    const db = await fresh()
    await migrate(db)
    const states = await db.query('SELECT * FROM job_queue_state;')
    expect(states).toHaveLength(1)
    expect(states[0]).toMatchObject({
      id: 1,
      queue: 'default',
      status: 'idle',
      active_job_id: null,
      active_models: [],
      policy: defaultPolicy,
    })
    expect(await db.query('SELECT * FROM job_queue_log ORDER BY created_at DESC LIMIT 20;')).toEqual([])
    expect(
      await db.query(
        'SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL;',
      ),
    ).toEqual([])
    expect(
      await db.query(
        'SELECT job_id, model, required_models, blocked_by_job_id, conflict_reason, queued_at FROM jobs WHERE blocked_by_job_id IS NOT NULL;',
      ),
    ).toEqual([])
  })
})

describe('the two bundles', () => {
  it('end in the same objects, and so does the script for every account', async () => {
    const [clean, existing, any] = await Promise.all([freshDatabase(), existingAccount(), freshDatabase()])
    await clean.exec(cleanBundle)
    await existing.exec(existingBundle)
    await any.exec(migrationScript())
    const objects = await interlockObjects(clean)
    expect(objects.length).toBeGreaterThan(100)
    expect(await interlockObjects(existing)).toEqual(objects)
    expect(await interlockObjects(any)).toEqual(objects)
  })

  it.each([
    ['000', cleanBundle],
    ['027', existingBundle],
    ['any', migrationScript()],
  ])('%s changes nothing when it runs again', async (_, sql) => {
    const db = await existingAccount()
    await db.exec(sql)
    const before = [
      await interlockObjects(db),
      await userObjects(db, 'jobs'),
      await db.query('table job_queue_migrations'),
    ]
    await db.exec(sql)
    expect([
      await interlockObjects(db),
      await userObjects(db, 'jobs'),
      await db.query('table job_queue_migrations'),
    ]).toEqual(before)
  })

  it('make twenty indexes beyond the primary keys', async () => {
    const db = await freshDatabase()
    await db.exec(cleanBundle)
    const indexes = await db.query(`select indexrelid::regclass::text as name from pg_index
      where not indisprimary and indrelid::regclass::text ~ '^(jobs|workflow_executions|(interlock.)?job_queue_.*)$'`)
    expect(indexes).toHaveLength(20)
  })
})

/** One after the other: it is one connection. */
async function objectsOf(db: Database, tables: readonly string[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = []
  for (const table of tables) all.push(await userObjects(db, table))
  return all
}

describe('an existing account', () => {
  it('gains the columns and keeps everything of its own', async () => {
    const db = await existingAccount()
    const tables = ['jobs', 'workflow_executions', 'customers']
    const before = await objectsOf(db, tables)
    const rows = await db.query('select job_id, customer, status, model from jobs order by job_id')
    expect(await migrate(db)).toEqual({ version: '027', applied: true })
    expect(await objectsOf(db, tables)).toEqual(before)
    expect(await db.query('select job_id, customer, status, model from jobs order by job_id')).toEqual(rows)
    expect((await columnsOf(db, 'jobs')).slice(-5)).toEqual(added)
    expect((await columnsOf(db, 'workflow_executions')).slice(-3)).toEqual(added.slice(0, 3))
  })

  it('needs neither table', async () => {
    const db = await freshDatabase()
    await db.exec('create table mine (id int)')
    await migrate(db)
    expect(await db.value("select to_regclass('public.jobs')")).toBeNull()
    expect(await db.value("select job_queue_project('default', 100)")).toMatchObject({
      targets: 0,
      busy: false,
    })
  })

  it('gains them later, when the table has come', async () => {
    const db = await freshDatabase()
    await db.exec('create table mine (id int)')
    await migrate(db)
    await db.exec('create table jobs (job_id varchar(80) primary key, status text, model text)')
    await db.exec(existingBundle)
    expect((await columnsOf(db, 'jobs')).slice(-5)).toEqual(added)
  })

  it('may have a table jobs that is for something else', async () => {
    const db = await freshDatabase()
    await db.exec('create table jobs (id bigserial primary key, queue text, payload text, priority text)')
    await migrate(db)
    expect(await columnsOf(db, 'jobs')).toEqual(['id', 'queue', 'payload', 'priority'])
  })

  it.each<[string, string, readonly UserTable[]]>([
    [
      'create table jobs (job_id uuid primary key, priority text)',
      'jobs.priority has type text, Interlock needs integer',
      ['jobs'],
    ],
    [
      'create table workflow_executions (id text, required_models jsonb)',
      'workflow_executions.required_models has type jsonb, Interlock needs text[]',
      ['workflow_executions'],
    ],
  ])(
    'with a column in the way is told which one, and nothing is changed: %s',
    async (sql, message, follow) => {
      const db = await freshDatabase()
      await db.exec(sql)
      const error = await failureOf(migrate(db, { follow }))
      expect(error).toMatchObject({
        name: 'InterlockError',
        code: 'not_migrated',
        details: { sqlstate: 'JQ103' },
      })
      expect(error.message).toContain(message)
      expect(await db.value("select count(*)::int from pg_class where relname ~ '^job_queue'")).toBe(0)
    },
  )

  it('with a foreign table of our name is told which one', async () => {
    const db = await freshDatabase()
    await db.exec('create table job_queue_jobs (id int primary key)')
    const error = await failureOf(migrate(db))
    expect(error).toMatchObject({ code: 'not_migrated', details: { sqlstate: 'JQ105' } })
    expect(error.message).toContain('job_queue_jobs')
  })

  it('whose table is locked is told so after a bounded wait', async () => {
    const db = await existingAccount()
    const other = await db.connect()
    await other.exec('begin; lock table jobs in access exclusive mode')
    const quick = migrationScript().replace("lock_timeout = '10s'", "lock_timeout = '50ms'")
    expect(await failureOf(db.exec(quick))).toMatchObject({ code: '55P03' })
  })
})

describe('an owner without superuser rights', () => {
  it('can migrate its own database', async () => {
    const db = await freshDatabase()
    await createSupabaseRoles(db)
    await db.exec(
      `do $$ begin if to_regrole('interlock_owner') is null then create role interlock_owner login; end if; end $$;`,
    )
    await db.exec(
      `do $$ begin execute format('alter database %I owner to interlock_owner', current_database()); end $$`,
    )
    const url = new URL(db.url)
    url.username = 'interlock_owner'
    const owner = await (await import('./support.ts')).connect(url.href)
    expect(await migrate(owner)).toMatchObject({ applied: true })
    expect(await owner.value("select job_queue_project('default', 100)")).toMatchObject({ targets: 2 })
  })
})

describe('a database that is newer', () => {
  it('is left alone', async () => {
    const db = await freshDatabase()
    await migrate(db)
    await db.exec("insert into job_queue_migrations values ('900', 'x')")
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'newer', version: '900', needed: '027' })
    expect(await failureOf(migrate(db))).toMatchObject({ code: 'database_newer' })
  })
})
