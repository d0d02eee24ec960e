/** A person who knows a schedule knows the ids of its next jobs. Putting something under them beforehand takes no due time from it. */
import { expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { account } from './support.ts'

const firedBy = (events: readonly RecordedEvent[]) =>
  events.flatMap((event) => (event.type === 'queued' && event.due !== undefined ? [event] : []))

it('rows and submissions under the next ids of a schedule are held, and each due time has its job', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  await coordinator.schedules('billing', [
    { id: 'tick', every: '2s', job: { models: ['m'], payload: { month: 3 } } },
  ])
  const next = coordinator.listSchedules()[0]?.next?.getTime() ?? expect.unreachable('it is due')
  const [row, submitted, live, last] = [0, 1, 2, 3].map(
    (n) => `tick@${new Date(next + n * 2_000).toISOString()}`,
  )
  const [later, latest] = ['tick@2099-01-01T00:00:00.000Z', 'tick@2099-01-01T00:00:02.000Z'] as const
  for (const id of [row, later]) await db.query("insert into jobs (job_id, model) values ($1, 'n')", [id])
  for (const id of [submitted, latest])
    await db.query('select job_queue_submit($1)', [JSON.stringify({ job_id: id, models: ['n'] })])
  await coordinator.enqueue([{ jobId: live ?? '', models: ['n'], payload: { foreign: true } }])
  await coordinator.takeIn({ max: 10 })
  const reason = expect.stringMatching(/an id that the schedule tick gives to its own jobs/)
  expect(await db.query('select distinct conflict_reason is null as free from jobs')).toEqual([
    { free: false },
  ])
  expect(await coordinator.explain(later)).toMatchObject({ code: 'not_taken_in', reason })
  await expect.poll(() => coordinator.explain(latest)).toMatchObject({ code: 'schedule_owned', reason })
  await expect
    .poll(async () => firedBy(await db.log()).map(({ jobId }) => jobId))
    .toEqual([row, submitted, `${live}~2`, last])
  const log = await db.log()
  expect(log.filter(({ type }) => type === 'schedule_skipped')).toEqual([])
  expect(firedBy(log).map(({ due, spec }) => [due, spec.schedule])).toEqual(
    [0, 1, 2, 3].map((n) => [(next + n * 2_000) * 1_000, 'tick']),
  )
  const data = await coordinator.data([`${live}~2`, live ?? ''])
  expect(data.map(({ payload }) => payload)).toEqual([{ month: 3 }, { foreign: true }])
  expect(await coordinator.explain(`${live}~2`)).toMatchObject({
    also: expect.arrayContaining([expect.stringMatching(/^due at .* by schedule tick /)]),
  })
  expect(await db.value('select job_queue_explain($1)', [`${live}~2`])).toMatchObject({
    also: [expect.stringMatching(/^due at .* by schedule tick /)],
  })
  const report = JSON.stringify(await examine({ store: db.store() }, { url: db.url }))
  expect(report).toContain(later)
  expect(report).toContain(latest)
})
