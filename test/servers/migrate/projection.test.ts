import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { explaining } from './plans-support.ts'
import { append, atSeq, project, rowsOfJobs } from './projection-support.ts'
import { type Database, freshDatabase, freshPglite } from './support.ts'

type Db = Pick<Database, 'query' | 'exec' | 'value'>
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** A is queued and started; B waits behind it. */
async function twoJobs(db: Db, [a, b]: readonly [string, string]): Promise<void> {
  await db.query('insert into jobs (job_id, model) select unnest($1::text[]), $2', [[a, b], 'flux-dev'])
  await append(db, {
    events: [
      ['queued', a],
      ['started', a],
      ['queued', b, { priority: 5 }],
      ['conflict', b, { reason: 'model_in_use' }],
    ],
    live: [
      { job_id: a },
      { job_id: b, priority: 5, blocked_by_job_id: a, conflict_reason: `flux-dev is in use by ${a}` },
    ],
  })
}

const running = (job_id: string, seq: number, priority = 0) => ({
  job_id,
  required_models: ['flux-dev'],
  blocked_by_job_id: null,
  conflict_reason: null,
  queued_at: atSeq(seq),
  priority,
})

it('a step looks for no row that was set aside while none is, and for each that it follows once one is', async () => {
  const db = await freshDatabase('migrated')
  await append(db, { events: [['queued', 'a']], live: [{ job_id: 'a' }] })
  const session = await explaining(db.url)
  const looks = async () => {
    await session.query(`select job_queue_project('default', 1000)`)
    const texts = session.planned().map((plan) => plan['Query Text'])
    return texts.filter((text) => text.includes('delete from public.job_queue_set_aside')).length
  }
  expect(await looks()).toBe(0)
  await db.exec(
    `insert into job_queue_set_aside (queue, target, job_id, sqlstate) values ('default', 'jobs', 'gone', '55P03')`,
  )
  expect(await looks()).toBe(1)
  expect(await db.value('select count(*)::integer from job_queue_set_aside')).toBe(0)
})

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshPglite],
])('the outer projection on %s', (_, fresh) => {
  it('writes the blocker of each job into `jobs`, and moves the checkpoint', async () => {
    const db = await fresh('migrated')
    await twoJobs(db, ['a', 'b'])
    expect(await project(db)).toEqual({
      projected_seq: 4,
      version: 4,
      written: 2,
      set_aside: 0,
      busy: false,
      targets: 2,
      took_ms: expect.any(Number),
    })
    expect(await rowsOfJobs(db)).toEqual([
      running('a', 1),
      { ...running('b', 3, 5), blocked_by_job_id: 'a', conflict_reason: 'flux-dev is in use by a' },
    ])
    expect(
      await db.query(
        'SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL;',
      ),
    ).toEqual([{ job_id: 'b', blocked_by_job_id: 'a', conflict_reason: 'flux-dev is in use by a' }])
  })

  it('writes only rows that differ', async () => {
    const db = await fresh('migrated')
    await twoJobs(db, ['a', 'b'])
    await project(db)
    await append(db, { events: [['asked', 'b']] })
    expect(await project(db)).toMatchObject({ written: 0, projected_seq: 5 })
    expect(await project(db)).toMatchObject({ written: 0, projected_seq: 5 })
  })

  it('follows a hand-off: the started job has no blocker, and the ended one keeps its last state', async () => {
    const db = await fresh('migrated')
    await twoJobs(db, ['a', 'b'])
    await project(db)
    await append(db, {
      events: [
        ['completed', 'a'],
        ['started', 'b'],
      ],
      live: [{ job_id: 'b', priority: 5 }],
      gone: ['a'],
    })
    expect(await project(db)).toMatchObject({ written: 1 })
    expect(await rowsOfJobs(db)).toEqual([running('a', 1), running('b', 3, 5)])
  })

  it('knows a job that came and went between two looks, from the log', async () => {
    const db = await fresh('migrated')
    await db.exec("insert into jobs (job_id) values ('a')")
    await append(db, {
      events: [
        ['queued', 'a', { priority: 2 }],
        ['reprioritized', 'a', { priority: 7 }],
        ['started', 'a'],
        ['completed', 'a'],
      ],
    })
    await project(db)
    expect(await rowsOfJobs(db)).toEqual([running('a', 1, 7)])
  })

  it('follows rows that no event names, when the append says that they changed', async () => {
    const db = await fresh('migrated')
    await db.exec("insert into jobs (job_id) values ('a'), ('b'), ('c')")
    await append(db, {
      events: [
        ['queued', 'a'],
        ['queued', 'b'],
        ['queued', 'c'],
      ],
      live: [{ job_id: 'a' }, { job_id: 'b' }, { job_id: 'c', blocked_by_job_id: 'a' }],
    })
    await project(db)
    await append(db, {
      events: [['cancelled', 'a']],
      live: [{ job_id: 'c', blocked_by_job_id: 'b' }],
      gone: ['a'],
      besides: ['c'],
    })
    expect(await project(db)).toMatchObject({ written: 1 })
    expect(await db.value("select blocked_by_job_id from jobs where job_id = 'c'")).toBe('b')
    expect(await db.value('select count(*)::int from interlock.job_queue_changes')).toBe(0)
  })

  it('catches up from a checkpoint in batches, to the same rows as at once', async () => {
    const db = await fresh('migrated')
    const ids = Array.from({ length: 30 }, (_, n) => `job-${n}`)
    await db.query('insert into jobs (job_id) select unnest($1::text[])', [ids])
    await append(db, { events: ids.map((id) => ['queued', id]), live: ids.map((job_id) => ({ job_id })) })
    const steps: number[] = []
    for (let at = 0; at < 30; at = steps.at(-1) ?? 30) steps.push((await project(db, 7)).projected_seq)
    expect(steps).toEqual([7, 14, 21, 28, 30])
    const rows = await rowsOfJobs(db)
    await db.exec("select job_queue_reproject('default')")
    expect(await project(db, 1000)).toMatchObject({ projected_seq: 30, written: 0 })
    expect(await rowsOfJobs(db)).toEqual(rows)
  })

  it('job_queue_reproject heals what hands or an earlier coordinator left, and doing it twice changes nothing', async () => {
    const db = await fresh('migrated')
    await twoJobs(db, ['a', 'b'])
    await project(db)
    const rows = await rowsOfJobs(db)
    await db.exec(`update jobs set blocked_by_job_id = null, conflict_reason = 'nonsense', required_models = null;
      insert into jobs (job_id, blocked_by_job_id, conflict_reason) values ('stale', 'long gone', 'conflict')`)
    for (const written of [3, 0]) {
      await db.exec("select job_queue_reproject('default')")
      expect(await project(db)).toMatchObject({ written, set_aside: 0 })
      expect(await rowsOfJobs(db)).toEqual([
        ...rows,
        {
          job_id: 'stale',
          required_models: null,
          blocked_by_job_id: null,
          conflict_reason: null,
          queued_at: null,
          priority: null,
        },
      ])
    }
  })

  it('reaches uuid keys, and passes over ids that are none', async () => {
    const db = await fresh()
    await db.exec(`create table jobs (job_id uuid primary key, status text, model text);
      create table workflow_executions (execution_id uuid primary key, id bigint);
      insert into jobs values ('${uuid(1)}'); insert into workflow_executions values ('${uuid(2)}', 7)`)
    await migrate(db)
    await append(db, {
      events: [
        ['queued', uuid(1)],
        ['queued', uuid(2)],
        ['queued', 'no-uuid'],
        ['queued', '{00000000-0000-4000-8000-000000000001}'],
      ],
      live: [
        { job_id: uuid(1) },
        { job_id: uuid(2), blocked_by_job_id: uuid(1), conflict_reason: 'because' },
        { job_id: 'no-uuid' },
      ],
    })
    expect(await project(db)).toMatchObject({ written: 2, set_aside: 0, projected_seq: 4 })
    expect(await rowsOfJobs(db)).toEqual([running(uuid(1), 1)])
    expect(
      await db.query('select required_models, blocked_by_job_id, conflict_reason from workflow_executions'),
    ).toEqual([{ required_models: ['flux-dev'], blocked_by_job_id: uuid(1), conflict_reason: 'because' }])
  })

  it('has nothing to do without tables, and starts at the beginning when they come', async () => {
    const db = await fresh()
    await migrate(db, { account: 'existing' })
    await append(db, { events: [['queued', 'a']], live: [{ job_id: 'a' }] })
    expect(await project(db)).toMatchObject({ targets: 0, projected_seq: 1, busy: false })
    await db.exec(
      "create table jobs (job_id text primary key, status text, model text); insert into jobs values ('a')",
    )
    await db.exec("update job_queue_migrations set checksum = 'of before'")
    await migrate(db)
    expect(await project(db)).toMatchObject({ targets: 1, projected_seq: 1, written: 1 })
  })

  it('keeps queues apart', async () => {
    const db = await fresh('migrated')
    await db.exec("insert into jobs (job_id) values ('a'), ('z')")
    await append(db, { events: [['queued', 'z']], live: [{ job_id: 'z' }] }, 'other')
    await append(db, { events: [['queued', 'a']], live: [{ job_id: 'a' }] })
    expect(await project(db, 1000, 'other')).toMatchObject({ written: 1, projected_seq: 1 })
    expect(await db.value("select queued_at from jobs where job_id = 'a'")).toBeNull()
    expect(await project(db, 1000, 'nobody')).toMatchObject({ version: 0, written: 0 })
  })
})
