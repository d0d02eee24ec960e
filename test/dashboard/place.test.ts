/** Where a customer's job stands: for the jobs that a grant names, and nothing else. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { placeSchema } from '../../src/apps/dashboard/api/job-documents.ts'
import { createDashboard, levers } from '../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import {
  type Command,
  type CommandBody,
  decide,
  defaultPolicy,
  emptyLedger,
  explainLive,
  hash,
  type JobSpec,
  type Policy,
  specDefaults,
  startsOf,
  type Typical,
} from '../../src/engine/core/index.ts'
import { memoryStore } from '../../src/engine/store/memory/index.ts'
import { clientOf, mounted, operator } from './support.ts'

const place = (jobId: string) => `/api/queues/default/jobs/${jobId}/place`
const customer = (...jobs: readonly string[]) => ({ ...operator, actor: 'customer', jobs })

it('says how many are ahead, why, and about how long, and names nobody', async () => {
  const { get, coordinator } = await mounted({ authorize: () => customer('mine') })
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue([{ jobId: 'mine', models: ['m'], fairKey: 'somebody' }])
  const answer = await (await get(place('mine'))).json()
  expect(placeSchema.parse(answer)).toEqual({
    ...{ jobId: 'mine', queue: 'default', state: 'waiting', position: 1, code: 'model_in_use' },
    models: [{ model: 'm', ahead: 1, running: 1, capacity: 1 }],
    ...{ reason: 'a model it needs is in use', startsInSeconds: null },
    ...{ startsFromSeconds: null, startsToSeconds: null },
  })
})

it('estimates from how long such jobs took lately, if there were any', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  await coordinator.setPolicy('by-model')
  const { get } = clientOf(createDashboard({ store, authorize: () => customer('late', 'ran') }))
  await coordinator.enqueue(['ran', 'next', 'late'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
  const [first] = await coordinator.claim({ max: 1, kinds: null })
  if (first !== undefined) await coordinator.complete(first.lease, { claim: { max: 1, kinds: null } })
  const { events } = await store.read('default', 0, 100)
  const at = (type: string) => events.find((event) => event.type === type)?.at ?? 0
  const starts = placeSchema.parse(await (await get(place('late'))).json())
  // What runs has run for a while already, and a single one that has completed gives no range.
  expect(starts.startsInSeconds).toBeLessThanOrEqual(Math.ceil((at('completed') - at('started')) / 1e6))
  expect(starts).toMatchObject({ startsFromSeconds: null, startsToSeconds: null })
  const ended = await get(place('ran'))
  expect([ended.status, await ended.json()]).toMatchObject([404, { error: { code: 'job_not_live' } }])
})

describe('the estimate', () => {
  const second = 1_000_000
  const now = 1_000 * second
  /** Jobs that run since so many seconds, and the last of those behind them. */
  const lastOf = (running: readonly number[], waiting: number, policy: Partial<Policy>) => {
    const rules = { ...defaultPolicy, maxActive: null, ...policy }
    let ledger = decide(
      emptyLedger,
      [order('policy', { type: 'set_policy', policy: rules })],
      at(-900),
    ).ledger
    const claim = { max: 1, kinds: null }
    for (const [n, gone] of running.entries()) {
      const specs = [specOf(`r${n}`)]
      ledger = decide(ledger, [{ ...order(`r${n}`, { type: 'enqueue', specs }), claim }], at(-gone)).ledger
    }
    const specs = Array.from({ length: waiting }, (_, n) => specOf(`w${n}`))
    ledger = decide(ledger, [order('w', { type: 'enqueue', specs })], at(0)).ledger
    const found = explainLive({ ledger, now, workers: null }, `w${waiting - 1}`)
    if (found === undefined) throw new Error('it is not live')
    return { found, ledger }
  }
  const at = (seconds: number) => ({ now: now + seconds * second, deadWorkers: new Set<string>() })
  const order = (id: string, body: CommandBody): Command => ({ id, hash: hash(id), workerId: 'w', body })
  const specOf = (jobId: string): JobSpec => ({
    ...specDefaults,
    jobId,
    jobType: 'normal',
    kind: 'normal',
    models: ['m'],
  })
  const typical = (seconds: number, apart: number | null): Typical => ({
    byModel: new Map([['m', { seconds, apart }]]),
    all: { seconds, apart },
  })

  it.each([
    ['one that has just begun', [0], 1, 1, 60],
    ['one that has run for half of its time', [30], 1, 1, 30],
    ['one that takes longer than any before it', [300], 1, 1, 0],
    ['one, and two that are ahead', [0], 3, 1, 180],
    ['two at once that began together', [0, 0], 1, 2, 45],
    ['two at once, evenly spread', [30, 0], 1, 2, 30],
    ['two at once, and two that are ahead', [30, 0], 3, 2, 90],
  ])('of a job behind %s is that of jobs of 60 s', (_, running, waiting, capacity, wanted) => {
    const { found, ledger } = lastOf(running, waiting, { capacity: { m: capacity } })
    const starts = startsOf(found, ledger, typical(60, 0), now)
    // No two events are at once, so a microsecond may be missing.
    for (const seconds of [starts?.seconds, starts?.from, starts?.to]) expect(seconds).toBeCloseTo(wanted, 3)
  })

  it('has a range that grows by the root of how many are ahead, and none where a single job tells of it', () => {
    const { found, ledger } = lastOf([0], 4, { capacity: { m: 1 } })
    const starts = startsOf(found, ledger, typical(60, 10), now)
    expect(starts?.seconds).toBe(240)
    expect(starts?.from).toBeCloseTo(240 - 1.2816 * 10 * 2)
    expect(starts?.to).toBeCloseTo(240 + 1.2816 * 10 * 2)
    expect(startsOf(found, ledger, typical(60, null), now)).toEqual({ seconds: 240, from: null, to: null })
  })

  it('is of the longest line: that of the slots, if it is longer', () => {
    const { found, ledger } = lastOf([0], 3, { capacity: { m: 3 }, maxActive: 1 })
    expect(startsOf(found, ledger, typical(60, 0), now)).toMatchObject({ seconds: 180 })
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
