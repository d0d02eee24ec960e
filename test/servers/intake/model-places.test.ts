/** Places, from the policy to what programs in any language and people are told, over PostgreSQL. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { jobs, queue, status } from '../../../src/tools/operate/index.ts'
import { queueOnPostgres } from '../coordinator/queue-on-postgres.ts'

const { answerTo, coordinator, database, store, value } = await queueOnPostgres('places', {
  maxActive: null,
  capacity: { 'flux-dev': ['host1:0', 'host1:1'], upscale: ['host1:1'] },
})

it('a lease has its places, at the gate and by SQL, and so have rows; the log is proven', async () => {
  const gate = await coordinator.onJobStart('at-gate', 'normal', ['flux-dev'])
  expect(gate).toMatchObject({ allowed: true, lease: { places: { 'flux-dev': 'host1:0' } } })
  await value(`select job_queue_beat('default', 'py-1', null, 1, 'python', 60000, 5000)`)
  const job = { job_id: 'by-sql', models: ['flux-dev', 'upscale'] }
  const ask = { type: 'start', worker_id: 'py-1', job, serves: ['host1:*'], keeps: 2 }
  const places = { 'flux-dev': 'host1:1', upscale: 'host1:1' }
  expect(await answerTo(ask)).toMatchObject({ allowed: true, lease: { job_id: 'by-sql', places } })
  expect(await value(`select data from job_queue_log where event_type = 'worker_serves'`)).toEqual({
    places: ['host1:*'],
    keeps: 2,
  })
  expect(await value(`select job_queue_held('py-1')`)).toMatchObject([{ job_id: 'by-sql', places }])
  expect(await value(`select places from job_queue_jobs where job_id = 'by-sql'`)).toEqual(places)
  expect(await coordinator.explain('by-sql')).toMatchObject({
    reason: 'it runs in worker py-1 on host1:1, attempt 1 of 1',
    models: [{ model: 'flux-dev', place: 'host1:1' }, { model: 'upscale' }],
  })
  expect(coordinator.state().active()).toMatchObject([{ places: { 'flux-dev': 'host1:0' } }, { places }])

  await coordinator.enqueue([{ jobId: 'waits', models: ['upscale'] }])
  const told = `select place from job_queue_places where job_id = 'waits'`
  expect(await value(told)).toMatchObject({ code: 'model_in_use', models: [{ running: 1, capacity: 1 }] })
  const found = await coordinator.position('waits')
  expect(found).toMatchObject({ code: 'model_in_use', models: [{ running: 1, capacity: 1 }] })
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})

it('a handler knows the place of each model, and a paused place is given to nobody', async () => {
  await coordinator.cancel('waits')
  await coordinator.cancel('by-sql', { force: true })
  await coordinator.onJobComplete('at-gate', 'normal')
  await coordinator.pauseModel('host1:0', { reason: 'broken' })
  const given = Promise.withResolvers<object>()
  const worker = createJobWorker({
    coordinator,
    handlers: { normal: async ({ places }) => given.resolve(places) },
  })
  worker.start()
  await coordinator.enqueue([{ jobId: 'handled', models: ['flux-dev'] }])
  expect(await given.promise).toEqual({ 'flux-dev': 'host1:1' })
  await worker.drain()
  await coordinator.resumeModel('host1:0')
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})

it('the state of the queue says what each process serves, and lists of jobs what they have alone', async () => {
  const access = { store, queue: 'default' }
  const other = await createCoordinator({ store: postgresStore(database), logger: silentLogger })
  await other.claim({ max: 1, serves: ['host1:*', 'host2:0'] })
  const { workers } = await status(access)
  const own = workers.find(({ workerId }) => workerId === other.workerId)
  expect(own?.serves).toEqual(['host1:*', 'host2:0'])
  await coordinator.enqueue([
    { jobId: 'alone', models: ['flux-dev', 'm'], modes: { 'flux-dev': 'exclusive' } },
  ])
  await coordinator.enqueue([{ jobId: 'shared', models: ['m'] }])
  const wholes = { alone: ['flux-dev'], shared: null }
  const found = (await jobs(access)).jobs
  expect(Object.fromEntries(found.map(({ jobId, whole }) => [jobId, whole]))).toEqual(wholes)
  const listed = (await queue(access)).jobs
  expect(Object.fromEntries(listed.map(({ jobId, whole }) => [jobId, whole]))).toEqual(wholes)
  await other.close()
  const still = (await status(access)).workers.filter(({ serves }) => serves !== null)
  expect(still.map(({ workerId }) => workerId)).toEqual(['py-1'])
})
