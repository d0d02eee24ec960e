/** Declared models hold for rows of `jobs` and for SQL too: the decision is made where all others are. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/tools/operate/index.ts'
import { account, queuedJobs } from './support.ts'

it('a row that needs an undeclared model stays pending, and says why in job_queue_not_taken_in', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy({ models: { 'flux-dev': {}, upscale: { capacity: 2 } } })
  await db.exec(
    `insert into jobs (job_id, model) values ('a', 'flux-dev'), ('b', 'flux_dev'), ('c', 'upscale')`,
  )
  expect(await coordinator.takeIn({ max: 10 })).toBe(3)
  expect(queuedJobs(await db.log())).toEqual(['a', 'c'])
  expect(await db.query('select job_id, reason from job_queue_not_taken_in')).toEqual([
    { job_id: 'b', reason: expect.stringContaining('did you mean flux-dev?') },
  ])
  expect(await db.value(`select status from jobs where job_id = 'b'`)).toBe('pending')
  expect(await explain({ store: db.store() }, 'b')).toMatchObject({
    state: 'refused',
    code: 'not_taken_in',
    reason: expect.stringContaining('does not declare'),
  })
})

it('a request by SQL that needs an undeclared model is answered unknown_model', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.defineModels(['flux-dev'])
  const submit = (model: string) =>
    db.value('select job_queue_request($1)', [
      JSON.stringify({ type: 'enqueue', jobs: [{ job_id: model, models: [model] }] }),
    ])
  const answerOf = async (id: unknown) => {
    const look = () => db.value('select job_queue_answer($1)', [id])
    await expect.poll(look).not.toBeNull()
    return look()
  }
  expect(await answerOf(await submit('Flux-dev'))).toMatchObject({ ok: false, code: 'unknown_model' })
  expect(await answerOf(await submit('flux-dev'))).toMatchObject({ ok: true, queued: 1 })
  expect(await explain({ store: db.store() }, 'Flux-dev')).toMatchObject({
    state: 'refused',
    code: 'unknown_model',
  })
})
