/** Submissions of one session come into line in the order of its commits, whichever processes take them. */
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { enqueueIn } from '../../../src/engine/transaction/index.ts'
import { type Account, account, committing, queuedJobs } from '../intake/support.ts'

const COMMITS = 120
const job = (jobId: string, more: object = {}) => ({ jobId, models: ['m'], ...more })

async function sessionOf(db: Account) {
  const client = new pg.Client(db.url)
  await client.connect()
  onTestFinished(() => client.end())
  return committing(client)
}

it('one commit after the other, with three processes that take them in', async () => {
  const db = await account()
  const processes = await Promise.all([1, 2, 3].map(() => db.coordinator()))
  const sql = await sessionOf(db)
  const ids = Array.from({ length: COMMITS }, (_, n) => `job-${n}`)
  for (const id of ids) await enqueueIn(sql, [job(id)])
  await expect.poll(() => processes[0]?.state().waitingCount, { timeout: 60_000 }).toBe(COMMITS)
  expect(queuedJobs(await db.log())).toEqual(ids)
})

it('no process gets a later one while another decides an earlier one (job_queue_incoming)', async () => {
  const db = await account()
  const [one, other] = [db.store(), db.store()]
  await one.open('default')
  const sql = await sessionOf(db)
  const taken = async (by: typeof one, again = false) =>
    (await by.incoming('default', 10, again)).submissions.map(({ id }) => id)
  await enqueueIn(sql, [job('a'), job('b')])
  expect(await taken(one)).toEqual([1, 2])
  await enqueueIn(sql, [job('c')])
  expect(await taken(other)).toEqual([])
  const held = { code: 'unknown_model', message: 'it is not declared' } as const
  await one.settle('default', {
    known: [],
    held: [
      { id: 1, ...held },
      { id: 2, ...held },
    ],
  })
  expect(await taken(other)).toEqual([3])
  expect(await taken(one, true)).toEqual([1, 2])
  expect(await taken(other, true)).toEqual([1, 2])
})

it('none passes one whose append takes longer than it was reserved for; one that is being cancelled holds up no others', async () => {
  const db = await account()
  const store = db.store()
  await store.open('default')
  const sql = await sessionOf(db)
  const appending = new pg.Client(db.url)
  await appending.connect()
  onTestFinished(() => appending.end())
  await enqueueIn(sql, [job('a'), job('b'), job('c')])
  const taken = async () => (await store.incoming('default', 10, false)).submissions.map(({ id }) => id)
  await appending.query('begin')
  await appending.query('select from interlock.job_queue_submissions where id = 2 for update')
  expect(await taken()).toEqual([1, 3])
  await db.query(
    "update interlock.job_queue_submissions set taken_until = clock_timestamp() - interval '1 s' where id <> 2",
  )
  await appending.query(
    "update interlock.job_queue_submissions set taken_until = clock_timestamp() - interval '1 s' where id = 2; commit; begin; select from interlock.job_queue_submissions where id = 2 for update",
  )
  expect(await taken()).toEqual([1])
  await appending.query('commit')
})

it('a job that comes after others in the same batch passes none that was committed before it', async () => {
  const db = await account()
  const sql = await sessionOf(db)
  await enqueueIn(sql, [job('child', { after: ['parent'] }), job('other'), job('parent')])
  await enqueueIn(sql, [job('last')])
  const coordinator = await db.coordinator()
  await expect.poll(() => coordinator.state().waitingCount, { timeout: 20_000 }).toBe(4)
  expect(queuedJobs(await db.log())).toEqual(['parent', 'child', 'other', 'last'])
})
