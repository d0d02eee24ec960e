/** Cancelling what was submitted and is not in line yet: with what comes after it, and with a trace that explain finds. */
import { expect, it } from 'vitest'
import { account } from '../intake/support.ts'

const submit = async (db: Awaited<ReturnType<typeof account>>, jobs: readonly object[]) =>
  db.query('select job_queue_enqueue_in($1)', [JSON.stringify(jobs)])
/** It waits for a job that nobody knows, too. */
const held = (job_id: string, after: readonly unknown[]) => ({
  job_id,
  models: ['m'],
  after: [...after, 'nobody'],
})

it('--descendants (job_queue_cancel_submitted_after) reaches submitted jobs after a live one, after its live ones, and after each other', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy({ maxActive: 1 })
  await coordinator.enqueue([
    { jobId: 'first', models: ['m'] },
    { jobId: 'second', models: ['m'], after: ['first'] },
    { jobId: 'other', models: ['m'] },
  ])
  await submit(db, [
    held('a', ['first']),
    held('b', [{ job: 'second', if_failed: 'continue' }]),
    held('c', ['a', 'other']),
    held('d', ['c']),
    held('e', ['other']),
  ])
  await expect.poll(() => coordinator.explain('d')).toMatchObject({ code: 'parent_unknown' })
  await coordinator.cancel('first', { descendants: true })
  expect(await db.query('select job_id from interlock.job_queue_submissions')).toEqual([{ job_id: 'e' }])
  expect(
    coordinator
      .state()
      .waiting()
      .map(({ jobId }) => jobId),
  ).toEqual(['other'])
  const cancelled = { state: 'ended', code: 'cancelled', reason: 'it was cancelled before it came into line' }
  for (const id of ['a', 'b', 'c', 'd']) {
    expect(await coordinator.explain(id)).toMatchObject(cancelled)
    expect(await db.value('select job_queue_explain($1)', [id])).toMatchObject(cancelled)
  }
  await submit(db, [held('f', ['e'])])
  const asked = { type: 'cancel', job_id: 'e', descendants: true }
  await db.query('select job_queue_request($1)', [JSON.stringify(asked)])
  await expect.poll(() => db.query('select job_id from interlock.job_queue_submissions')).toEqual([])
  expect(await coordinator.explain('e')).toMatchObject(cancelled)
  await submit(db, [{ job_id: 'a', models: ['m'] }])
  await expect.poll(() => coordinator.explain('a')).toMatchObject({ state: 'waiting' })
})
