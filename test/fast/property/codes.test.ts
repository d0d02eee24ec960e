/** The code of each job, found for many at once, is the one that `explain` gives of it alone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  codesIn,
  explainLive,
  type Ledger,
  type QueueFacts,
  type WorkerFact,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'

/** Jobs by the dozen that are alike and wait one behind the other, under every kind of rule. */
const run = fc.oneof(
  arbitraryRun({ minLength: 40, maxLength: 120 }),
  arbitraryRun({ minLength: 40, maxLength: 120, uses: true, weights: true }),
  arbitraryRun({ minLength: 40, maxLength: 120, places: 'units', uses: true, weights: true }),
  arbitraryRun({ minLength: 40, maxLength: 120, places: true, batches: true }),
  arbitraryRun({ minLength: 40, maxLength: 120, places: true, serves: true, warm: true }),
  arbitraryRun({ minLength: 40, maxLength: 120, wholes: true, flows: true }),
)

const worker = fc.record({
  workerId: fc.constantFrom('w0.0', 'w1.0', 'w2.0', 'w3.0'),
  state: fc.constantFrom('live', 'live', 'late', 'dead'),
  kinds: fc.constantFrom(null, null, ['normal'], ['other'], []),
  freeSlots: fc.constantFrom(0, 1),
  release: fc.constantFrom('0.1.0', 'python'),
})
const around = fc.record({
  workers: fc.option(fc.uniqueArray(worker, { maxLength: 4, selector: ({ workerId }) => workerId }), {
    nil: null,
  }),
  later: fc.constantFrom(0, 0, 1_000_000, 60_000_000, 4_000_000_000),
})

const explained = (facts: QueueFacts, ledger: Ledger) =>
  new Map([...ledger.jobs].map(({ jobId }) => [jobId, explainLive(facts, jobId)?.code]))

describe('what keeps each job of a queue', () => {
  it(
    'is what explain says of it, whatever the rules',
    () => {
      const seen = new Map<string, number>()
      const compare = (ledger: Ledger, workers: readonly WorkerFact[] | null, now: number) => {
        const facts = { ledger, now, workers }
        const codeOf = codesIn(facts)
        const told = new Map([...ledger.jobs].map((job) => [job.jobId, codeOf(job)]))
        expect(told).toEqual(explained(facts, ledger))
        for (const code of told.values()) seen.set(String(code), (seen.get(String(code)) ?? 0) + 1)
      }
      fc.assert(
        fc.property(run, around, (steps, { workers, later }) => {
          for (const [n, { decision, surroundings }] of play(steps).entries())
            if (n % 8 === 7) compare(decision.ledger, workers, surroundings.now + later)
        }),
        { numRuns: runs(80) },
      )
      // Of a code that never came nothing was compared.
      expect([...seen.keys()]).toEqual(
        expect.arrayContaining(['behind_in_line', 'rate_limited', 'no_worker', 'overdue', 'lost']),
      )
    },
    PATIENCE,
  )
})
