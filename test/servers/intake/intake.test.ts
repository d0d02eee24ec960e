import { describe, expect, it } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { type Account, account, arrivedJobs, queuedJobs } from './support.ts'

const all = { max: 1_000, kinds: null }

/** And as if the five seconds of the claim had passed. Waits for the projection, which would undo it. */
async function asIfNobodyProjected(db: Account): Promise<void> {
  const behind = 'select count(*)::int from interlock.job_queue_heads where projected_seq < version'
  await expect.poll(() => db.value(behind)).toBe(0)
  await db.exec(
    "set interlock.projecting = 'on'; update jobs set queued_at = null, status = 'pending'; reset interlock.projecting; update interlock.job_queue_arrivals set claimed_until = now()",
  )
}

/** An append of an older release leaves arrivals to `taken`, before which its process dies. */
const olderThatDies = (store: LogStore): LogStore => ({
  ...store,
  append: ({ ofArrivals: _, ...request }) => store.append(request),
  taken: () => Promise.reject(new InterlockError('store_unavailable', 'it died')),
})

describe('intake of rows of jobs (job_queue_claim_arrivals, job_queue_given_up)', () => {
  it('puts them in line in the order of arrival, with their models, kind and priority', async () => {
    const db = await account()
    await db.exec('alter table jobs add kind text, add job_type text')
    await db.exec(`
      insert into jobs (job_id, model) values ('one', 'm'), ('two', null);
      insert into jobs (job_id, model, required_models, priority, kind, job_type)
        values ('three', 'm', array['a', 'b'], 5, 'render', 'workflow'), ('four', 'm', '{}', null, null, 'video');
      insert into jobs (job_id, model, status) values ('draft', 'm', 'draft');
      insert into jobs (job_id, model, queued_at) values ('queued', 'm', now());`)
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 3 })).toBe(3)
    expect(await coordinator.takeIn({ max: 3 })).toBe(1)
    expect(await coordinator.takeIn({ max: 3 })).toBe(0)
    expect((await db.log()).filter(({ type }) => type === 'queued')).toMatchObject([
      { intake: true, spec: { jobId: 'one', models: ['m'], kind: 'normal', priority: 0, attempts: 3 } },
      { intake: true, spec: { jobId: 'two', models: [] } },
      {
        intake: true,
        spec: { jobId: 'three', models: ['a', 'b'], kind: 'render', priority: 5, jobType: 'workflow' },
      },
      { intake: true, spec: { jobId: 'four', models: [], jobType: 'normal' } },
    ])
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('knows whose they are by user_id, for a fair share', async () => {
    const db = await account()
    await db.exec('alter table jobs add user_id text')
    const coordinator = await db.coordinator()
    await coordinator.setPolicy({ maxActive: null, fairShare: { maxActive: 1 } })
    await db.exec(
      `insert into jobs (job_id, model, user_id) values ('a', 'm', 'ann'), ('b', 'n', 'ann'), ('c', 'o', 'bob')`,
    )
    await coordinator.takeIn({ max: 10 })
    const started = await coordinator.claim({ max: 10, kinds: null })
    expect(started.map(({ lease }) => lease.jobId)).toEqual(['a', 'c'])
  })

  it('leaves alone what was there before the migration', async () => {
    const db = await account(`create table jobs (job_id text primary key, status text, model text);
      insert into jobs values ('old', 'pending', 'm')`)
    await db.exec("insert into jobs values ('new', 'pending', 'm')")
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    expect(queuedJobs(await db.log())).toEqual(['new'])
  })

  it('notes only what was committed, and only what was inserted', async () => {
    const db = await account()
    await db.exec("begin; insert into jobs (job_id) values ('rolled back'); rollback")
    await db.exec("insert into jobs (job_id) values ('a')")
    await db.exec("insert into jobs (job_id) values ('a'), ('b') on conflict do nothing")
    await db.exec(
      "insert into jobs (job_id) values ('a'), ('c') on conflict (job_id) do update set model = 'm'",
    )
    await db.exec('copy jobs (job_id, model) from program \'printf "d\\tm\\ne\\tm\\n"\'')
    expect(await arrivedJobs(db)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('finds rows of a partitioned table, whichever table the statement names', async () => {
    const db = await account(`
      create table jobs (job_id uuid not null default gen_random_uuid(), status text not null, model text) partition by list (status);
      create table jobs_pending partition of jobs for values in ('pending');
      create table jobs_rest partition of jobs default`)
    const [a, b] = ['aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb']
    await db.query("insert into jobs values ($1, 'pending', 'm'), (gen_random_uuid(), 'completed', 'm')", [a])
    await db.query("insert into jobs_pending values ($1, 'pending', 'm')", [b])
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(2)
    expect(queuedJobs(await db.log())).toEqual([a, b])
  })

  it('reads a status that is an enum', async () => {
    const db = await account(`create type word as enum ('pending', 'completed');
      create table jobs (job_id varchar(50) primary key, status word, model text)`)
    await db.exec("insert into jobs values ('a', 'pending', 'm'), ('b', 'completed', 'm'), ('c', null, 'm')")
    expect(await arrivedJobs(db)).toEqual(['a'])
  })

  it('knows the word of the user for pending', async () => {
    const db = await account()
    await db.exec(`insert into interlock.job_queue_settings (key, value) values ('statuses', '{"pending": "new"}');
      insert into jobs (job_id, status) values ('a', 'new'), ('b', 'pending')`)
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    expect(queuedJobs(await db.log())).toEqual(['a'])
  })

  it('sets aside what cannot be a job, and says why', async () => {
    const db = await account('create table jobs (job_id text, status text, model text)')
    await db.query(
      `insert into jobs (job_id, status, model) values
         (null, 'pending', 'm'), ($1, 'pending', 'm'), ($2, 'pending', 'm'), ('no model', 'pending', ''), ('good', 'pending', 'm')`,
      ['x'.repeat(1_000), 'bell\u0007'],
    )
    await db.exec(
      "insert into jobs (job_id, status, required_models, priority) values ('nulls', 'pending', array['m', null], 0), ('high', 'pending', null, 5000)",
    )
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 100 })).toBe(7)
    expect(queuedJobs(await db.log())).toEqual(['good'])
    const refused = await db.query(
      'select left(job_id, 4) as id, reason from job_queue_not_taken_in order by id',
    )
    const reasons = new Map(refused.map((row) => [row['id'], String(row['reason'])]))
    expect(reasons.size).toBe(6)
    expect(reasons.get(null)).toContain('row.jobId: must be a text')
    expect(reasons.get('xxxx')).toContain('row.jobId: must have at most 200 characters')
    expect(reasons.get('bell')).toContain('row.jobId: must not contain control characters')
    expect(reasons.get('no m')).toContain('row.models[0]: must not be empty')
    expect(reasons.get('null')).toContain('row.models[1]: must be a text')
    expect(reasons.get('high')).toContain('row.priority: must be a whole number')
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('sets aside the rows without models that the policy rejects, and takes in the others', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await coordinator.setPolicy({ emptySet: 'reject' })
    await db.exec("insert into jobs (job_id, model) values ('a', 'm'), ('b', null), ('c', 'm')")
    expect(await coordinator.takeIn({ max: 10 })).toBe(3)
    expect(queuedJobs(await db.log())).toEqual(['a', 'c'])
    expect(await db.value('select job_id from job_queue_not_taken_in')).toBe('b')
  })

  it('drops an arrival whose row is gone or no longer pending', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) values ('deleted', 'm'), ('held', 'm'), ('kept', 'm')")
    await db.exec(
      "delete from jobs where job_id = 'deleted'; update jobs set status = 'held' where job_id = 'held'",
    )
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    expect(queuedJobs(await db.log())).toEqual(['kept'])
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('takes each row in once, with eight processes at it', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) select 'job-' || n, 'm' from generate_series(1, 600) n")
    const processes = await Promise.all(Array.from({ length: 8 }, () => db.coordinator()))
    await Promise.all(
      processes.map(async (coordinator) => {
        while ((await coordinator.takeIn({ max: 50 })) > 0);
      }),
    )
    const ids = queuedJobs(await db.log())
    expect(ids).toHaveLength(600)
    expect(new Set(ids).size).toBe(600)
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('takes a row in once although a process of an older release dies before it has said so', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) values ('live', 'm'), ('ended', 'n')")
    const first = await db.coordinator(olderThatDies(db.store()))
    await first.setPolicy('by-model')
    await expect(first.takeIn({ max: 10 })).rejects.toThrow('it died')
    const started = await first.claim(all)
    const ended = started.find(({ lease }) => lease.jobId === 'ended')
    if (ended === undefined) throw new Error('it was not started')
    await first.complete(ended.lease)
    const second = await db.coordinator()
    expect(await second.takeIn({ max: 10 })).toBe(0)
    await asIfNobodyProjected(db)
    await db.exec("insert into jobs (job_id, model) values ('fresh', 'm')")
    expect(await second.takeIn({ max: 10 })).toBe(3)
    expect(queuedJobs(await db.log())).toEqual(['live', 'ended', 'fresh'])
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('gives what one queue has claimed to no other queue', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    const first = await db.coordinator(olderThatDies(db.store()), 'one')
    await expect(first.takeIn({ max: 10 })).rejects.toThrow('it died')
    await asIfNobodyProjected(db)
    expect(await (await db.coordinator(undefined, 'two')).takeIn({ max: 10 })).toBe(0)
    expect(await (await db.coordinator(undefined, 'one')).takeIn({ max: 10 })).toBe(1)
    expect(queuedJobs(await db.log('two'))).toEqual([])
  })

  it('passes over a job that was enqueued meanwhile, whatever its models', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) values ('a', 'm'), ('b', 'm')")
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'a', models: ['other'] }])
    await asIfNobodyProjected(db)
    await coordinator.takeIn({ max: 10 })
    expect(queuedJobs(await db.log())).toEqual(['a', 'b'])
  })

  it('wakes coordinators when rows arrive, and when notifications are off they find them all the same', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    const woken = new Promise<void>((resolve) => void coordinator.intake$.subscribe(resolve))
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    await woken
    await db.exec("set interlock.notify = 'off'; insert into jobs (job_id, model) values ('b', 'm')")
    expect(await coordinator.takeIn({ max: 10 })).toBe(2)
  })
})
