/** A pending row of which no job comes, since the queue knew its id before: the row says so, and does not stay pending without a word. */
import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { browserAccount, followed } from './browser.ts'
import { account } from './support.ts'

const SAID =
  'not taken in: the queue knew a job with this id before this row; insert the row under another id'
const rowIn = (key: string, reason: string) =>
  `select status, ${reason} as reason, queued_at from jobs where ${key} = 'x'`
const silent = { status: 'pending', reason: null, queued_at: null }
const told = { status: 'pending', reason: SAID, queued_at: null }

describe('a row under the id of a job that the queue knew before', () => {
  it('says so if a browser wrote it while the job of the server is live, and after that job has ended', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'x', models: ['m'] }])
    const row = () => db.query(rowIn('job_id', 'conflict_reason'))
    const plant = "insert into jobs (job_id, model, user_id) values ('x', 'n', 'mallory')"
    await db.as('mallory', plant)
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    expect(await row()).toEqual([told])
    // No look comes again, and no step of the projection takes it back.
    expect(await coordinator.takeIn({ max: 10 })).toBe(0)
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started !== undefined) await coordinator.complete(started.lease)
    await followed(db)
    expect(await row()).toEqual([told])
    await db.as('mallory', `delete from jobs; ${plant}`)
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    expect(await row()).toEqual([told])
  })

  it('says so if the server wrote it after the job had ended, and is that of the job while it is live', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'x', models: ['m'] }])
    await db.exec("insert into jobs (job_id, model) values ('x', 'm')")
    const row = async () => (await db.query(rowIn('job_id', 'conflict_reason')))[0]
    await coordinator.takeIn({ max: 10 })
    expect(await row()).toMatchObject({ status: 'pending', reason: null })
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    await followed(db)
    expect(await row()).toMatchObject({ reason: null, queued_at: expect.any(Date) })
    if (started !== undefined) await coordinator.complete(started.lease)
    await followed(db)
    await db.exec("delete from jobs; insert into jobs (job_id, model) values ('x', 'm')")
    await coordinator.takeIn({ max: 10 })
    expect(await row()).toEqual(told)
  })

  it('says so later if somebody has locked it, and waits for nobody', async () => {
    const db = await browserAccount()
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'x', models: ['m'] }])
    await db.as('mallory', "insert into jobs (job_id, model, user_id) values ('x', 'n', 'mallory')")
    await db.exec("begin; select from jobs where job_id = 'x' for update")
    const other = await db.coordinator()
    expect(await other.takeIn({ max: 10 })).toBe(1)
    await db.exec('rollback')
    expect(await db.query(rowIn('job_id', 'conflict_reason'))).toEqual([silent])
    // It stays claimed for 5 s, so that nobody asks for it at once again.
    await db.exec('update interlock.job_queue_arrivals set claimed_until = clock_timestamp()')
    expect(await other.takeIn({ max: 10 })).toBe(1)
    expect(await db.query(rowIn('job_id', 'conflict_reason'))).toEqual([told])
  })

  it('stays silent if the table refuses the sentence, and the others speak', async () => {
    const db = await account()
    await db.exec("alter table jobs add check (job_id <> 'x' or conflict_reason is null)")
    const coordinator = await db.coordinator()
    await coordinator.enqueue(['x', 'y'].map((jobId) => ({ jobId, models: [jobId] })))
    await coordinator.setPolicy('by-model')
    for (const { lease } of await coordinator.claim({ max: 9, kinds: null }))
      await coordinator.complete(lease)
    await followed(db)
    await db.exec("insert into jobs (job_id, model) values ('x', 'm'), ('y', 'm')")
    expect(await coordinator.takeIn({ max: 10 })).toBe(2)
    expect(await coordinator.takeIn({ max: 10 })).toBe(0)
    expect(await db.query('select conflict_reason from jobs order by job_id')).toEqual([
      { conflict_reason: null },
      { conflict_reason: SAID },
    ])
  })

  it('says so where ids are UUIDs and the columns have names of the user', async () => {
    const id = '6f1c2f52-7a35-4a0e-9f0b-0d6a3c1f0001'
    const db = await account(undefined, async (made) => {
      await made.exec(
        "create table jobs (id uuid primary key, status text not null default 'pending', model text, why text)",
      )
      await migrate(made, { columns: { jobs: { job_id: 'id', conflict_reason: 'why' } } })
    })
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: id, models: ['m'] }])
    for (const { lease } of await coordinator.claim({ max: 1, kinds: null }))
      await coordinator.complete(lease)
    await followed(db)
    await db.query("insert into jobs (id, model) values ($1, 'm')", [id])
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    expect(await db.query('select why from jobs')).toEqual([{ why: SAID }])
  })
})
