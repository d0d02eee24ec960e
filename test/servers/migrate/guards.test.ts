import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import {
  connect,
  createSupabaseRoles,
  type Database,
  failureOf,
  freshDatabase,
  freshPglite,
  grantLikeOldSupabase,
} from './support.ts'

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshPglite],
])('the log on %s', (_, fresh) => {
  it.each([
    ['UPDATE', "update job_queue_log set event_type = 'completed'"],
    ['DELETE', 'delete from job_queue_log'],
    ['TRUNCATE', 'truncate job_queue_log'],
    ['TRUNCATE', 'truncate job_queue_log cascade'],
  ])('refuses %s to its owner too: %s', async (operation, sql) => {
    const db = await fresh('migrated')
    await db.exec(
      "insert into job_queue_log (seq, created_at, queue, event_type) values (1, now(), 'default', 'drained')",
    )
    const error = await failureOf(db.exec(sql))
    expect(error).toMatchObject({ code: 'JQ101' })
    expect(error.message).toContain(operation)
    expect(error.hint).toContain('npx interlock-queue cancel')
    expect(await db.value('select count(*)::int from job_queue_log')).toBe(1)
  })

  it('takes the setting of job_queue_archive only for a cut of which there is a snapshot', async () => {
    const db = await fresh('migrated')
    const events = (table: string) =>
      `insert into ${table} (seq, created_at, queue, event_type) select n, now(), 'a:b', 'drained' from generate_series(1, 3) n`
    await db.exec(events('job_queue_log'))
    for (const sql of [
      'delete from job_queue_log where seq < 3',
      events('interlock.job_queue_log_archive'),
    ]) {
      const error = await failureOf(db.exec(`begin; set local interlock.archive = 'a:b:2'; ${sql}; commit`))
      await db.exec('rollback')
      expect(error).toMatchObject({ code: 'JQ101' })
    }
    await db.exec(`insert into interlock.job_queue_heads (queue, version) values ('a:b', 3);
      insert into interlock.job_queue_snapshots (queue, seq, state) values ('a:b', 2, '{}')`)
    await db.exec(
      `begin; set local interlock.archive = 'a:b:2'; delete from job_queue_log where seq < 3; commit`,
    )
    expect(await db.value('select count(*)::int from job_queue_log')).toBe(1)
  })
})

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshPglite],
])('the snapshot at which a log was cut, on %s', (_, fresh) => {
  const all =
    'select coalesce(array_agg(queue || seq order by queue, seq), $${}$$) from interlock.job_queue_snapshots'

  /** `cut` begins at event 5, `whole` at its first event. */
  async function cutLog(): Promise<Awaited<ReturnType<typeof fresh>>> {
    const db = await fresh('migrated')
    await db.exec(`insert into interlock.job_queue_heads (queue, version, archived_seq) values ('cut', 9, 5), ('whole', 9, 0);
      insert into interlock.job_queue_snapshots (queue, seq, state)
      select q, s, '{}' from unnest('{cut,whole}'::text[]) q, unnest('{3,5,9}'::int[]) s`)
    return db
  }

  it.each([
    ['DELETE', 'delete from interlock.job_queue_snapshots'],
    ['DELETE', "delete from interlock.job_queue_snapshots where queue = 'cut' and seq = 5"],
    ['UPDATE', `update interlock.job_queue_snapshots set state = '{"shape": 99}'`],
    ['UPDATE', 'update interlock.job_queue_snapshots set seq = seq + 1'],
    ['TRUNCATE', 'truncate interlock.job_queue_snapshots'],
  ])('is kept from %s by its owner too: %s', async (operation, sql) => {
    const db = await cutLog()
    const error = await failureOf(db.exec(sql))
    expect(error).toMatchObject({ code: 'JQ111' })
    expect(error.message).toBe(
      `the log of queue cut begins at its snapshot of event 5: ${operation} is refused`,
    )
    expect(await db.value(all)).toEqual(['cut3', 'cut5', 'cut9', 'whole3', 'whole5', 'whole9'])
    // What the hint says does it without.
    const hinted = /DELETE FROM .*[^.]/.exec(error.hint ?? '')?.[0] ?? ''
    await db.exec(hinted)
    expect(await db.value(all)).toEqual(['cut5'])
  })

  it('is the only one: others may be deleted, and all where no log was cut', async () => {
    const db = await cutLog()
    await db.exec("delete from interlock.job_queue_snapshots where queue = 'whole' or seq < 5")
    expect(await db.value(all)).toEqual(['cut5', 'cut9'])
    await db.exec(
      'update interlock.job_queue_heads set archived_seq = 0; truncate interlock.job_queue_snapshots',
    )
    expect(await db.value(all)).toEqual([])
  })
})

/** An application whose browsers read and write jobs, as many do. The first one is migrated, the others are copies of it. */
async function openAccount(): Promise<Database> {
  account ??= migratedAccount()
  return connect(await createDatabase('migrate', await account))
}
let account: Promise<URL> | undefined

async function migratedAccount(): Promise<URL> {
  const db = await freshDatabase()
  await createSupabaseRoles(db)
  await grantLikeOldSupabase(db)
  await db.exec(`
    create table jobs (job_id text primary key, status text not null default 'pending', model text, note text);
    create table workflow_executions (id uuid primary key default gen_random_uuid(), status text);`)
  await migrate(db)
  await db.exec("insert into jobs (job_id, model, priority) values ('a', 'flux-dev', 3)")
  await db.end()
  return new URL(db.url)
}

const values = {
  required_models: "'{}'",
  blocked_by_job_id: "'x'",
  conflict_reason: "'x'",
  queued_at: 'now()',
  priority: '9',
}

describe.each(['anon', 'authenticated'])('%s', (role) => {
  it.each(Object.entries(values))('cannot set or change jobs.%s', async (column, value) => {
    const db = await openAccount()
    await db.exec(`set role ${role}`)
    const inserted = await failureOf(db.exec(`insert into jobs (job_id, ${column}) values ('b', ${value})`))
    expect(inserted).toMatchObject({ code: 'JQ102' })
    expect(inserted.message).toContain(role)
    expect(inserted.hint).toContain('service_role')
    expect(await failureOf(db.exec(`update jobs set ${column} = ${value}`))).toMatchObject({ code: 'JQ102' })
    expect(
      await failureOf(
        db.exec(
          `insert into jobs (job_id) values ('a') on conflict (job_id) do update set ${column} = ${value}`,
        ),
      ),
    ).toMatchObject({ code: 'JQ102' })
  })

  it.each(Object.entries(values).slice(0, 3))('cannot set workflow_executions.%s', async (column, value) => {
    const db = await openAccount()
    await db.exec(`set role ${role}`)
    expect(
      await failureOf(db.exec(`insert into workflow_executions (${column}) values (${value})`)),
    ).toMatchObject({
      code: 'JQ102',
    })
  })

  it('writes its own columns as before', async () => {
    const db = await openAccount()
    await db.exec(`set role ${role}`)
    await db.exec("insert into jobs (job_id, model) values ('b', 'flux-dev')")
    await db.exec("update jobs set status = 'cancelled', priority = priority")
    await db.exec('insert into workflow_executions default values')
  })
})

describe('what is trusted', () => {
  it('service_role and the owner set them', async () => {
    const db = await openAccount()
    for (const role of ['service_role', 'postgres']) {
      await db.exec(`set role ${role}; update jobs set required_models = '{a,b}', priority = 5; reset role`)
    }
    expect(await db.value('select priority from jobs')).toBe(5)
  })

  it("a trigger of the user's may fill them in for a browser", async () => {
    const db = await openAccount()
    await db.exec(`create function plan() returns trigger language plpgsql as 'begin new.priority := 2; return new; end';
      create trigger "AAA" before insert on jobs for each row execute function plan();
      set role authenticated; insert into jobs (job_id) values ('c')`)
    expect(await db.value("select priority from jobs where job_id = 'c'")).toBe(2)
  })
})
