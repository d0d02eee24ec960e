/** Jobs that take all places of a model, over PostgreSQL: enqueued by a program, at the gate, in SQL and in a transaction. */
import { expect, it } from 'vitest'
import { verify } from '../../../src/tools/history/index.ts'
import { queueOnPostgres } from './queue-on-postgres.ts'

const { coordinator, database, store, value } = await queueOnPostgres('whole', {
  maxActive: null,
  capacity: { 'flux-dev': 3 },
})

const modes = { 'flux-dev': 'exclusive' } as const
const models = ['flux-dev', 'upscale']
const placeOf = (jobId: string) => value('select place from job_queue_places where job_id = $1', [jobId])

it('they have the model alone, and rows, explain and the log say so', async () => {
  await coordinator.enqueue([
    { jobId: 'shares', models: ['flux-dev'], modes: { 'flux-dev': 'shared' } },
    { jobId: 'swaps', models, modes },
    { jobId: 'behind', models: ['flux-dev'] },
  ])
  const [shares] = await coordinator.claim({ max: 9 })
  expect(shares?.lease.jobId).toBe('shares')
  expect(await coordinator.explain('swaps')).toMatchObject({
    code: 'model_in_use',
    reason: 'model flux-dev is in use or reserved by job shares; this job needs all places of the model',
  })
  expect(await coordinator.explain('behind')).toMatchObject({ code: 'behind_in_line', blockedBy: 'swaps' })
  // SQL does not know the rule: it says nothing rather than something wrong.
  expect(await placeOf('swaps')).toMatchObject({ code: null })
  expect(await placeOf('behind')).toMatchObject({ code: null })
  const wholes = 'select job_id, whole from job_queue_jobs where whole is not null'
  expect((await database.query(wholes)).rows).toEqual([{ job_id: 'swaps', whole: ['flux-dev'] }])

  if (shares === undefined) throw new Error('nothing started')
  const [swaps, ...others] = await coordinator.complete(shares.lease, { claim: { max: 9, kinds: null } })
  expect([swaps?.lease.jobId, others]).toEqual(['swaps', []])
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
  if (swaps === undefined) throw new Error('nothing started')
  expect(await coordinator.done(swaps.lease, 'flux-dev', { claim: { max: 9, kinds: null } })).toMatchObject([
    { lease: { jobId: 'behind' } },
  ])
})

it('they come by SQL, by a transaction and through the gate, and the same id with other modes is another job', async () => {
  await coordinator.pauseModel('upscale', { reason: 'by_hand' })
  const submitted = JSON.stringify({ job_id: 'by-sql', models, modes })
  await value('select job_queue_submit($1)', [submitted])
  await expect.poll(() => coordinator.explain('by-sql')).toMatchObject({ state: 'waiting' })
  expect(await coordinator.onJobStart('at-gate', 'normal', models, { modes })).toMatchObject({
    allowed: false,
  })
  expect(
    coordinator
      .state()
      .waiting()
      .map(({ jobId }) => jobId),
  ).toEqual(['by-sql', 'at-gate'])
  const again = coordinator.enqueue([{ jobId: 'at-gate', models }])
  await expect(again).rejects.toMatchObject({ code: 'job_exists' })
  const twice = await coordinator.enqueue([{ jobId: 'by-sql', models, modes }])
  expect(twice.known).toEqual(['by-sql'])
  for (const wrong of [{ caption: 'exclusive' }, { 'flux-dev': 'alone' }, 'exclusive'])
    await expect(coordinator.enqueue([{ jobId: 'x', models, modes: wrong as never }])).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^jobs\[0\]\.modes/),
    })
  for (const wrong of [{ 'flux-dev': 'alone' }, { caption: 'exclusive' }]) {
    const refused = value('select job_queue_submit($1)', [
      JSON.stringify({ job_id: 'x', models, modes: wrong }),
    ])
    await expect(refused).rejects.toMatchObject({ code: 'JQ003' })
  }
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})
