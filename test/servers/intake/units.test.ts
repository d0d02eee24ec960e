/** What jobs ask of a place, as rows of `jobs` and commands of SQL say it. */
import { expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { explain } from '../../../src/tools/operate/index.ts'
import { failureOf } from '../migrate/support.ts'
import { browserAccount } from './browser.ts'
import { account, queuedJobs } from './support.ts'

const rules = {
  maxActive: null,
  capacity: { 'flux-dev': ['host1:0'] },
  units: { 'host1:0': { vram: 24 } },
}
const asks = (vram: number) => ({ 'flux-dev': { vram } })

it('a row says in one object how it needs its models, and no browser may write it', async () => {
  const db = await browserAccount()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy(rules)
  // Until it is named, browsers may write it, and nobody reads it.
  await db.exec('alter table jobs add column requirements jsonb')
  await db.as(
    'u',
    `insert into jobs (job_id, model, requirements, user_id) values ('early', 'flux-dev', '{"no": 1}', 'u')`,
  )
  await coordinator.takeIn({ max: 10 })
  await migrate(db, { columns: { jobs: { requirements: 'requirements' } } })
  const planted = db.as(
    'u',
    `insert into jobs (job_id, model, requirements, user_id) values ('planted', 'flux-dev', '{}', 'u')`,
  )
  expect(await failureOf(planted)).toMatchObject({ code: 'JQ102' })
  await db.exec('rollback')
  await db.serve(`insert into jobs (job_id, model, requirements) values
    ('a', 'flux-dev', '{"asks": {"flux-dev": {"vram": 20}}}'), ('b', 'flux-dev', '{"asks": {"flux-dev": {"vram": 4}}}'),
    ('large', 'flux-dev', '{"asks": {"flux-dev": {"vram": 40}}}'), ('odd', 'flux-dev', '{"asks": {"flux-dev": {"vram": 1.5}}}')`)
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
    {
      job_id: 'odd',
      reason: expect.stringContaining('row.requirements.asks.flux-dev: must be whole numbers'),
    },
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

it('a row takes a model alone and uses of a resource; one that cannot be a job says why itself', async () => {
  const db = await account(
    `create table jobs (job_id text primary key, status text not null default 'pending', model text, needs jsonb)`,
    undefined,
    { jobs: { requirements: 'needs' } },
  )
  const coordinator = await db.coordinator()
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { gpt: 3 },
    uses: { tpm: { limit: 100, perSeconds: 3_600 } },
  })
  const rows: Readonly<Record<string, unknown>> = {
    some: { modes: { gpt: 'shared' }, uses: { tpm: 60 }, asks: null },
    more: { uses: { tpm: 60 } },
    alone: { modes: { gpt: 'exclusive' } },
    over: { uses: { tpm: 101 } },
    none: {},
    null: null,
    word: 'exclusive',
    unknown: { mode: { gpt: 'exclusive' } },
    other: { modes: { flux: 'exclusive' } },
    mode: { modes: { gpt: 'mine' } },
    much: { uses: { tpm: 100_000_001 } },
    long: { uses: { ['x'.repeat(50_000)]: 1 } },
  }
  for (const [id, needs] of Object.entries(rows))
    await db.query(`insert into jobs (job_id, model, needs) values ($1, 'gpt', $2)`, [
      id,
      JSON.stringify(needs),
    ])
  await coordinator.takeIn({ max: 100 })
  const specs = (await db.log()).flatMap((event) => (event.type === 'queued' ? [event.spec] : []))
  expect(specs).toMatchObject([
    { jobId: 'some', uses: { tpm: 60 } },
    { jobId: 'more', uses: { tpm: 60 } },
    { jobId: 'alone', whole: ['gpt'] },
    { jobId: 'over', uses: { tpm: 101 } },
    { jobId: 'none' },
    { jobId: 'null' },
  ])
  expect(specs.map(({ whole, uses, asks }) => [whole, uses, asks].filter(Boolean).length)).toEqual([
    1, 1, 1, 1, 0, 0,
  ])
  const why = {
    word: 'row.requirements: must be an object with the fields modes, asks, uses',
    unknown: 'row.requirements: unknown field "mode" (did you mean modes?)',
    other: 'row.modes: must name models of the job',
    mode: 'row.requirements.modes.gpt: must say of models',
    much: 'row.requirements.uses.tpm: must be a whole number from 1 to 100,000,000',
    long: 'row.requirements: must be an object with the fields modes, asks, uses',
  }
  const told = Object.entries(why).map(([id, text]) => ({
    job_id: id,
    status: 'pending',
    conflict_reason: expect.stringContaining(`not taken in: ${text}`),
  }))
  const read = `select job_id, status, conflict_reason from jobs where conflict_reason ~ '^not taken in' order by job_id`
  expect(await db.query(read)).toEqual(told.sort((a, b) => (a.job_id < b.job_id ? -1 : 1)))
  expect(await coordinator.explain('more')).toMatchObject({ code: 'rate_limited' })
  expect(await coordinator.explain('over')).toMatchObject({ code: 'use_over_limit' })
  // Corrected, and set to pending again, it is a job like any other.
  await db.exec(`update jobs set needs = '{"uses": {"tpm": 1}}', status = 'new' where job_id = 'much';
    update jobs set status = 'pending' where job_id = 'much'`)
  await coordinator.takeIn({ max: 100 })
  await expect
    .poll(() => db.value(`select conflict_reason from jobs where job_id = 'much'`))
    .not.toMatch(/^not taken/)
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

it('SQL counts the places of a model by the rule that says most of its name', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  const capacity = { '*': 1, 'lora-*': 2, 'lora-x*': 3, '*_%*': 4, 'lora-x\\': 5, 'lora-y*y': ['host1:0'] }
  await coordinator.setPolicy({ maxActive: null, capacity })
  const models = ['flux', 'lora-a', 'lora-xl', 'a_%b', 'aa%b', 'lora-x\\', 'lora-yy']
  await coordinator.enqueue(models.map((model) => ({ jobId: model, models: [model] })))
  const told = await db.query(
    `select job_id, (place #>> '{models,0,capacity}')::int as places from job_queue_places`,
  )
  expect(Object.fromEntries(told.map((row) => [row['job_id'], row['places']]))).toEqual({
    ...{ flux: 1, 'lora-a': 2, 'lora-xl': 3, 'a_%b': 4, 'aa%b': 1, 'lora-x\\': 5, 'lora-yy': 1 },
  })
  for (const model of models)
    expect((await coordinator.explain(model))?.models[0]?.capacity).toBe(
      told.find((row) => row['job_id'] === model)?.['places'],
    )
})

function never(): never {
  throw new Error('nothing was started')
}
