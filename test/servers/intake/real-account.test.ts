/** Rows of an account as people have them become jobs, run, and follow: on a database with the roles of a Supabase project. */
import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { join } from '../coordinator/support.ts'
import { createSupabaseRoles, type Database, failureOf, freshDatabase } from '../migrate/support.ts'
import { work } from '../worker/support.ts'

const fixture = readFileSync(new URL('../migrate/fixtures/real-account.sql', import.meta.url), 'utf8')
const id = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'
const other = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'

/** The account, its owner's own connection, and what a user of the front end does. */
async function realAccount() {
  const db = await freshDatabase()
  await createSupabaseRoles(db)
  await db.exec(`select pg_advisory_lock(4712);
    do $$ begin if to_regrole('account_owner') is null then create role account_owner nologin; end if; end $$;
    select pg_advisory_unlock(4712);
    grant create, usage on schema public to account_owner`)
  const name = String(await db.value('select current_database()'))
  await db.exec(
    `alter database "${name}" set search_path = app, public; grant create on database "${name}" to account_owner`,
  )
  const owner = await db.connect()
  await owner.exec(`set role account_owner; ${fixture}`)
  const browser = (sql: string) =>
    db.exec(`begin; set local role authenticated; set local search_path = app, public;
      select set_config('request.user', 'alice', true); ${sql}; commit`)
  return { db, owner, browser }
}

/** A store that counts how often it was asked for arrivals. */
function countingStore(db: Database) {
  const store = postgresStore(db.url)
  onTestFinished(() => store.close())
  const counts = { arrivals: 0 }
  const counting: LogStore = {
    ...store,
    arrivals: (...given) => {
      counts.arrivals++
      return store.arrivals(...given)
    },
  }
  return { counting, counts }
}

const statusOf = (db: Database, jobId: string) =>
  db.value('select status::text from public.jobs where job_id = $1', [jobId])

it('a real account: what it has is reported, no row is lost that cannot be seen, and its rows run and follow', async () => {
  const { db, owner, browser } = await realAccount()
  const { found = [] } = await migrate(owner)
  expect(found.map(({ check, level }) => [check, level])).toEqual([
    ['hidden', 'problem'],
    ['defaults', 'note'],
    ['defaults', 'note'],
    ['key', 'note'],
  ])

  // Defaults are no attempt to jump the queue; what a user writes is.
  await browser(`insert into jobs (job_id, user_id, model, prompt) values ('${id}', 'alice', 'm', 'a train')`)
  await browser(`insert into jobs (job_id, user_id, model, priority) values ('${other}', 'alice', 'm', 0)`)
  for (const columns of ['priority) values (5', "queued_at) values (now() - interval '1 day'"]) {
    const insert = columns.replace(') values (', ', user_id) values (').concat(", 'alice')")
    expect(await failureOf(browser(`insert into jobs (${insert}`))).toMatchObject({ code: 'JQ102' })
    await db.exec('rollback')
  }

  // Nobody sees the rows: they are kept, and that is said once.
  const { counting, counts } = countingStore(db)
  const seen: unknown[] = []
  const run = async ({ row }: { row: unknown }) => void seen.push(row)
  const { coordinator, logger } = await work(
    { intake: true, concurrency: 1, handlers: { normal: { run } } },
    { store: counting, pollMs: 20 },
  )
  await expect.poll(() => counts.arrivals).toBeGreaterThan(3)
  const told = () => logger.lines.filter((line) => line.includes('[WORKER] intake:'))
  expect(told()).toEqual([
    expect.stringMatching(/cannot see: row level security hides them.*npx interlock-queue doctor/),
  ])
  expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(2)
  expect(seen).toEqual([])

  // A row that its user deletes meanwhile is gone, and what it asked for with it.
  await browser(`delete from jobs where job_id = '${other}'`)
  expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(1)

  // The policy that the migration names mends it.
  const remedy = /CREATE POLICY [^;]*;/.exec(found[0]?.remedy ?? '')?.[0] ?? ''
  await owner.exec(remedy)
  await expect.poll(() => statusOf(db, id), { timeout: 5_000 }).toBe('completed')
  expect(seen).toMatchObject([{ job_id: id, prompt: 'a train' }])
  expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0 })
  const audited = await db.query('select job_id, status, by_whom from app.audit order by id')
  expect(audited.at(-1)).toEqual({ job_id: id, status: 'completed', by_whom: 'account_owner' })
  expect(await db.value('select count(*)::int from job_queue_set_aside')).toBe(0)
  expect((await migrate(owner, { again: true })).found?.map(({ check }) => check)).toEqual([
    'defaults',
    'defaults',
    'key',
  ])
})

it("the user's triggers run under the search path of the database, not under that of the caller", async () => {
  const { db, owner } = await realAccount()
  await migrate(owner)
  await owner.exec(`create policy all_rows on public.jobs to account_owner using (true) with check (true);
    insert into public.jobs (job_id, user_id, model) values ('${id}', 'alice', 'm')`)
  const coordinator = await join({ store: countingStore(db).counting })
  await coordinator.takeIn({ max: 1 })
  await coordinator.close()
  const caller = await db.connect()
  await caller.exec(`create schema evil; set search_path = evil, pg_temp;
    create function evil.steal() returns trigger language plpgsql as 'begin raise exception ''ran as %'', current_user; end';
    create temp table audit (job_id uuid, status text); create table evil.audit (like pg_temp.audit);
    create trigger steal before insert on pg_temp.audit for each row execute function evil.steal();
    create trigger steal before insert on evil.audit for each row execute function evil.steal();
    grant usage on schema evil to public; grant all on evil.audit, pg_temp.audit to public`)
  await owner.exec(
    "update public.jobs set queued_at = null, status = 'pending'; delete from app.audit; update interlock.job_queue_heads set projected_seq = 0",
  )
  await caller.exec("select public.job_queue_project('default', 100)")
  expect(await db.query('select job_id, by_whom from app.audit')).toEqual([
    { job_id: id, by_whom: 'account_owner' },
  ])
  // And is the caller's again.
  expect(await caller.value('show search_path')).toBe('evil, pg_temp')
})

it('TRUNCATE of rows that cannot be seen cancels those that were taken in, and what arrived is gone', async () => {
  const { db, owner, browser } = await realAccount()
  await migrate(owner)
  await owner.exec('create policy all_rows on public.jobs to account_owner using (true) with check (true)')
  await browser(`insert into jobs (job_id, user_id, model) values ('${id}', 'alice', 'm')`)
  const coordinator = await join({ store: countingStore(db).counting })
  await coordinator.takeIn({ max: 1 })
  await browser(`insert into jobs (job_id, user_id, model) values ('${other}', 'alice', 'm')`)
  await owner.exec('drop policy all_rows on public.jobs; truncate public.jobs')
  expect(await db.query("select command ->> 'job_id' as id from interlock.job_queue_inbox")).toEqual([{ id }])
  expect(await db.value('select count(*)::int from interlock.job_queue_arrivals')).toBe(0)
})
