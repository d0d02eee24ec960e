/** A database of before, with all objects in schema public: the migration moves those that nobody names, as they are. */
import { firstValueFrom } from 'rxjs'
import { expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { innerFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { innerTables } from '../../../src/engine/migrate/version.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createCoordinator, createJobWorker, silentLogger } from '../../../src/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { createSupabaseRoles, type Database, databaseMadeBy, failureOf, interlockObjects } from './support.ts'

/** Puts everything back into schema public, as releases before had it. */
async function asBefore(db: Database): Promise<void> {
  for (const table of innerTables) await db.exec(`alter table interlock.${table} set schema public`)
  await db.exec('alter sequence interlock.job_queue_intake_woken set schema public')
  const functions = await db.query(
    `select p.oid::regprocedure::text as id, pg_get_functiondef(p.oid) as text from pg_proc p
      where p.proname ~ '^job_queue_' and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)`,
  )
  await db.exec('set check_function_bodies = off')
  for (const { id } of functions)
    if (String(id).startsWith('interlock.')) await db.exec(`alter function ${String(id)} set schema public`)
  for (const { text } of functions)
    await db.exec(String(text).replaceAll('interlock.job_queue_', 'public.job_queue_'))
  await db.exec("drop schema interlock; delete from job_queue_migrations where version = '027.1'")
  await db.exec("update job_queue_migrations set checksum = 'of before'")
}

const before = () =>
  databaseMadeBy('before', async (db) => {
    await createSupabaseRoles(db)
    await migrate(db)
    await asBefore(db)
  })

async function queueOf(db: Database) {
  const store = postgresStore(db.url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  return { store, coordinator }
}

/** Every row of every moved table, and where its sequences are. */
async function contents(db: Database, schema: string) {
  const all: Record<string, unknown> = {}
  for (const table of innerTables)
    all[table] = await db.query(
      `select to_jsonb(t) as row from ${schema}.${table} t order by to_jsonb(t)::text`,
    )
  const sequences = ['arrivals_id_seq', 'submissions_id_seq', 'published_place_seq', 'intake_woken']
  for (const name of sequences)
    all[name] = await db.value(`select last_value from ${schema}.job_queue_${name}`)
  return all
}

const inPublic = async (db: Database) =>
  (
    await db.query(
      `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S', 'v')
          and relname ~ '^job_queue_'
       union all select proname from pg_proc where pronamespace = 'public'::regnamespace and proname = any ($1) order by 1`,
      [innerFunctions()],
    )
  ).map(({ name }) => name)

it('rows, sequences and policies go with their tables, and nothing is left in public', async () => {
  const db = await before()
  await db.exec(`insert into job_queue_operators (queue, worker_id, operator) values ('default', 'w', 'ada');
    insert into job_queue_submissions (queue, job_id, request_id, job) values ('other', 'j', 'r', '{}');
    insert into jobs (job_id, model) values ('a', 'm'), ('b', 'm');
    insert into job_queue_settings (key, value) values ('statuses', '{"running": "busy"}');
    create policy mine on job_queue_operators for select to authenticated using (operator = 'ada')`)
  const was = await contents(db, 'public')
  await migrate(db)
  expect(await contents(db, 'interlock')).toEqual(was)
  expect(await db.value("select polname from pg_policy where polname = 'mine'")).toBe('mine')
  await db.exec('drop policy mine on interlock.job_queue_operators')
  expect(await inPublic(db)).toEqual([
    'job_queue_jobs',
    'job_queue_log',
    'job_queue_migrations',
    'job_queue_not_taken_in',
    'job_queue_places',
    'job_queue_set_aside',
    'job_queue_state',
    'job_queue_state_id_seq',
  ])
  const made = await databaseMadeBy('made', async (fresh) => {
    await createSupabaseRoles(fresh)
    await migrate(fresh)
  })
  expect(await interlockObjects(db)).toEqual(await interlockObjects(made))
  expect(await migrate(db)).toEqual({ version: '027', applied: false })
})

it('the queue goes on, and its log is whole', async () => {
  const db = await before()
  await db.exec("insert into jobs (job_id, model) values ('a', 'm'), ('b', 'm')")
  await migrate(db)
  const { store, coordinator } = await queueOf(db)
  const worker = createJobWorker({ coordinator, intake: true, handlers: { normal: () => ({ done: true }) } })
  const ended = Promise.all(['a', 'b'].map((id) => firstValueFrom(coordinator.ended$(id))))
  worker.start()
  await ended
  await worker.drain()
  // The process may still be at it.
  const project = () => db.value("select job_queue_project('default', 100) -> 'busy'")
  while ((await project()) === true);
  expect(await db.query('select job_id, status from jobs order by 1')).toEqual([
    { job_id: 'a', status: 'completed' },
    { job_id: 'b', status: 'completed' },
  ])
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})

it('the migration of an earlier release is refused: it would make all of it once more', async () => {
  const db = await before()
  await migrate(db)
  // What an earlier release looks at before it changes anything; its stores take a later version that they can read.
  expect(await db.value("select max(version) > '027' from job_queue_migrations")).toBe(true)
})

it('a schema of that name that is for something else is named, and nothing is changed', async () => {
  const db = await before()
  await db.exec('create schema interlock; create table interlock.mine (id int)')
  expect(await failureOf(migrate(db))).toMatchObject({
    code: 'not_migrated',
    message: expect.stringContaining('mine in it is not Interlock'),
  })
  expect(await db.value("select to_regclass('public.job_queue_heads') is not null")).toBe(true)
})

it('who holds one table and waits for another does not stop it', async () => {
  const db = await before()
  const other = await db.connect()
  const pid = await other.value('select pg_backend_pid()')
  await other.exec(
    "begin; insert into job_queue_operators (queue, worker_id, operator) values ('default', 'w', 'ada')",
  )
  const migrating = migrate(db)
  const blocked = `select exists (select from pg_stat_activity where ${String(pid)} = any (pg_blocking_pids(pid)))`
  const watcher = await db.connect()
  while ((await watcher.value(blocked)) !== true);
  await other.exec("update job_queue_heads set epoch = epoch where queue = 'default'; commit")
  expect(await migrating).toMatchObject({ applied: true })
  expect(await db.value('select operator from interlock.job_queue_operators')).toBe('ada')
})
