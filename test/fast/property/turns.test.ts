import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  defaultPolicy,
  hash,
  type JobSpec,
  type Policy,
  type RecordedEvent,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play, World } from '../../support/simulate.ts'

const run = fc.oneof(
  { weight: 2, arbitrary: arbitraryRun({ maxLength: 100, weights: true }) },
  { weight: 3, arbitrary: arbitraryRun({ maxLength: 100, weights: true, batches: true }) },
  { weight: 1, arbitrary: arbitraryRun({ maxLength: 100, weights: true, places: true, batches: true }) },
  { weight: 1, arbitrary: arbitraryRun({ maxLength: 100, weights: true, places: 'units', serves: true }) },
  { weight: 2, arbitrary: arbitraryRun({ maxLength: 100, weights: true, warm: true, batches: true }) },
  { weight: 1, arbitrary: arbitraryRun({ maxLength: 100, weights: true, warm: true, places: true }) },
)
const isStart = (event: RecordedEvent): event is RecordedEvent & { readonly type: 'started' } =>
  event.type === 'started'

describe('a log with weights', () => {
  it('has starts that passed others since their keys had used less, jobs at their bound, and estimates', () => {
    const turns = fc.sample(run, { numRuns: 60, seed: 7 }).flatMap(play)
    const starts = eventsOf(turns).filter(isStart)
    const passes = turns.filter(
      ({ before, decision: { ledger, events } }) =>
        events.some((event) => isStart(event) && event.virtualTime !== undefined) &&
        [...ledger.jobs].some(
          (job) =>
            !job.active &&
            job.overtaken > ([...before.jobs].find((one) => one.jobId === job.jobId)?.overtaken ?? 0),
        ),
    )
    const chosen = starts.filter(({ virtualTime = 0 }) => virtualTime > 0)
    const expecting = starts.filter(({ expects = 0 }) => expects > 0)
    expect([passes.length > 50, chosen.length > 100, expecting.length > 100]).toEqual([true, true, true])
  })

  it(
    'breaks no rule that the audit knows',
    holds([run], 60, (steps) => {
      expect(audit(eventsOf(play(steps))).violations).toEqual([])
    }),
    PATIENCE,
  )
})

const SECOND = 1_000_000
const backlog = fc.record({
  weights: fc.uniqueArray(fc.tuple(fc.constantFrom('k', 'l', 'm', 'n'), fc.integer({ min: 1, max: 5 })), {
    selector: ([key]) => key,
    minLength: 2,
    maxLength: 4,
  }),
  workers: fc.integer({ min: 1, max: 4 }),
  /** How long attempts take, one after the other: the same few seconds, or anything. */
  seconds: fc.oneof(
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 60, maxLength: 120 }),
    fc.array(fc.constantFrom(1, 1, 1, 40), { minLength: 60, maxLength: 120 }),
  ),
  /** Who comes first, with all that he has. */
  isBySlot: fc.boolean(),
})
type Backlog = typeof backlog extends fc.Arbitrary<infer Of> ? Of : never

/**
 * Keys that always have jobs that could start, for one model or one slot each. What two of them have used over their weights differs by no more
 * than one largest job for each slot and key; an attempt that runs counts as it is expected until it ends, and no attempt is larger.
 */
describe('keys with more jobs than can run', () => {
  it(
    'get their shares, by weight, at every prefix',
    holds([backlog], 20, (given) => {
      const { faults, used } = served(given, {})
      expect(faults).toEqual([])
      expect([...used.values()].every((all) => all > 0)).toBe(true)
    }),
    PATIENCE,
  )

  it('do not in line order', () => {
    const samples = fc.sample(backlog, { numRuns: 10, seed: 1 })
    const unfair = samples.filter((given) => served(given, { weights: undefined }).faults.length > 0)
    expect(unfair.length).toBeGreaterThan(7)
  })
})

function served({ weights, workers, seconds, isBySlot }: Backlog, change: { readonly weights?: undefined }) {
  const world = new World()
  const { weights: _, ...unweighed } = policyFor(weights, workers, isBySlot)
  const policy = 'weights' in change ? unweighed : policyFor(weights, workers, isBySlot)
  const send = (body: object, workerId = 'w', max = 0) =>
    world.run({
      ...{ id: `c${world.ledger.version}-${world.now}`, hash: hash(JSON.stringify(body)), workerId },
      ...{ body: body as never, claim: { max, kinds: null } },
    }).decision.events
  send({ type: 'set_policy', policy })
  const keys = weights.map(([key]) => key)
  const each = seconds.length + workers
  const specs = keys.flatMap((key) =>
    Array.from({ length: each }, (_, i) => specOf(key, i, isBySlot ? key : 'a')),
  )
  send({ type: 'enqueue', specs })
  const running: { jobId: string; token: number; key: string; at: number; until: number }[] = []
  const used = new Map<string, number>(keys.map((key) => [key, 0]))
  const faults: string[] = []
  const note = (events: readonly RecordedEvent[]) => {
    for (const event of events.filter(isStart)) {
      const key = event.jobId.slice(0, 1)
      const last = (seconds.shift() ?? 1) * SECOND
      running.push({ jobId: event.jobId, token: event.seq, key, at: event.at, until: event.at + last })
    }
  }
  const largest = Math.max(...seconds) * SECOND + SECOND
  for (let i = 0; i < workers; i++) note(send({ type: 'claim' }, `w${i}`, 1))
  while (seconds.length > 0) {
    const next = running.toSorted((a, b) => a.until - b.until)[0]
    if (next === undefined) throw new Error('nothing runs')
    running.splice(running.indexOf(next), 1)
    world.now = next.until
    const events = send({ type: 'complete', jobId: next.jobId, token: next.token }, 'w0', 1)
    used.set(next.key, (used.get(next.key) ?? 0) + (events[0]?.at ?? 0) - next.at)
    note(events)
    for (const [one, weight] of weights)
      for (const [other, its] of weights) {
        const apart = (used.get(one) ?? 0) / weight - (used.get(other) ?? 0) / its
        const bound = workers * largest * (1 / weight + 2 / its)
        if (apart > bound) faults.push(`${one} is ${apart} ahead of ${other}, and may be ${bound}`)
      }
  }
  return { faults, used }
}

/** One model that several may have, or a model for each key, and so many slots. */
function policyFor(weights: Backlog['weights'], workers: number, isBySlot: boolean): Policy {
  return {
    ...defaultPolicy,
    maxActive: isBySlot ? workers : null,
    capacity: { '*': workers },
    maxOvertakes: null,
    offerMs: 60_000,
    weights: Object.fromEntries(weights),
  }
}

const specOf = (fairKey: string, i: number, model: string): JobSpec => ({
  ...specDefaults,
  ...{ jobId: `${fairKey}${i}`, jobType: 'normal', kind: 'normal', models: [model], fairKey },
})
