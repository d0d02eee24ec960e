import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { type BrowserAccount, browserAccount, followed } from './browser.ts'
import { type Account, account } from './support.ts'

const all = { max: 100, kinds: null }
const asked = async (db: Account) =>
  (await db.query("select command ->> 'job_id' as id from interlock.job_queue_inbox order by 1")).map(
    ({ id }) => id,
  )

/** One job active, one waiting, one of the server's by the API, one of the API without a row, and one that has not come in yet. */
async function filled(db: BrowserAccount): Promise<Coordinator> {
  await db.as(
    'alice',
    "insert into jobs (job_id, model, user_id) values ('active', 'm', 'alice'), ('waiting', 'm', 'alice')",
  )
  await db.serve("insert into jobs (job_id, status) values ('served', 'held')")
  await db.as('mallory', "insert into jobs (job_id, status, user_id) values ('planted', 'held', 'mallory')")
  const coordinator = await db.coordinator()
  await coordinator.takeIn({ max: 10 })
  await coordinator.claim(all)
  await coordinator.enqueue(['served', 'planted', 'rowless'].map((jobId) => ({ jobId, models: ['m'] })))
  await followed(db)
  await db.as('alice', "insert into jobs (job_id, model, user_id) values ('arrived', 'm', 'alice')")
  return coordinator
}

describe('TRUNCATE jobs', () => {
  it.each(['truncate jobs', 'truncate jobs cascade', 'delete from jobs'])(
    '%s: the live jobs of its rows are to be cancelled, no others',
    async (sql) => {
      const db = await browserAccount()
      const coordinator = await filled(db)
      await db.exec(sql)
      expect(await asked(db)).toEqual(['active', 'served', 'waiting'])
      expect(await coordinator.takeIn({ max: 10 })).toBe(0)
      await expect.poll(() => coordinator.state()).toMatchObject({ activeCount: 1, waitingCount: 2 })
      expect(coordinator.state().active()[0]).toMatchObject({ jobId: 'active', cancelRequested: true })
      expect(await db.value('select count(*)::int from interlock.job_queue_unlinked')).toBe(0)
    },
  )

  it('takes it back with its transaction', async () => {
    const db = await browserAccount()
    await filled(db)
    await db.exec('begin; truncate jobs; rollback')
    expect(await asked(db)).toEqual([])
    expect(await db.value('select count(*)::int from interlock.job_queue_unlinked')).toBe(4)
  })

  it('of one partition means its rows alone', async () => {
    const db =
      await account(`create table jobs (job_id uuid not null, status text not null, model text) partition by list (model);
      create table jobs_m partition of jobs for values in ('m');
      create table jobs_n partition of jobs for values in ('n')`)
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`)
    await db.exec(
      `insert into jobs values ('${a}', 'pending', 'm'), ('${b}', 'pending', 'n'), ('${c}', 'pending', 'n')`,
    )
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    await coordinator.enqueue([{ jobId: 'no uuid', models: ['m'] }])
    await coordinator.close()
    await db.exec('truncate jobs_m')
    expect(await asked(db)).toEqual([a])
    await db.exec('truncate jobs')
    expect(await asked(db)).toEqual([a, b, c])
  })
})

describe('TRUNCATE workflow_executions', () => {
  it('cancels nothing, as DELETE does not', async () => {
    const db = await account()
    await db.exec("insert into workflow_executions (id) values ('run')")
    const coordinator = await db.coordinator()
    await coordinator.enqueue([{ jobId: 'run', jobType: 'workflow', models: ['m'] }])
    await db.exec('truncate workflow_executions')
    expect(await asked(db)).toEqual([])
  })
})
