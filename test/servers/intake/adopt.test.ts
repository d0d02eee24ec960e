import { describe, expect, it } from 'vitest'
import { interlock } from '../cli/support.ts'
import { type Account, account, arrivedJobs, queuedJobs } from './support.ts'

const old = `create table jobs (job_id text primary key, status text, model text, priority integer,
  created_at timestamptz not null default now());
  insert into jobs (job_id, status, model, created_at)
    select 'old-' || n, case when n = 3 then 'running' when n = 4 then 'completed' else 'pending' end, 'm', now() - n * interval '1 hour'
      from generate_series(1, 6) n`

async function adopt(db: Account, ...words: string[]) {
  const spoken = await interlock(['adopt', ...words, '--json', '--url', db.url])
  return { ...spoken, document: spoken.stdout === '' ? null : JSON.parse(spoken.stdout) }
}
const idsOf = (document: { jobs: { jobId: string }[] }) => document.jobs.map(({ jobId }) => jobId)

describe('interlock adopt (adopt, adoptable, job_queue_adopt, job_queue_adoptable)', () => {
  it('shows what there is, the oldest first, and changes nothing', async () => {
    const db = await account(old)
    const before = await db.query('select * from jobs order by job_id')
    const { code, document } = await adopt(db)
    expect(code).toBe(0)
    expect(document).toMatchObject({ totals: { pending: 4, running: 1 }, adopted: null })
    expect(idsOf(document)).toEqual(['old-6', 'old-5', 'old-2', 'old-1'])
    expect(await db.query('select * from jobs order by job_id')).toEqual(before)
    expect(await arrivedJobs(db)).toEqual([])
    const { stdout } = await interlock(['adopt', '--url', db.url])
    expect(stdout).toContain('4 pending, 1 running')
    expect(stdout).toContain('nothing was changed; --yes takes in these 4, in this order')
  })

  it('takes in those chosen, in order, once; the others never', async () => {
    const db = await account(old)
    expect((await adopt(db, '--limit', '2', '--yes')).document.adopted).toEqual(['old-6', 'old-5'])
    expect((await adopt(db, '--limit', '1', '--yes')).document.adopted).toEqual(['old-2'])
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 100 })
    expect(queuedJobs(await db.log())).toEqual(['old-6', 'old-5', 'old-2'])
    expect((await adopt(db, '--job', 'old-6', '--job', 'nobody', '--yes')).document).toMatchObject({
      adopted: [],
      unknown: ['old-6', 'nobody'],
    })
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('takes in a row that says running only when it is asked to, as a pending one', async () => {
    const db = await account(old)
    const preview = await adopt(db, '--status', 'running')
    expect(idsOf(preview.document)).toEqual(['old-3'])
    expect(preview.document.jobs[0].beware).toContain('says that it runs')
    expect((await adopt(db, '--job', 'old-3', '--yes')).document.adopted).toEqual(['old-3'])
    expect(await db.value("select status from jobs where job_id = 'old-3'")).toBe('pending')
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    expect(queuedJobs(await db.log())).toEqual(['old-3'])
  })

  it('says before anything is changed what cannot be a job, and leaves it alone', async () => {
    const db = await account(old)
    await db.exec(
      "update jobs set priority = 5000 where job_id = 'old-6'; update jobs set model = null where job_id = 'old-1'",
    )
    const { document } = await adopt(db)
    expect(document.jobs[0]).toMatchObject({
      jobId: 'old-6',
      cannot: expect.stringContaining('row.priority'),
    })
    expect(document.jobs.at(-1)).toMatchObject({ cannot: null, beware: expect.stringContaining('no model') })
    const { stdout } = await interlock(['adopt', '--yes', '--url', db.url])
    expect(stdout).toContain('3 jobs taken in')
    expect(stdout).toContain('not taken in: old-6: row.priority')
  })

  it('knows a status of the user’s own type and words, and keys that are UUIDs', async () => {
    const db = await account(`create type word as enum ('new', 'busy', 'completed');
      create table jobs (job_id uuid primary key, status word, model text);
      insert into jobs values ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'new', 'm'), ('bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb', 'busy', 'm')`)
    await db.exec(
      `insert into interlock.job_queue_settings (key, value) values ('statuses', '{"pending": "new", "running": "busy"}')`,
    )
    const { document } = await adopt(db, '--status', 'pending', '--status', 'running', '--yes')
    expect(document.adopted).toHaveLength(2)
    expect(await db.query('select distinct status from jobs')).toEqual([{ status: 'new' }])
    const unknown = { code: 1, document: { unknown: ['no uuid'] } }
    expect(await adopt(db, '--job', 'no uuid', '--yes')).toMatchObject(unknown)
  })

  it('takes in all or none when a CHECK of the user raises, and passes over what a trigger keeps as it is', async () => {
    const db = await account(old)
    await db.exec(
      "alter table jobs add check (status <> 'pending' or queued_at is not null or job_id <> 'old-3')",
    )
    const refused = await adopt(db, '--status', 'pending', '--status', 'running', '--yes')
    expect(refused).toMatchObject({ code: 2, document: { error: { code: 'invalid_input' } } })
    expect(await arrivedJobs(db)).toEqual([])
    await db.exec(`create function keep() returns trigger language plpgsql as 'begin return null; end';
      create trigger keep before update on jobs for each row when (old.job_id = 'old-2') execute function keep()`)
    expect((await adopt(db, '--yes')).document.adopted).toEqual(['old-6', 'old-5', 'old-1'])
  })

  it('of a queue that is named, which alone takes them in', async () => {
    const db = await account(old)
    expect((await adopt(db, '--queue', 'night', '--yes', '--limit', '1')).document.queue).toBe('night')
    const [day, night] = await Promise.all([db.coordinator(), db.coordinator(undefined, 'night')])
    expect(await day.takeIn({ max: 10 })).toBe(0)
    expect(await night.takeIn({ max: 10 })).toBe(1)
  })

  it('leaves alone a job that lives although its events were archived', async () => {
    const db = await account(old)
    await adopt(db, '--limit', '1', '--yes')
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    const behind = 'select count(*)::int from interlock.job_queue_heads where projected_seq < version'
    await expect.poll(() => db.value(behind)).toBe(0)
    const { version } = coordinator.state()
    expect(
      await interlock(['archive', '--before', String(version), '--drop', '--url', db.url]),
    ).toMatchObject({
      code: 0,
    })
    expect(idsOf((await adopt(db)).document)).toEqual(['old-5', 'old-2', 'old-1'])
    expect((await adopt(db, '--job', 'old-6', '--yes')).document).toMatchObject({
      adopted: [],
      unknown: ['old-6'],
    })
  })

  it('says what is missing: a table jobs, or a state it does not know', async () => {
    const db = await account('create table other (id int)')
    expect((await adopt(db)).document).toMatchObject({ totals: null, jobs: [] })
    expect(await adopt(db, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no table `jobs`'),
    })
    expect(await adopt(db, '--status', 'done')).toMatchObject({ code: 2 })
  })
})
