import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isStartable, jobOf } from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { breaksNoRule } from '../../support/one-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play, type Turn } from '../../support/simulate.ts'
import { lineOf, queueOf, runningIn, usedBy } from './oracle/queue.ts'

const run = fc.oneof(
  { weight: 3, arbitrary: arbitraryRun({ maxLength: 100, uses: true }) },
  { weight: 1, arbitrary: arbitraryRun({ maxLength: 100, uses: true, places: true, batches: true }) },
)

describe('a log with uses', () => {
  it('has jobs that wait for a resource, attempts that say what they used, and asks above every limit', () => {
    const turns = fc.sample(run, { numRuns: 100, seed: 7 }).flatMap(play)
    const waits = turns.flatMap(({ decision: { ledger }, surroundings: { now } }) => {
      const queue = queueOf(ledger)
      return lineOf(queue).filter((job) => usedBy(queue, job).length > 0 && job.offeredAt === null && now > 0)
    })
    const events = eventsOf(turns)
    const said = events.filter((event) => 'used' in event && event.used !== undefined)
    const results = turns.flatMap(({ decision }) => decision.results)
    const over = results.filter((result) => !result.ok && result.code === 'use_over_limit')
    const held = turns.filter(({ decision: { ledger } }) =>
      [...ledger.jobs].some(({ held }) => held?.as === 'use_over_limit'),
    )
    expect([waits.length > 100, said.length > 100, over.length > 20, held.length > 20]).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it(
    'never uses and reserves more than a limit when something starts, at every prefix; the audit says the same',
    breaksNoRule(run, 60),
    PATIENCE,
  )

  it(
    'holds nobody up for ever: when nothing runs and all that was used is out of its windows, the first in line may start',
    holds([run], 20, (steps) => {
      for (const { decision, surroundings } of play(steps)) {
        const { ledger } = decision
        const queue = queueOf(ledger)
        const [first] = lineOf(queue)
        if (first === undefined || queue.draining || runningIn(queue).length > 0) continue
        const later = surroundings.now + 86_400 * 1_000_000
        expect([first.jobId, isStartableLater(ledger, first.jobId, later)]).toEqual([first.jobId, true])
      }
    }),
    PATIENCE,
  )
})

function isStartableLater(ledger: Turn['decision']['ledger'], jobId: string, at: number): boolean {
  const job = jobOf(ledger, jobId)
  return job !== undefined && isStartable(ledger, job, at)
}
