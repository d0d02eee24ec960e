/** What would come of a job is told before it is put in line, and comes of it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Coordinator, Enqueued, Quote } from '../../../src/engine/coordinator/index.ts'
import { type Explanation, isInterlockError } from '../../../src/engine/core/index.ts'
import type { EnqueueInput } from '../../../src/engine/events/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { join, workedOff } from './support.ts'

/** A process over a database with a clock that is set by hand. */
async function aQueue() {
  const clock = new HandClock(Date.now() * 1_000)
  const store = memoryStore(memoryDatabase(clock))
  const coordinator = await join({ store, leaseMs: 3_600_000 })
  await coordinator.setPolicy('by-model')
  return { clock, coordinator }
}

const job = (jobId: string, more: object = {}) => ({ jobId, models: ['m'], ...more })
const start = async (coordinator: Coordinator) =>
  (await coordinator.claim({ max: 1 }))[0]?.lease ?? expect.unreachable()

describe('a quote', () => {
  it('says that a job may start at once, else why it waits, behind which job, and when it starts', async () => {
    const { clock, coordinator } = await aQueue()
    expect(await coordinator.quote(job('a'))).toMatchObject({
      ...{ jobId: 'a', isNew: true, isStartable: true, startsInSeconds: null },
      explanation: { state: 'waiting', position: 0 },
    })
    coordinator.offering(null, 1)
    await workedOff(coordinator, clock, 20)
    const { version } = coordinator.state()
    const quote = await coordinator.quote(job('mine'))
    expect(quote).toMatchObject({
      ...{ version, isNew: true, isStartable: false, startsReason: null },
      explanation: { code: 'model_in_use', blockedBy: 'next-21', position: 1, chain: ['next-21', 'next-20'] },
    })
    const { startsFromSeconds: from, startsInSeconds: likely, startsToSeconds: to } = quote
    expect([likely, from, to]).toEqual([expect.closeTo(120, -2), expect.any(Number), expect.any(Number)])
    expect(from).toBeLessThanOrEqual(likely ?? 0)
    expect(to).toBeGreaterThanOrEqual(likely ?? 0)
    expect(coordinator.state().version).toBe(version)
    expect(await coordinator.explain('mine')).toBeUndefined()
  })

  it('is that of the job that is there already, or that stands for it', async () => {
    const { coordinator } = await aQueue()
    const dedupe = { key: 'k', while: 'live' } as const
    await coordinator.enqueue([job('a', { dedupe }), job('b', { once: '1h' })])
    expect(await coordinator.quote(job('a', { dedupe }))).toMatchObject({
      ...{ isNew: false, isStartable: true, explanation: { jobId: 'a' } },
    })
    expect(await coordinator.quote(job('c', { dedupe }))).toMatchObject({
      ...{ isNew: false, standsFor: 'a', explanation: { jobId: 'a', state: 'waiting' } },
    })
    await coordinator.complete(await start(coordinator))
    await coordinator.complete(await start(coordinator))
    const ended = await coordinator.quote(job('b', { once: '1h' }))
    expect(ended).toMatchObject({
      isNew: false,
      isStartable: false,
      explanation: null,
      startsInSeconds: null,
    })
    expect(await coordinator.quote(job('b'))).toMatchObject({ isNew: true })
  })
})

const names = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const name = fc.constantFrom(...names)
const model = fc.constantFrom('m', 'n', 'o')
/** What few jobs say. */
const rare = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  fc.constantFrom({ fairKey: 'ann' }, { once: '1h' }, { priority: 2 }, { payload: 1 }, { models: [] }),
  fc.record({ after: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }) }),
  fc.record({ dedupe: fc.record({ key: fc.constant('k'), while: fc.constantFrom('live', 'waiting') }) }),
  fc.constantFrom({ models: ['m'], asks: { m: { vram: 8 } } }, { models: ['m'], asks: { m: { vram: 99 } } }),
  fc.constantFrom({ uses: { tpm: 5 } }, { uses: { tpm: 50 } }, { runAt: new Date(4_000_000_000_000) }),
)
const anyJob: fc.Arbitrary<EnqueueInput> = fc
  .tuple(name, fc.uniqueArray(model, { minLength: 1, maxLength: 2 }), rare)
  .map(([jobId, models, more]) => ({ jobId, models, ...more }) as EnqueueInput)
const policies = [
  { capacity: { m: 2 } },
  { maxActive: 1 },
  { maxOvertakes: 2 },
  { emptySet: 'reject' },
  { fairShare: { maxWaiting: 1 } },
  { capacity: { m: ['h:0', 'h:1'] }, units: { 'h:0': { vram: 8 } } },
  { uses: { tpm: { limit: 10, perSeconds: 60 } } },
  { models: { m: {}, n: {} } },
] as const
const anyAct = fc.oneof(
  { weight: 7, arbitrary: anyJob.map((one) => (queue: Coordinator) => queue.enqueue([one])) },
  { weight: 3, arbitrary: fc.constant(async (queue: Coordinator) => queue.claim({ max: 1 })) },
  {
    weight: 1,
    arbitrary: fc.constant(async (queue: Coordinator) => {
      const [active] = queue.state().active()
      const { epoch } = queue.state()
      if (active !== undefined)
        await queue.complete({ jobId: active.jobId, fencingToken: active.fencingToken, epoch } as never)
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...policies)
      .map((policy) => (queue: Coordinator) => queue.setPolicy(policy as never)),
  },
  { weight: 1, arbitrary: fc.constant((queue: Coordinator) => queue.pauseModel('n', { reason: 'by_hand' })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('drain' as const, 'resume' as const)
      .map((act) => (queue: Coordinator) => queue[act]()),
  },
)

/** What came of a call: its value, or the code and text of its refusal. */
const outcomeOf = async <T>(call: Promise<T>): Promise<T | string> => {
  try {
    return await call
  } catch (error) {
    if (!isInterlockError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

/** What was told before is what came of the job, and what is said of it then. */
function isThatOf(quote: Quote, done: Enqueued, found: Explanation | undefined): void {
  const { jobId, isNew, standsFor, explanation, isStartable } = quote
  expect([isNew, standsFor]).toEqual([done.queued === 1, done.jobs[0]?.standsFor])
  if (explanation === null) {
    expect(found?.state).toBe('ended')
    return
  }
  const { since: _, until: __, also: ___, failed: ____, ...same } = explanation
  expect(found).toMatchObject(same)
  if (standsFor === undefined && explanation.state === 'waiting')
    expect(isStartable).toBe(!done.waiting.some((each) => each.jobId === jobId))
}

it(
  'what is told of a job is what comes of it, at the same version',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAct, { maxLength: 14 }), anyJob, async (acts, wanted) => {
        const { coordinator } = await aQueue()
        for (const act of acts) await outcomeOf<unknown>(act(coordinator))
        const { version } = coordinator.state()
        const quote = await outcomeOf(coordinator.quote(wanted))
        expect(coordinator.state().version).toBe(version)
        const done = await outcomeOf(coordinator.enqueue([wanted]))
        if (typeof quote === 'string' || typeof done === 'string') expect(quote).toEqual(done)
        else {
          const found = await coordinator.explain(quote.standsFor ?? quote.jobId)
          isThatOf(quote, done, found)
          expect(quote.version).toBe(version)
        }
        await coordinator.close()
      }),
      { numRuns: runs(60) },
    )
  },
  PATIENCE,
)
