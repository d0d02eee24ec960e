/** A forecast runs the rules on from whatever a queue has come to. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { awaitsParents, emptyLedger, MICROS_PER_SECOND, RunTimes } from '../../../src/engine/core/index.ts'
import { forecast } from '../../../src/engine/core/says/forecast/forecast.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'

function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

const worker = { state: 'live', kinds: null, freeSlots: 1_000, release: '1.0.0' } as const
const workers = [...'abcdefgh'].map((workerId) => ({ ...worker, workerId }))
const second = MICROS_PER_SECOND
const compared = Array.from({ length: 9 }, () => ({
  likely: second,
  from: second,
  to: second,
  waited: second,
}))

it(
  'forecast: of every job that waits there is a range, the same each time, or none; of no other job',
  () => {
    let ranges = 0
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 80 }), (steps) => {
        const turns = play(steps)
        const ledger = turns.at(-1)?.decision.ledger ?? emptyLedger
        const times = new RunTimes()
        for (const { decision } of turns) for (const event of decision.events) times.push(event, ledger)
        const now = ledger.lastAt
        const options = { ledger, now, times, workers, compared }
        const [found, again] = [whole(forecast(options)), whole(forecast(options))]
        for (const job of ledger.jobs) {
          const { jobId } = job
          const range = whole(found.of(jobId))
          expect(whole(again.of(jobId))).toEqual(range)
          if (typeof range === 'string') continue
          ranges++
          expect(job.active).toBe(false)
          const { likely, from, to } = range
          expect(from).toBeLessThanOrEqual(likely)
          expect(to).toBeGreaterThanOrEqual(likely)
          if (!awaitsParents(job)) expect(from).toBeGreaterThanOrEqual((job.dueAt ?? now) - now)
        }
      }),
      { numRuns: runs(20) },
    )
    expect(ranges).toBeGreaterThan(10)
  },
  PATIENCE,
)
