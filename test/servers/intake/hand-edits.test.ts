import { describe, expect, it } from 'vitest'
import { createSupabaseRoles } from '../migrate/support.ts'
import { type Account, account, arrivedJobs, queuedJobs } from './support.ts'

const all = { max: 100, kinds: null }

const eventsOf = async (db: Account, jobId: string) =>
  (await db.log()).filter((event) => 'jobId' in event && event.jobId === jobId)
const typesOf = async (db: Account, jobId: string) => (await eventsOf(db, jobId)).map(({ type }) => type)

/** Two jobs on one model, taken in and started: `active` runs, `waiting` waits for it. */
async function twoJobs() {
  const db = await account()
  await db.exec("insert into jobs (job_id, model) values ('active', 'm'), ('waiting', 'm')")
  const coordinator = await db.coordinator()
  await coordinator.takeIn({ max: 10 })
  const [started] = await coordinator.claim(all)
  if (started === undefined) throw new Error('nothing was started')
  return { db, coordinator, lease: started.lease }
}

describe('a hand edit of jobs', () => {
  it('DELETE: a waiting job is cancelled, in the name of sql', async () => {
    const { db } = await twoJobs()
    await db.exec("delete from jobs where job_id = 'waiting'")
    await expect.poll(() => typesOf(db, 'waiting')).toContain('cancelled')
    expect((await eventsOf(db, 'waiting')).at(-1)).toMatchObject({
      type: 'cancelled',
      workerId: 'sql',
      token: null,
    })
    await expect.poll(() => db.value('select answer from interlock.job_queue_inbox')).toEqual({ ok: true })
  })

  it('DELETE: an active job is asked to stop, and keeps its models until it has', async () => {
    const { db, coordinator, lease } = await twoJobs()
    await db.exec('delete from jobs')
    await expect.poll(() => typesOf(db, 'active')).toContain('cancel_requested')
    expect(coordinator.state().activeCount).toBe(1)
    await coordinator.confirmCancel(lease)
    expect((await typesOf(db, 'active')).at(-1)).toBe('cancelled')
  })

  it("status = 'cancelled': the job is cancelled, and the row says so", async () => {
    const { db } = await twoJobs()
    await db.exec("update jobs set status = 'cancelled' where job_id = 'waiting'")
    await expect.poll(() => typesOf(db, 'waiting')).toContain('cancelled')
    // What was under way to the row may write over it, before the cancel does.
    await expect.poll(() => db.value("select status from jobs where job_id = 'waiting'")).toBe('cancelled')
  })

  it('status = anything else: nothing happens, and the next change of the job writes over it', async () => {
    const { db, coordinator, lease } = await twoJobs()
    await expect.poll(() => db.value("select status from jobs where job_id = 'active'")).toBe('running')
    await db.exec("update jobs set status = 'completed'")
    await coordinator.catchUp()
    expect(await db.value('select count(*)::int from interlock.job_queue_inbox')).toBe(0)
    await coordinator.fail(lease, { retryAt: null })
    await expect.poll(() => db.value("select status from jobs where job_id = 'active'")).toBe('failed')
  })

  it("status = 'pending' on a row that was never queued: it is taken in; on one that was, it is not", async () => {
    const db = await account()
    await db.exec(
      "insert into jobs (job_id, model, status) values ('draft', 'm', 'draft'), ('other', 'm', 'draft')",
    )
    await db.exec("update jobs set status = 'pending' where job_id = 'draft'")
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    expect(queuedJobs(await db.log())).toEqual(['draft'])
    const [started] = await coordinator.claim(all)
    if (started) await coordinator.fail(started.lease, { retryAt: null })
    await expect.poll(() => db.value("select status from jobs where job_id = 'draft'")).toBe('failed')
    await db.exec("update jobs set status = 'pending' where job_id = 'draft'")
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('is carried out once by many processes, and means the life that it saw', async () => {
    const { db, coordinator } = await twoJobs()
    for (let n = 0; n < 3; n++) await db.coordinator()
    await db.exec("delete from jobs where job_id = 'waiting'")
    await expect
      .poll(() =>
        db.value('select count(*)::int from interlock.job_queue_inbox where answered_at is not null'),
      )
      .toBe(1)
    expect((await typesOf(db, 'waiting')).filter((type) => type === 'cancelled')).toHaveLength(1)
    await coordinator.enqueue([{ jobId: 'waiting', models: ['m'] }])
    await db.exec(
      'update interlock.job_queue_inbox set answered_at = null, answer = null, taken_until = null',
    )
    await db.exec("select pg_notify('interlock', 'intake')")
    await expect
      .poll(() => db.value('select answer ->> $1 from interlock.job_queue_inbox', ['ok']))
      .not.toBeNull()
    expect(coordinator.state().waitingCount).toBe(1)
  })

  it('in the inbox that is no command is answered with what is wrong', async () => {
    const db = await account()
    await db.coordinator()
    await db.exec(`insert into interlock.job_queue_inbox (queue, request_id, command) values
      ('default', 'a', '7'), ('default', 'b', '{"type": "cancel"}'), ('default', 'c', '{"type": "cancel", "job_id": "nobody"}')`)
    await db.exec("select pg_notify('interlock', 'intake')")
    await expect
      .poll(() => db.value('select count(*)::int from interlock.job_queue_inbox where answered_at is null'))
      .toBe(0)
    const answers = await db.query('select answer from interlock.job_queue_inbox order by request_id')
    expect(answers.map((row) => row['answer'])).toMatchObject([
      { ok: false, code: 'invalid_input', message: expect.stringContaining('command') },
      { ok: false, code: 'invalid_input', message: expect.stringContaining('command.job_id') },
      { ok: false, code: 'job_not_live' },
    ])
  })

  it('needs no privilege of the role that makes it, and goes on although something is missing', async () => {
    const { db } = await twoJobs()
    await createSupabaseRoles(db)
    await db.exec(`grant select, update, delete on jobs to authenticated;
      create policy browser on jobs to authenticated using (true);
      set role authenticated;
      update jobs set status = 'cancelled' where job_id = 'waiting';
      reset role`)
    await expect.poll(() => typesOf(db, 'waiting')).toContain('cancelled')
    await db.exec(
      'drop table interlock.job_queue_settings, interlock.job_queue_arrivals cascade; alter table jobs drop column queued_at cascade',
    )
    await db.exec(
      "update jobs set status = 'pending'; update jobs set status = 'cancelled'; delete from jobs",
    )
    expect(await db.value('select count(*)::int from jobs')).toBe(0)
  })

  it('of a partition is seen as well', async () => {
    const db =
      await account(`create table jobs (job_id text not null, status text not null, model text) partition by list (model);
      create table jobs_m partition of jobs for values in ('m');
      create table jobs_n partition of jobs for values in ('n')`)
    await db.exec(
      "insert into jobs values ('a', 'pending', 'm'), ('b', 'pending', 'n'), ('c', 'pending', 'n')",
    )
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    await db.exec(
      "delete from jobs_m; delete from jobs where job_id = 'b'; update jobs_n set status = 'cancelled'",
    )
    for (const jobId of ['a', 'b', 'c']) await expect.poll(() => typesOf(db, jobId)).toContain('cancelled')
  })
})
