/** A submission, and a row of `jobs`, may be lent to two processes, and one append may carry out the commands of both. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type Accepted,
  type Claim,
  type CommandBody,
  type Dedupe,
  decide,
  defaultPolicy,
  emptyLedger,
  type JobSpec,
  type RecordedEvent,
  replay,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'

const now = 1_700_000_000_000_000
const keys: readonly (Dedupe | undefined)[] = [
  undefined,
  { key: 'live', while: 'live' },
  { key: 'last', while: 'waiting', debounce: { delay: 1_000, maxDelay: 60_000 } },
]

/** What came under this number, always the same. Every third has the same id as another one. */
const specOf = (number: number): JobSpec => {
  const dedupe = keys[number % keys.length]
  return {
    ...{ jobId: `j${number % 6}`, jobType: 'normal', kind: 'normal', models: ['m'], ...specDefaults },
    ...{ payloadHash: number, hasData: true, ...(dedupe && { dedupe }) },
  }
}
const rowOf = (number: number): JobSpec => ({ ...specOf(number), jobId: `row${number}` })

const numbers = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 5 })
const claim: Claim = { max: 2, kinds: null }
const command: fc.Arbitrary<{ readonly body: CommandBody; readonly claim?: Claim }> = fc.oneof(
  { weight: 3, arbitrary: numbers.map((all) => ({ body: submitted(all) })) },
  { weight: 3, arbitrary: numbers.map((all) => ({ body: rows(all) })) },
  fc.nat({ max: 8 }).map((n) => ({ body: { type: 'cancel', jobId: specOf(n).jobId, force: true } as const })),
  fc.nat({ max: 8 }).map((n) => ({ body: { type: 'cancel', jobId: rowOf(n).jobId, force: true } as const })),
  fc.constant({ body: { type: 'claim' } as const, claim }),
  fc.nat({ max: 5 }).map((n) => ({ body: { type: 'complete', jobId: `j${n}`, token: null } as const })),
)

const submitted = (all: readonly number[]): CommandBody => ({
  type: 'enqueue',
  specs: all.map(specOf),
  submissions: all,
})
const rows = (all: readonly number[]): CommandBody => ({
  type: 'enqueue',
  specs: [...new Set(all)].map(rowOf),
  intake: true,
})

const decided = (all: readonly { readonly body: CommandBody; readonly claim?: Claim }[]) => {
  const commands = all.map((one, n) => ({ id: `c${n}`, hash: n, workerId: 'w', ...one }))
  return decide(replay(free), commands, { now, deadWorkers: new Set() })
}
/** Whatever comes may start at once, and so end in the same append. */
const { events: free } = decide(
  emptyLedger,
  [
    {
      ...{ id: 'p', hash: 0, workerId: 'w' },
      body: { type: 'set_policy', policy: { ...defaultPolicy, maxActive: 9, capacity: { m: 9 } } },
    },
  ],
  { now: now - 1_000_000, deadWorkers: new Set() },
)

const outcomesOf = (events: readonly RecordedEvent[]) =>
  events.flatMap((event) =>
    event.type === 'queued' || event.type === 'deduplicated'
      ? [event.submission ?? (event.intake === true ? event.jobId : null)]
      : [],
  )

it('each has one outcome, whatever one append carries out', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (all) => {
      const { events, ledger } = decided(all)
      const outcomes = outcomesOf(events)
      expect(outcomes).toEqual([...new Set(outcomes)])
      expect(audit([...free, ...events]).violations).toEqual([])
      expect(ledger.version).toBe(free.length + events.length)
    }),
    { numRuns: 2_000 },
  )
})

it('the second command is answered as the first one was, without an event', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1 }), fc.boolean(), (all, areRows) => {
      const body = areRows ? rows(all) : submitted(all)
      const once = decided([{ body }])
      const { events, results } = decided([{ body }, { body }])
      expect(events).toEqual(once.events)
      const [first, second] = results as [Accepted, Accepted]
      const { known, held, doubles } = first
      expect(second).toMatchObject({ ok: true, started: [], changed: false, known, ...(held && { held }) })
      expect(second.doubles).toEqual(doubles)
      expect(second.waiting.map(({ jobId }) => jobId)).toEqual(first.waiting.map(({ jobId }) => jobId))
    }),
    { numRuns: 300 },
  )
})

it('a job that was cancelled, and a newer payload, stay as they are', () => {
  const first = { ...specOf(2), jobId: 'first' }
  const next = { ...first, jobId: 'next', payloadHash: 7 }
  const take = (spec: JobSpec, submission: number) => ({
    body: { type: 'enqueue', specs: [spec], submissions: [submission] } as const,
  })
  const cancelled = decided([
    take(specOf(0), 1),
    { body: { type: 'cancel', jobId: 'j0', force: true } },
    take(specOf(0), 1),
  ])
  expect(cancelled.ledger.jobs.size).toBe(0)
  const newest = decided([
    take(first, 1),
    take(next, 2),
    take({ ...first, jobId: 'last', payloadHash: 8 }, 3),
    take(next, 2),
  ])
  expect(newest.events.flatMap((event) => (event.type === 'debounced' ? [event.payloadHash] : []))).toEqual([
    7, 8,
  ])
})
