/** What jobs ask of a place, as rows of `jobs` and commands of SQL say it. */
import { expect, it } from 'vitest'
import { migrate } from '../../src/engine/migrate/index.ts'
import { verify } from '../../src/tools/history/index.ts'
import { explain } from '../../src/tools/operate/index.ts'
import { failureOf } from '../migrate/support.ts'
import { browserAccount } from './browser.ts'
import { account, queuedJobs } from './support.ts'

const rules = {
  maxActive: null,
  capacity: { 'flux-dev': ['host1:0'] },
  units: { 'host1:0': { vram: 24 } },
}
const asks = (vram: number) => ({ 'flux-dev': { vram } })

it('a row asks in required_units, which no browser may write', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy(rules)
  // Until it is named, browsers may write it, and nobody reads it.
  await db.exec('alter table jobs add column required_units jsonb')
  await db.as(
    'u',
    `insert into jobs (job_id, model, required_units, user_id) values ('early', 'flux-dev', '{"no": 1}', 'u')`,
  )
  await coordinator.takeIn({ max: 10 })
  await migrate(db, { columns: { jobs: { required_units: 'required_units' } } })
  const planted = db.as(
    'u',
    `insert into jobs (job_id, model, required_units, user_id) values ('planted', 'flux-dev', '{}', 'u')`,
  )
  expect(await failureOf(planted)).toMatchObject({ code: 'JQ102' })
  await db.exec('rollback')
  await db.serve(`insert into jobs (job_id, model, required_units) values
    ('a', 'flux-dev', '{"flux-dev": {"vram": 20}}'), ('b', 'flux-dev', '{"flux-dev": {"vram": 4}}'),
    ('large', 'flux-dev', '{"flux-dev": {"vram": 40}}'), ('odd', 'flux-dev', '{"flux-dev": {"vram": 1.5}}')`)
  await coordinator.takeIn({ max: 10 })
  const log = await db.log()
  expect(queuedJobs(log)).toEqual(['early', 'a', 'b', 'large'])
  expect(log.flatMap((event) => (event.type === 'queued' ? [event.spec.asks] : []))).toEqual([
    undefined,
    asks(20),
    asks(4),
    asks(40),
  ])
  expect(await db.query('select job_id, reason from job_queue_not_taken_in')).toEqual([
    { job_id: 'odd', reason: expect.stringContaining('row.asks.flux-dev: must be whole numbers') },
  ])
  const started = await coordinator.claim({ max: 10 })
  expect(started.map(({ lease }) => lease.jobId)).toEqual(['early'])
  await coordinator.complete(started[0]?.lease ?? never())
  expect((await coordinator.claim({ max: 10 })).map(({ lease }) => lease.jobId)).toEqual(['a', 'b'])
  expect(await explain({ store: db.store() }, 'large')).toMatchObject({
    code: 'fits_no_place',
    reason: 'it needs 40 vram of one place; the most that one has is 24 on host1:0',
  })
  expect(await db.value(`select place -> 'code' from job_queue_places where job_id = 'large'`)).toBe(
    'fits_no_place',
  )
  expect(await verify({ store: db.store(), queue: 'default' })).toMatchObject({ ok: true })
})

it('a command of SQL asks; what fits no place is refused by enqueue, and waits where it was submitted', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy(rules)
  const job = (job_id: string, given: unknown) => ({ job_id, models: ['flux-dev'], asks: given })
  const request = (jobs: readonly object[]) =>
    db.value('select job_queue_request($1)', [JSON.stringify({ type: 'enqueue', jobs })])
  for (const odd of [
    asks(0),
    asks(1.5),
    { 'flux-dev': {} },
    {},
    { ...asks(1), x: { vram: 1 } },
    { 'flux-dev': { 'a b': 1 } },
    7,
  ])
    expect(await failureOf(request([job('odd', odd)]))).toMatchObject({
      code: 'JQ003',
      message: expect.stringContaining('jobs[0].asks: must be what it takes of a place'),
    })
  const id = await request([job('large', asks(40))])
  const look = () => db.value('select job_queue_answer($1)', [id])
  await expect.poll(look).toMatchObject({ ok: false, code: 'fits_no_place' })
  await db.value('select job_queue_enqueue_in($1)', [
    JSON.stringify([job('submitted', asks(40)), job('a', asks(20))]),
  ])
  await expect.poll(() => coordinator.explain('submitted')).toMatchObject({ code: 'fits_no_place' })
  expect((await coordinator.claim({ max: 10 })).map(({ lease }) => lease.places)).toEqual([
    { 'flux-dev': 'host1:0' },
  ])
  const again = db.value('select job_queue_enqueue_in($1)', [JSON.stringify([job('a', asks(21))])])
  expect(await failureOf(again)).toMatchObject({ code: 'JQ005' })
  const other = db.value('select job_queue_enqueue_in($1)', [
    JSON.stringify([{ ...job('x', asks(1)), models: ['m'] }]),
  ])
  expect(await failureOf(other)).toMatchObject({ message: expect.stringContaining('asks: names a model') })
})

function never(): never {
  throw new Error('nothing was started')
}
