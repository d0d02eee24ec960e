// Slow: the same race many times.
/** A row that is gone before its job is in line is not worked, however close it was: `RACES=500` for a long run. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { type Account, account, arrivedJobs, queuedJobs } from '../../servers/intake/support.ts'

const RACES = Number(process.env['RACES'] ?? 15)
const claim = { max: 10, kinds: null }
const partitioned = `create table jobs (job_id text not null, status text not null default 'pending', model text) partition by list (model);
  create table jobs_m partition of jobs for values in ('m');
  create table jobs_n partition of jobs for values in ('n')`
const insert = `insert into jobs (job_id, status, model) values ('j', 'pending', 'm'), ('k', 'pending', 'n')`

/** Takes in once; `meanwhile` happens after the rows were claimed, and before the append that would put them in line. */
async function takesIn(db: Account, meanwhile: () => Promise<unknown>): Promise<Coordinator> {
  const store = db.store()
  const events = [meanwhile]
  const between: LogStore = {
    ...store,
    arrivals: async (queue, limit) => {
      const arrivals = await store.arrivals(queue, limit)
      await events.shift()?.()
      return arrivals
    },
  }
  const coordinator = await db.coordinator(between)
  await coordinator.setPolicy('by-model')
  await coordinator.takeIn({ max: 10 })
  return coordinator
}

/** What a process that died has claimed is free again. */
const free = (db: Account) =>
  db.exec("update interlock.job_queue_arrivals set claimed_until = clock_timestamp() - interval '1 second'")

describe('between the claim of a row and the append that puts its job in line', () => {
  it.each(["delete from jobs where job_id = 'j'", "update jobs set status = 'cancelled' where job_id = 'j'"])(
    '%s',
    async (sql) => {
      const db = await account()
      await db.exec(insert)
      const coordinator = await takesIn(db, () => db.exec(sql))
      expect(queuedJobs(await db.log())).toEqual(['k'])
      expect((await coordinator.claim(claim)).map(({ lease }) => lease.jobId)).toEqual(['k'])
      expect(await arrivedJobs(db)).toEqual([])
    },
  )

  it('TRUNCATE, of the table and of a partition', async () => {
    const db = await account(partitioned)
    await db.exec(insert)
    await takesIn(db, () => db.exec('truncate jobs_m'))
    expect(queuedJobs(await db.log())).toEqual(['k'])
    await db.exec(insert.replaceAll("('", "('second "))
    await takesIn(db, () => db.exec('truncate jobs'))
    expect(queuedJobs(await db.log())).toEqual(['k'])
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('deleted in a transaction that goes on: the queue does not wait, and goes by how it ends', async () => {
    const db = await account()
    await db.exec(insert)
    const user = await db.connect()
    const coordinator = await takesIn(db, () => user.exec("begin; delete from jobs where job_id = 'j'"))
    expect(queuedJobs(await db.log())).toEqual(['k'])
    await user.exec('rollback')
    await free(db)
    await coordinator.takeIn({ max: 10 })
    expect(queuedJobs(await db.log())).toEqual(['k', 'j'])
  })

  it('deleted, and inserted again: it comes as what it is now', async () => {
    const db = await account()
    await db.exec(insert)
    const again = "delete from jobs where job_id = 'j'; insert into jobs (job_id, model) values ('j', 'n')"
    const coordinator = await takesIn(db, () => db.exec(again))
    await coordinator.takeIn({ max: 10 })
    expect(await db.value("select models from job_queue_jobs where job_id = 'j'")).toEqual(['n'])
  })

  it('under REPEATABLE READ it fails like any deletion of what has changed, or the row is gone', async () => {
    const db = await account()
    await db.exec(insert)
    const user = await db.connect()
    await user.exec('begin isolation level repeatable read; select from jobs')
    const coordinator = await takesIn(db, async () => {})
    await expect(user.exec("delete from jobs where job_id = 'j'")).rejects.toMatchObject({ code: '40001' })
    // The columns of the row follow the log: a deletion at that very moment would fail once more.
    const follows = () => db.value("select queued_at is not null from jobs where job_id = 'j'")
    await expect.poll(follows).toBe(true)
    await user.exec(
      "rollback; begin isolation level repeatable read; delete from jobs where job_id = 'j'; commit",
    )
    expect((await coordinator.claim(claim)).map(({ lease }) => lease.jobId)).toEqual(['k'])
  })

  it('one of two rows of an id: the other one is left', async () => {
    const db = await account('create table jobs (job_id text, status text, model text, note text)')
    await db.exec(`insert into jobs values ('j', 'pending', 'm', 'a'), ('j', 'pending', 'm', 'b')`)
    await takesIn(db, () => db.exec("delete from jobs where note = 'a'"))
    expect(queuedJobs(await db.log())).toEqual(['j'])
  })
})

describe('at the same time as the append', () => {
  const ends: readonly [string, (db: Account, jobId: string) => Promise<unknown>][] = [
    ['deleted', (db, id) => db.query('delete from jobs where job_id = $1', [id])],
    ['cancelled', (db, id) => db.query("update jobs set status = 'cancelled' where job_id = $1", [id])],
    ['truncated', (db) => db.exec('truncate jobs')],
    [
      'deleted under a lock of the table',
      (db, id) => db.exec(`begin; lock table jobs; delete from jobs where job_id = '${id}'; commit`),
    ],
  ]
  it.each(ends)(
    '%s: its job is not started any more',
    { timeout: 20_000 + RACES * 200 },
    async (_name, end) => {
      const db = await account()
      const coordinator = await db.coordinator()
      await coordinator.setPolicy('by-model')
      const user = (await db.connect()) as Account
      for (let n = 0; n < RACES; n++) {
        await db.exec(`insert into jobs (job_id, model) values ('j${n}', 'm')`)
        const taking = coordinator.takeIn({ max: 10 })
        // The one is ahead of the other by another while each time.
        for (let turn = 0; turn < n % 12; turn++) await new Promise(setImmediate)
        await end(user, `j${n}`)
        await taking
        expect(await coordinator.claim(claim), `race ${n}`).toEqual([])
        await expect.poll(() => coordinator.state().waitingCount, { interval: 1 }).toBe(0)
      }
      if (process.env['SHOW'])
        console.log(_name, queuedJobs(await db.log()).length, 'taken in first, of', RACES)
      expect(await arrivedJobs(db)).toEqual([])
    },
  )
})
