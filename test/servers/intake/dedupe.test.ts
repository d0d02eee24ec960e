/** Rows of `jobs` with a key: one row's job stands for the others, and those rows follow it. */
import { expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { archive } from '../../../src/tools/history/index.ts'
import { type Account, account, queuedJobs } from './support.ts'

const TABLE = `create table jobs (job_id text primary key, status text not null default 'pending', model text,
  site integer, span text)`
const COLUMNS = { jobs: { dedupe_key: 'site', dedupe_while: 'span' } }
const all = { max: 100, kinds: null }

async function keyed(): Promise<{ db: Account; coordinator: Coordinator }> {
  const db = await account(TABLE, undefined, COLUMNS)
  return { db, coordinator: await db.coordinator() }
}

const insert = (db: Account, id: string, site: number | null, span: string | null = null) =>
  db.query("insert into jobs (job_id, model, site, span) values ($1, 'm', $2, $3)", [id, site, span])

const row = async (db: Account, id: string) =>
  (
    await db.query(
      `select status, blocked_by_job_id as by, conflict_reason as reason, queued_at is not null as queued
         from jobs where job_id = $1`,
      [id],
    )
  )[0]

const follows = (db: Account, id: string, status: string, by: string | null = null, of = by ?? 'a') =>
  expect
    .poll(() => row(db, id))
    .toEqual({ status, by, reason: `deduplicated: job ${of} stands for it`, queued: true })

const open = (db: Account) => db.value('select count(*)::int from interlock.job_queue_doubles')

async function finish(coordinator: Coordinator, end: 'complete' | 'fail' = 'complete') {
  const [attempt] = await coordinator.claim(all)
  if (attempt === undefined) throw new Error('nothing starts')
  return {
    lease: attempt.lease,
    end: () =>
      end === 'complete'
        ? coordinator.complete(attempt.lease)
        : coordinator.fail(attempt.lease, { retryAt: null }),
  }
}

it.each([
  ['complete', 'completed'],
  ['fail', 'failed'],
] as const)(
  'a row whose key a live job has says so, follows it, and ends with it (%s)',
  async (how, word) => {
    const { db, coordinator } = await keyed()
    await insert(db, 'a', 7)
    await insert(db, 'b', 7)
    await insert(db, 'other', 8)
    await insert(db, 'none', null)
    await coordinator.takeIn({ max: 100 })
    await insert(db, 'c', 7)
    await coordinator.takeIn({ max: 100 })
    expect(queuedJobs(await db.log())).toEqual(['a', 'other', 'none'])
    expect((await db.log()).filter(({ type }) => type === 'deduplicated')).toMatchObject([
      { jobId: 'b', standsFor: 'a', intake: true },
      { jobId: 'c', standsFor: 'a', intake: true },
    ])
    expect(await coordinator.explain('c')).toMatchObject({ code: 'deduplicated', standsFor: 'a' })
    await follows(db, 'b', 'pending', 'a')
    await follows(db, 'c', 'pending', 'a')
    const attempt = await finish(coordinator, how)
    expect(attempt.lease.jobId).toBe('a')
    await follows(db, 'b', 'running', 'a')
    await attempt.end()
    for (const id of ['b', 'c']) await follows(db, id, word)
    await expect.poll(() => open(db)).toBe(0)
    expect(await db.value("select status from jobs where job_id = 'other'")).not.toBe(word)
    // Its key is free: the next one is a job of its own.
    await insert(db, 'd', 7)
    await coordinator.takeIn({ max: 100 })
    expect(queuedJobs(await db.log())).toContain('d')
  },
)

it('a row says for how long its job has the key; a job of the API stands for rows too', async () => {
  const { db, coordinator } = await keyed()
  await coordinator.enqueue([{ jobId: 'api', models: ['m'], dedupe: { key: '7', while: { within: '1h' } } }])
  await (await finish(coordinator)).end()
  await insert(db, 'late', 7)
  await insert(db, 'a', 8, 'waiting')
  await coordinator.takeIn({ max: 100 })
  // It has ended already, and still stands for those with its key.
  await follows(db, 'late', 'completed', null, 'api')
  await finish(coordinator)
  await insert(db, 'follower', 8, 'waiting')
  await coordinator.takeIn({ max: 100 })
  expect(queuedJobs(await db.log())).toEqual(['api', 'a', 'follower'])
})

it('a key or a time that cannot be leaves the row out with the reason, and never fails the insert', async () => {
  const { db, coordinator } = await keyed()
  await insert(db, 'later', 7, 'later')
  await insert(db, 'half', null, 'live')
  await coordinator.takeIn({ max: 100 })
  expect(queuedJobs(await db.log())).toEqual(['half'])
  expect(await db.query('select job_id, reason from job_queue_not_taken_in')).toEqual([
    { job_id: 'later', reason: expect.stringContaining('row.dedupe.while: must be "waiting", "live" or') },
  ])
})

it('a double that is deleted or cancelled by hand follows nobody, and its key still leads to the other', async () => {
  const { db, coordinator } = await keyed()
  for (const id of ['a', 'b', 'c']) await insert(db, id, 7)
  await coordinator.takeIn({ max: 100 })
  await follows(db, 'b', 'pending', 'a')
  await follows(db, 'c', 'pending', 'a')
  await db.exec(
    "update jobs set status = 'cancelled' where job_id = 'b'; delete from jobs where job_id = 'c'",
  )
  await (await finish(coordinator)).end()
  await expect.poll(() => db.value("select status from jobs where job_id = 'a'")).toBe('completed')
  expect(await db.value("select status from jobs where job_id = 'b'")).toBe('cancelled')
  expect(await open(db)).toBe(0)
})

it('a double whose row cannot be written now ends later, also when the log was cut in between', async () => {
  const { db, coordinator } = await keyed()
  await db.exec(`create table locked (job_id text);
    create function refuse_locked() returns trigger language plpgsql as
      'begin if exists (select from public.locked l where l.job_id = new.job_id) then raise exception ''locked''; end if; return new; end';
    create trigger refuse_locked before update on jobs for each row execute function refuse_locked()`)
  await insert(db, 'a', 7)
  await insert(db, 'b', 7)
  await coordinator.takeIn({ max: 100 })
  await follows(db, 'b', 'pending', 'a')
  await db.exec("insert into locked values ('b')")
  await (await finish(coordinator)).end()
  await expect.poll(() => db.value("select status from jobs where job_id = 'a'")).toBe('completed')
  const ended = (await db.log()).find(({ type }) => type === 'completed')
  // Rows are written before it is noted how far: events are cut only then.
  await expect
    .poll(() => db.value('select (max(projected_seq))::int from interlock.job_queue_heads'))
    .toBeGreaterThanOrEqual(ended?.seq ?? 0)
  await archive({ store: db.store() }, { before: ended?.seq ?? 0, keep: false })
  expect(await open(db)).toBe(1)
  await db.exec('delete from locked')
  await follows(db, 'b', 'completed')
  await expect.poll(() => open(db)).toBe(0)
})
