/** Where a customer's job stands: for the jobs that a grant names, and nothing else. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { refusalSchema } from '../../../src/apps/dashboard/api/fields.ts'
import { positionSchema, quoteSchema } from '../../../src/apps/dashboard/api/job-documents.ts'
import { createDashboard, levers } from '../../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { workedOff } from '../coordinator/support.ts'
import { clientOf, mounted, operator, viewer } from './support.ts'

const place = (jobId: string) => `/api/queues/default/jobs/${jobId}/position`
const customer = (...jobs: readonly string[]) => ({ ...operator, actor: 'customer', jobs })

it('says how many are ahead, why, and about how long, and names nobody', async () => {
  const { get, coordinator } = await mounted({ authorize: () => customer('mine') })
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue([{ jobId: 'mine', models: ['m'], fairKey: 'somebody' }])
  const answer = await (await get(place('mine'))).json()
  expect(positionSchema.parse(answer)).toEqual({
    ...{ jobId: 'mine', queue: 'default', state: 'waiting', ahead: 1, position: 1, code: 'model_in_use' },
    models: [{ model: 'm', ahead: 1, running: 1, capacity: 1 }],
    ...{ reason: 'a model it needs is in use', startsInSeconds: null },
    ...{ startsFromSeconds: null, startsToSeconds: null, startsReason: 'no live process runs its kind' },
  })
})

it('estimates from how long such jobs took lately, once enough have started to compare', async () => {
  const clock = new HandClock(Date.now() * 1_000)
  const store = memoryStore(memoryDatabase(clock))
  const coordinator = await createCoordinator({ store, logger: silentLogger, leaseMs: 3_600_000 })
  onTestFinished(() => coordinator.close())
  await coordinator.setPolicy('by-model')
  coordinator.offering(null, 1)
  const { get } = clientOf(createDashboard({ store, authorize: () => customer('next-21', 'next-0') }))
  await workedOff(coordinator, clock, 20)
  const starts = positionSchema.parse(await (await get(place('next-21'))).json())
  expect(starts).toMatchObject({ startsInSeconds: expect.closeTo(60, -2), startsReason: null })
  expect(starts.startsFromSeconds).toBeLessThan(starts.startsToSeconds ?? 0)
  const ended = await get(place('next-0'))
  expect([ended.status, await ended.json()]).toMatchObject([404, { error: { code: 'job_not_live' } }])
})

it('says "at once" only of as many jobs as there are free slots', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  await coordinator.setPolicy('by-model')
  coordinator.offering(null, 1)
  const jobIds = ['a', 'b', 'c']
  await coordinator.enqueue(jobIds.map((jobId) => ({ jobId, models: [`m-${jobId}`] })))
  const { get } = clientOf(createDashboard({ store, authorize: () => customer(...jobIds) }))
  const starts = async (jobId: string) => {
    const { code, startsInSeconds } = positionSchema.parse(await (await get(place(jobId))).json())
    return [code, startsInSeconds]
  }
  expect(await starts('a')).toEqual(['offered', 0])
  expect(await starts('c')).toEqual(['offered', null])
})

describe('a quote', () => {
  const address = '/api/queues/default/quote'
  const mine = { jobId: 'mine', models: ['m'] }

  it('is what `quote` of the queue says, and puts nothing in line', async () => {
    const { post, coordinator } = await mounted({ authorize: () => viewer })
    await coordinator.setPolicy('by-model')
    const before = await coordinator.quote(mine)
    const answer = quoteSchema.parse(await (await post(address, mine)).json())
    const { explanation, ...said } = before
    expect(answer).toMatchObject({ ...said, isStartable: false, isNew: true })
    const { since: _, ...rest } = explanation ?? expect.unreachable()
    expect(answer.explanation).toMatchObject({ ...rest, blockedBy: 'b', position: 1 })
    expect(coordinator.state().version).toBe(before.version)
  })

  it('is refused as `enqueue` refuses the job, and to those who may not look', async () => {
    const { post } = await mounted()
    const codeOf = async (answer: Response) => [
      answer.status,
      refusalSchema.parse(await answer.json()).error.code,
    ]
    expect(await codeOf(await post(address, { ...mine, jobId: 'b', priority: 7 }))).toEqual([
      422,
      'job_exists',
    ])
    expect(await codeOf(await post(address, { jobId: 'mine', models: 'm' }))).toEqual([422, 'invalid_input'])
    expect((await post(address, mine, { origin: 'http://evil.example' })).status).toBe(403)
    expect((await post(address, mine, { 'content-type': 'text/plain' })).status).toBe(415)
    for (const [authorize, status] of [[() => null, 401] as const, [() => customer('mine'), 403] as const])
      expect((await (await mounted({ authorize })).post(address, mine)).status).toBe(status)
  })
})

describe('a grant for single jobs', () => {
  const others = ['/', '/page.js', '/api/me', '/api/queues', '/api/openapi.json', '/api/nothing']
  const ofQueue = [
    '',
    '/log',
    '/snapshot',
    '/events',
    '/workers',
    '/dead',
    '/progress?jobs=a',
    '/jobs/a',
    '/jobs/a/data',
  ]
  const paths = [...others, ...ofQueue.map((path) => `/api/queues/default${path}`)]
  it.each(paths)('does not get %s, though the rest of the grant is an operator', async (path) => {
    const { get } = await mounted({ authorize: () => customer('a') })
    const answer = await get(path)
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'not_allowed' } }])
  })

  it.each(levers)('pulls no %s', async (lever) => {
    const { post } = await mounted({ authorize: () => customer('a') })
    expect((await post(`/api/queues/default/levers/${lever}`, { preview: true })).status).toBe(403)
  })

  it("gets the same refusal for another user's job as for none, however its id is written", async () => {
    const { get } = await mounted({ authorize: () => customer('a') })
    const refusals = ['b', 'none', 'a%00', 'b%2fa', '%61/../b', '%ff', 'a%2f..%2fb'].map(async (id) => {
      const answer = await get(place(id))
      return [answer.status, await answer.text()]
    })
    expect(new Set((await Promise.all(refusals)).map(String)).size).toBe(1)
    expect((await get(place('a'))).status).toBe(200)
    expect((await get(place('%61'))).status).toBe(200)
  })
})
