/** Tables whose columns have names of their own: what can be mapped, what cannot, and what is said of it. */
import { describe, expect, it } from 'vitest'
import { type ColumnNames, migrate, migrationScript } from '../../../src/engine/migrate/index.ts'
import {
  createSupabaseRoles,
  type Database,
  databaseMadeBy,
  failureOf,
  freshDatabase,
  interlockObjects,
} from './support.ts'

const ownTable = `create table jobs ("Id" uuid primary key default gen_random_uuid(), state text not null default 'pending',
  model_name text, type text, priority text, tags text[], made timestamptz not null default now())`
const names = {
  job_id: 'Id',
  status: 'state',
  model: 'model_name',
  kind: 'type',
  priority: 'queue_priority',
  created_at: 'made',
}

async function migrated(columns: ColumnNames = { jobs: names }, tables = ownTable): Promise<Database> {
  return databaseMadeBy(JSON.stringify([columns, tables]), async (db) => {
    await createSupabaseRoles(db)
    await db.exec(tables)
    await migrate(db, { columns })
  })
}

const columnsOf = async (db: Database, table = 'jobs') =>
  (
    await db.query(
      'select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum',
      [table],
    )
  ).map((row) => row['attname'])

const ours = (db: Database, catalog: 'trigger' | 'index') =>
  db.query(
    catalog === 'trigger'
      ? `select tgrelid::regclass::text as on, tgname as name, oid, pg_get_triggerdef(oid) as text from pg_trigger
          where tgname ~ 'job_queue' and tgrelid = 'jobs'::regclass order by 1, 2`
      : `select indexrelid::regclass::text as name, indexrelid as oid, pg_get_indexdef(indexrelid) as text from pg_index
          where indrelid = 'jobs'::regclass order by 1`,
  )

describe('a table with names of its own', () => {
  it('gains the coordination columns, under another name where one is taken', async () => {
    const db = await migrated()
    expect((await columnsOf(db)).slice(-5)).toEqual([
      'required_models',
      'blocked_by_job_id',
      'conflict_reason',
      'queued_at',
      'queue_priority',
    ])
    expect(await db.query('select * from interlock.job_queue_targets()')).toEqual([
      { target: 'jobs', key_column: 'Id', key_type: 'uuid' },
    ])
  })

  it('takes a column of its own for a coordination column, if the type is right', async () => {
    const db = await migrated({ jobs: { ...names, required_models: 'tags' } })
    expect((await columnsOf(db)).slice(-4)).not.toContain('required_models')
  })

  it('keeps the names that a later migration is not given, and stays as it is when that runs again', async () => {
    const db = await migrated({ jobs: { job_id: 'Id', priority: 'queue_priority' } })
    const { job_id, priority, ...rest } = names
    await migrate(db, { columns: { jobs: rest } })
    await migrate(db, { again: true })
    const before = [await interlockObjects(db), await ours(db, 'trigger'), await ours(db, 'index')]
    expect(await db.value("select value from interlock.job_queue_settings where key = 'columns'")).toEqual({
      jobs: names,
    })
    await migrate(db, { columns: { jobs: names } })
    await migrate(db, { again: true })
    expect([await interlockObjects(db), await ours(db, 'trigger'), await ours(db, 'index')]).toEqual(before)
  })

  it('gets new triggers and indexes when a name changes', async () => {
    const db = await migrated()
    await db.exec('alter table jobs rename state to word')
    await migrate(db, { columns: { jobs: { status: 'word', blocked_by_job_id: 'waits_for' } } })
    const texts = [...(await ours(db, 'trigger')), ...(await ours(db, 'index'))]
      .map(({ text }) => text)
      .join('\n')
    expect(texts).toMatch(/job_queue_status_set\('Id', 'queued_at', 'word', 'model_name'\)/)
    expect(texts).toMatch(/job_queue_guard_columns\('required_models', 'waits_for'/)
    expect(texts).toMatch(/jobs_blocked_by_job_id_idx .*waits_for IS NOT NULL/)
    expect(texts).toMatch(/jobs_not_taken_in_idx .*\(word\)/)
  })

  it('is guarded under these names against browsers', async () => {
    const db = await migrated()
    await db.exec(`grant insert, update, select on jobs to authenticated; insert into jobs (state) values ('draft');
      set role authenticated`)
    const error = await failureOf(db.exec('insert into jobs (queue_priority) values (9)'))
    expect(error).toMatchObject({ code: 'JQ102' })
    expect(error.hint).toContain('conflict_reason, queued_at, queue_priority')
    expect(await failureOf(db.exec('update jobs set queue_priority = 9'))).toMatchObject({ code: 'JQ102' })
    await db.exec("update jobs set priority = 'high'")
  })

  it('may be partitioned, also when a name changes', async () => {
    const db = await migrated(
      { jobs: { job_id: 'id', status: 'state' } },
      `create table jobs (id text primary key, state text default 'pending', word text default 'pending') partition by hash (id);
       create table jobs_a partition of jobs for values with (modulus 2, remainder 0);
       create table jobs_b partition of jobs for values with (modulus 2, remainder 1)`,
    )
    await db.exec("insert into jobs (id) values ('a'), ('b'), ('c')")
    expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(3)
    await migrate(db, { columns: { jobs: { status: 'word' } } })
    await db.exec(
      "insert into jobs (id, word) values ('d', 'draft'), ('e', 'pending'); update jobs set word = 'pending' where id = 'd'",
    )
    expect(
      (await db.query('select job_id from interlock.job_queue_arrivals order by id')).map(
        (row) => row['job_id'],
      ),
    ).toEqual([...['a', 'b', 'c', 'e', 'd']])
  })

  it('may be workflow_executions', async () => {
    const db = await migrated(
      { workflow_executions: { execution_id: 'run', conflict_reason: 'why' } },
      'create table workflow_executions (id integer, run text primary key, conflict_reason jsonb)',
    )
    expect(await columnsOf(db, 'workflow_executions')).toEqual([
      ...['id', 'run', 'conflict_reason', 'required_models', 'blocked_by_job_id', 'why'],
    ])
  })

  it.each(['x"; drop table jobs; --', "it's", '$1', '%I', 'Ünïcode', 'select'])(
    'may call a column %s',
    async (name) => {
      const quoted = `"${name.replaceAll('"', '""')}"`
      const table = `create table jobs (${quoted} text primary key, status text, model text)`
      const db = await migrated({ jobs: { job_id: name } }, table)
      await db.exec(`insert into jobs (${quoted}, status, model) values ('a', 'pending', 'm')`)
      expect(await db.value("select job_queue_claim_arrivals('default', 10)")).toMatchObject([
        { job_id: 'a', models: ['m'] },
      ])
      await db.exec("update jobs set status = 'cancelled'; delete from jobs")
    },
  )
})

describe('names that cannot be used are told, with table, column and remedy, and nothing is changed:', () => {
  it.each<[string, ColumnNames, string]>([
    [
      'no such table',
      { workflow_executions: { execution_id: 'id' } },
      'there is no table workflow_executions in schema public',
    ],
    [
      'no such column',
      { jobs: { ...names, status: 'word' } },
      'jobs has no column word, which is to be its status',
    ],
    [
      'a key that is no id',
      { jobs: { ...names, job_id: 'made' } },
      'jobs.made, which is to be its job_id, has type timestamp with time zone: Interlock needs text, varchar or uuid',
    ],
    [
      'a status that is no word',
      { jobs: { ...names, status: 'tags' } },
      'jobs.tags, which is to be its status, has type text[]: Interlock needs text or an enum, not generated',
    ],
    [
      'a model that is a list',
      { jobs: { ...names, model: 'tags' } },
      'jobs.tags, which is to be its model, has type text[]: Interlock needs text, an enum, a number or a uuid',
    ],
    [
      'a time that is none',
      { jobs: { ...names, created_at: 'type' } },
      'jobs.type, which is to be its created_at, has type text: Interlock needs a timestamp or a date',
    ],
    [
      'a coordination column of another type',
      { jobs: { ...names, priority: 'tags' } },
      'jobs.tags, which is to be its priority, has type text[]: Interlock needs integer',
    ],
    ['a system column', { jobs: { ...names, model: 'ctid' } }, 'jobs has no column ctid'],
    [
      'two meanings of what is written',
      { jobs: { ...names, model: 'state' } },
      'jobs.state cannot be status and model at once',
    ],
    [
      'two meanings, one by its own name',
      { jobs: { ...names, conflict_reason: 'blocked_by_job_id' } },
      'jobs.blocked_by_job_id cannot be blocked_by_job_id and conflict_reason at once',
    ],
  ])('%s', async (_, columns, message) => {
    const db = await freshDatabase()
    await db.exec(ownTable)
    const error = await failureOf(migrate(db, { columns }))
    expect(error).toMatchObject({
      name: 'InterlockError',
      code: 'invalid_input',
      details: { sqlstate: 'JQ110' },
    })
    expect(error.message).toContain(message)
    expect(error.message).toMatch(/npx interlock-queue migrate --column .*=<yours>\. Nothing was changed/)
    expect(await columnsOf(db)).toHaveLength(7)
    expect(await db.value("select count(*)::int from pg_class where relname ~ '^job_queue'")).toBe(0)
  })

  it('a name that is taken says how to have another', async () => {
    const db = await freshDatabase()
    await db.exec(ownTable)
    const error = await failureOf(migrate(db, { columns: { jobs: { job_id: 'Id' } } }))
    expect(error).toMatchObject({ code: 'not_migrated', details: { sqlstate: 'JQ103' } })
    expect(error.message).toContain('jobs.priority has type text, Interlock needs integer')
    expect(error.message).toContain('npx interlock-queue migrate --column jobs.priority=<another>')
  })

  it.each([
    '{"jobs": {"input": "params"}}',
    '{"tasks": {"status": "state"}}',
    '{"jobs": {"status": ""}}',
    '{"jobs": {"status": 1}}',
    '{"jobs": "state"}',
  ])('a script that was changed by hand to say %s', async (columns) => {
    const db = await freshDatabase()
    await db.exec(ownTable)
    const script = migrationScript().replace("interlock.columns = ''", `interlock.columns = '${columns}'`)
    expect(await failureOf(db.exec(script))).toMatchObject({ code: 'JQ110' })
  })

  it.each([
    { tasks: { status: 'state' } },
    { jobs: { input: 'params' } },
    { jobs: { status: '' } },
    { jobs: { status: 'a\nb' } },
    { jobs: { status: 'a\\b' } },
    { jobs: { status: 'ä'.repeat(32) } },
  ])('by the script already: %j', (columns) => {
    expect(() => migrationScript({ columns: columns as ColumnNames })).toThrow(/^columns\.(tasks|jobs)/)
  })
})
