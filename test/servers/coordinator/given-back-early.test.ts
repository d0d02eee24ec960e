/** A model that is given back before the end of its job, over PostgreSQL: by a handler, at the gate, detached, and in SQL. */
import { expect, it } from 'vitest'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { queueOnPostgres } from './queue-on-postgres.ts'

const { answerTo, coordinator, store, value } = await queueOnPostgres('early', {
  maxActive: null,
  capacity: { 'flux-dev': ['host1:0'] },
})

const rowOf = (jobId: string) =>
  value('select to_jsonb(j) from job_queue_jobs j where j.job_id = $1', [jobId])

it('a handler gives a model back, and the next job runs while the first one still does', async () => {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  const worker = createJobWorker({
    coordinator,
    concurrency: 2,
    handlers: {
      render: async (_, { done }) => {
        await done('flux-dev')
        await done('flux-dev')
        await first.promise
      },
      draw: async ({ places }) => second.resolve(places['flux-dev'] ?? ''),
      wrong: (_, { done }) => done('caption'),
    },
  })
  await coordinator.enqueue([
    { jobId: 'first', kind: 'render', models: ['flux-dev', 'upscale'], attempts: 1 },
    { jobId: 'second', kind: 'draw', models: ['flux-dev'] },
    { jobId: 'third', kind: 'draw', models: ['upscale'] },
  ])
  worker.start()
  expect(await second.promise).toBe('host1:0')
  expect(await rowOf('first')).toMatchObject({ state: 'active', models: ['upscale'], places: null })
  expect(await coordinator.explain('first')).toMatchObject({
    reason: expect.stringMatching(/^it runs in worker \S+, attempt 1 of 1, gave back flux-dev at 20/),
  })
  expect(await coordinator.explain('third')).toMatchObject({ blockedBy: 'first' })
  expect(await value('select active_models from job_queue_state')).not.toContain('caption')
  const { events } = await store.read('default', 0, 100)
  const at = events.findIndex(({ type }) => type === 'model_released')
  // A claim that is under way has the slots of the worker: then it is offered in this append, and taken by that.
  const taken = events.find((event) => event.type === 'started' && event.jobId === 'second')
  const isTaken = taken?.commandId === events[at]?.commandId
  expect(isTaken || events[at]?.offers?.includes('second')).toBe(true)
  expect(events.filter(({ type }) => type === 'model_released').length).toBe(1)

  first.resolve()
  await coordinator.enqueue([{ jobId: 'wrong', kind: 'wrong', models: ['flux-dev'], attempts: 1 }])
  await expect.poll(async () => (await coordinator.dead()).map(({ jobId }) => jobId)).toEqual(['wrong'])
  const [dead] = await coordinator.dead()
  expect(dead?.error).toMatchObject({ message: expect.stringContaining('does not have caption') })
  await worker.drain()
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})

it('a program at the gate does, also when its job is detached, and a stale token is refused', async () => {
  const models = ['flux-dev', 'upscale']
  const answer = await coordinator.onJobStart('at-gate', 'normal', models)
  if (!answer.allowed || answer.lease === null) throw new Error('it did not start')
  const { lease } = answer
  const next = coordinator.onJobStart('next', 'normal', ['flux-dev'], { wait: true })
  await expect.poll(() => coordinator.state().waitingCount).toBe(1)
  await coordinator.detach(lease, { until: new Date(Date.now() + 60_000) })
  await coordinator.done(lease, 'flux-dev')
  expect(await next).toMatchObject({ allowed: true, lease: { places: { 'flux-dev': 'host1:0' } } })
  expect(coordinator.state().active()).toMatchObject([{ models: ['upscale'], places: null }, {}])
  const stale = { ...lease, fencingToken: lease.fencingToken - 1 }
  await expect(coordinator.done(stale, 'upscale')).rejects.toMatchObject({ code: 'stale_token' })
  await coordinator.complete(lease)
  await coordinator.onJobComplete('next', 'normal')
})

it('a worker in SQL does, under token and epoch; another attempt needs the whole set again', async () => {
  await value(`select job_queue_beat('default', 'py-1', null, 1, 'python', 60000, 5000)`)
  const job = { job_id: 'by-sql', models: ['flux-dev', 'upscale'], attempts: 2 }
  const answer = await answerTo({ type: 'start', worker_id: 'py-1', job })
  const { lease } = answer as { lease: { fencing_token: number; epoch: number } }
  await coordinator.enqueue([{ jobId: 'waits', models: ['upscale'] }])
  const done = { type: 'done', job_id: 'by-sql', token: lease.fencing_token, model: 'upscale' }
  expect(await answerTo({ ...done, epoch: lease.epoch + 1 })).toMatchObject({ code: 'stale_token' })
  const claim = { max: 1 }
  expect(await answerTo({ ...done, epoch: lease.epoch, worker_id: 'py-1', claim })).toMatchObject({
    ok: true,
    started: [{ job_id: 'waits' }],
  })
  expect(await answerTo(done)).toEqual({ ok: true, started: [] })
  expect(await value(`select job_queue_held('py-1')`)).toMatchObject([
    { job_id: 'by-sql', models: ['flux-dev'] },
    { job_id: 'waits' },
  ])
  await expect(answerTo({ ...done, model: '' })).rejects.toMatchObject({ code: 'JQ003' })
  const end = { job_id: 'by-sql', token: lease.fencing_token }
  expect(await answerTo({ type: 'fail', ...end, retry_seconds: 60 })).toMatchObject({ ok: true })
  expect(await rowOf('by-sql')).toMatchObject({ state: 'waiting', models: ['flux-dev', 'upscale'] })
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
  const { violations } = await auditLog({ store, queue: 'default' })
  expect(violations).toEqual([])
})
