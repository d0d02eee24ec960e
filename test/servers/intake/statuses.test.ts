import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { migrate, migrationScript } from '../../../src/engine/migrate/index.ts'
import { join, keepingLogger } from '../coordinator/support.ts'
import { type Account, account } from './support.ts'

const all = { max: 100, kinds: null }
const statusOf = (db: Account, jobId: string) =>
  db.value('select status from jobs where job_id = $1', [jobId])

async function started(db: Account, ...jobIds: readonly string[]): Promise<Coordinator> {
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  for (const id of jobIds) await db.query("insert into jobs (job_id, model) values ($1, 'm-' || $1)", [id])
  await coordinator.takeIn({ max: 100 })
  return coordinator
}

describe('the status of a row that was taken in', () => {
  it('follows the job to each of its ends', async () => {
    const db = await account()
    const coordinator = await started(db, 'completed', 'failed', 'cancelled', 'running')
    await coordinator.enqueue([{ jobId: 'api', models: ['x'] }])
    const leases = new Map((await coordinator.claim(all)).map(({ lease }) => [lease.jobId, lease]))
    const lease = (jobId: string) => leases.get(jobId) ?? expect.fail(`${jobId} did not start`)
    await expect.poll(() => statusOf(db, 'running')).toBe('running')
    await coordinator.complete(lease('completed'))
    await coordinator.fail(lease('failed'), { retryAt: null })
    await coordinator.cancel('cancelled', { force: true })
    for (const word of ['completed', 'failed', 'cancelled'])
      await expect.poll(() => statusOf(db, word)).toBe(word)
    expect(await statusOf(db, 'running')).toBe('running')
  })

  it('is pending again while it waits for another attempt', async () => {
    const db = await account()
    const coordinator = await started(db, 'a')
    const [attempt] = await coordinator.claim(all)
    await expect.poll(() => statusOf(db, 'a')).toBe('running')
    if (attempt) await coordinator.fail(attempt.lease, { retryAt: new Date(Date.now() + 3_600_000) })
    await expect.poll(() => statusOf(db, 'a')).toBe('pending')
  })

  it('is written at most three times in the life of a job', async () => {
    const db = await account()
    await db.exec(`create table writes (n integer);
      create function count_writes() returns trigger language plpgsql as 'begin insert into public.writes values (1); return new; end';
      create trigger count_writes after update on jobs for each row execute function count_writes()`)
    const coordinator = await started(db, 'a')
    await expect.poll(() => db.value('select count(*)::int from writes')).toBe(1)
    const [attempt] = await coordinator.claim(all)
    await expect.poll(() => statusOf(db, 'a')).toBe('running')
    if (attempt) await coordinator.complete(attempt.lease)
    await expect.poll(() => statusOf(db, 'a')).toBe('completed')
    expect(await db.value('select count(*)::int from writes')).toBe(3)
  })

  it('stays as it is for jobs of the gate and the API, unless the settings say otherwise', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await db.exec("insert into jobs (job_id, model, status) values ('a', 'm', 'mine')")
    await coordinator.onJobStart('a', 'normal', ['m'])
    await expect.poll(() => db.value("select queued_at from jobs where job_id = 'a'")).not.toBeNull()
    expect(await statusOf(db, 'a')).toBe('mine')
    await db.exec(
      `insert into interlock.job_queue_settings (key, value) values ('statuses', '{"enqueued": true}')`,
    )
    await coordinator.onJobComplete('a', 'normal')
    await expect.poll(() => statusOf(db, 'a')).toBe('completed')
  })

  it('is in the words of the user, also of an enum; a word it lacks sets the row aside and stops nobody', async () => {
    const db = await account(`create type word as enum ('pending', 'processing', 'done');
      create table jobs (job_id text primary key, status word not null default 'pending', model text)`)
    await migrate(db, { statuses: { running: 'processing' } })
    await migrate(db, { statuses: { completed: 'done' } })
    const coordinator = await started(db, 'a', 'b')
    const [a, b] = await coordinator.claim(all)
    await expect.poll(() => statusOf(db, 'b')).toBe('processing')
    if (a) await coordinator.complete(a.lease)
    if (b) await coordinator.fail(b.lease, { retryAt: null })
    await expect.poll(() => statusOf(db, 'a')).toBe('done')
    await expect.poll(() => db.value('select sqlstate from job_queue_set_aside')).toBe('22P02')
    await db.exec("alter type word add value 'failed'; update job_queue_set_aside set next_at = now()")
    await expect.poll(() => statusOf(db, 'b'), { timeout: 10_000 }).toBe('failed')
  })
})

describe('a word that the table refuses', () => {
  it('is said once while it lasts, and again when it comes back; the queue goes on', async () => {
    const db = await account(
      "create table jobs (job_id text primary key, status text not null default 'pending' constraint known check (status <> 'failed'), model text)",
    )
    const logger = keepingLogger()
    const coordinator = await join({ store: db.store(), pollMs: 50, logger })
    await coordinator.setPolicy('by-model')
    await db.exec("insert into jobs (job_id, model) select n::text, 'm-' || n from generate_series(1, 3) n")
    await coordinator.takeIn({ max: 10 })
    const leases = (await coordinator.claim(all)).map(({ lease }) => lease)
    const said = () => logger.lines.filter((line) => line.includes('cannot be written'))
    const tries = () => db.value('select coalesce(max(tries), 0) from job_queue_set_aside')
    if (leases[0]) await coordinator.fail(leases[0], { retryAt: null })
    await expect.poll(tries).toBeGreaterThan(0)
    await db.exec("update job_queue_set_aside set next_at = now(); select pg_notify('interlock', 'intake')")
    if (leases[1]) await coordinator.complete(leases[1])
    await expect.poll(tries).toBeGreaterThan(1)
    await expect.poll(() => statusOf(db, '2')).toBe('completed')
    await expect
      .poll(said)
      .toEqual([
        expect.stringMatching(
          /the row of jobs of job 1 cannot be written \(a constraint refuses it: 23514\)/,
        ),
      ])
    await db.exec('alter table jobs drop constraint known; update job_queue_set_aside set next_at = now()')
    await expect.poll(() => statusOf(db, '1'), { timeout: 5_000 }).toBe('failed')
    await db.exec("alter table jobs add constraint known check (status <> 'failed') not valid")
    if (leases[2]) await coordinator.fail(leases[2], { retryAt: null })
    await expect.poll(said, { timeout: 5_000 }).toHaveLength(2)
  })
})

describe('the words of the user', () => {
  it('are bounded where they come in', () => {
    expect(migrationScript({ statuses: { failed: "it's off" } })).toContain(`'{"failed":"it''s off"}'`)
    for (const statuses of [
      { finished: 'x' },
      { failed: '' },
      { failed: 'a\nb' },
      { failed: 'a\\b' },
      { failed: '\ud83d' },
    ])
      expect(() => migrationScript({ statuses })).toThrow(/^statuses\./)
  })
})
