import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { type Account, account } from './support.ts'

const all = { max: 10, kinds: null }

/** Archives everything that has happened, as retention does when all of it is old. */
async function cut(store: LogStore, keep: boolean): Promise<void> {
  const { version } = await store.read('default', 0, 1)
  await store.putSnapshot('default', { seq: version, state: {} })
  await expect.poll(async () => (await store.project('default', 10_000)).projectedSeq).toBe(version)
  expect(await store.archive('default', version, keep)).toMatchObject({ archivedSeq: version })
}

/** What the row of a job says, once the tables follow. */
async function statusOf(db: Account, store: LogStore, jobId: string): Promise<unknown> {
  await expect
    .poll(async () => {
      const { projectedSeq, version } = await store.project('default', 10_000)
      return version - projectedSeq
    })
    .toBe(0)
  return db.value(`select status from jobs where job_id = '${jobId}'`)
}

async function startOne(coordinator: Coordinator) {
  const [job] = await coordinator.claim(all)
  if (job === undefined) throw new Error('nothing could start')
  return job.lease
}

describe.each([
  ['kept', true],
  ['gone', false],
])('a row of jobs whose first events are %s', (_, keep) => {
  it('follows its job to the end, is a dead letter, and is retried', async () => {
    const db = await account()
    const store = db.store()
    const coordinator = await db.coordinator(store)
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    expect(await coordinator.takeIn({ max: 10 })).toBe(1)
    await cut(store, keep)
    const lease = await startOne(coordinator)
    expect(await statusOf(db, store, 'a')).toBe('running')
    await coordinator.fail(lease, { retryAt: null, code: 'non_retryable', error: new Error('no') })
    expect(await statusOf(db, store, 'a')).toBe('failed')
    expect(await coordinator.dead()).toMatchObject([{ jobId: 'a', attempts: 1, error: { message: 'no' } }])
    expect(await coordinator.retryDead({ jobIds: ['a'] })).toBe(1)
    await cut(store, keep)
    const again = await startOne(coordinator)
    await cut(store, keep)
    await coordinator.complete(again)
    expect(await statusOf(db, store, 'a')).toBe('completed')
    await cut(store, keep)
    expect(await db.value("select count(*)::int from job_queue_log where job_id = 'a'")).toBe(0)
  })

  it('is written once it can be, if its job ended while it could not', async () => {
    const db = await account()
    const store = db.store()
    const coordinator = await db.coordinator(store)
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    await coordinator.takeIn({ max: 10 })
    const lease = await startOne(coordinator)
    expect(await statusOf(db, store, 'a')).toBe('running')
    await db.exec("alter table jobs add constraint busy check (status <> 'completed')")
    await coordinator.complete(lease)
    expect(await statusOf(db, store, 'a')).toBe('running')
    await cut(store, keep)
    await db.exec('alter table jobs drop constraint busy')
    // The coordinator tries again by itself too: it may just be at it, or have been refused a moment ago and set the next time.
    const tryAgain = async () => {
      await db.exec('update job_queue_set_aside set next_at = now()')
      return statusOf(db, store, 'a')
    }
    await expect.poll(tryAgain).toBe('completed')
  })
})
