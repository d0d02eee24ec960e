import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  emptyLedger,
  evolve,
  isStartable,
  type Job,
  jobOf,
  type Ledger,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { breaksNoRule } from '../../support/one-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play } from '../../support/simulate.ts'

const weighed = arbitraryRun({ minLength: 60, maxLength: 100, warm: true, weights: true, batches: true })
const run = fc.oneof(
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true }),
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true, batches: true }),
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true, places: true, serves: true }),
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true, places: 'units' }),
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true, wholes: true, uses: true }),
  weighed,
  arbitraryRun({ minLength: 60, maxLength: 100, warm: true, weights: true, places: true, serves: true }),
)

/**
 * Counts job by job those that could start by the line alone and are ahead of a start that passes for loaded models: from when a job was queued,
 * or had started last, whatever happened to it since.
 */
class PassBounds {
  readonly #passed = new Map<string, { times: number; since: number }>()

  /** What is wrong with an event that comes next; null: nothing. */
  faultOf(ledger: Ledger, event: RecordedEvent): string | null {
    if (event.type !== 'started') return null
    const started = jobOf(ledger, event.jobId)
    if (started !== undefined) this.#passed.delete(keyOf(started))
    if (event.warm === undefined) return null
    const { maxPassed = 0, maxPassedSeconds = 0 } = ledger.policy.warm ?? {}
    const inLine = [...ledger.line].flatMap((place) => jobOf(ledger, place.jobId) ?? [])
    for (const job of inLine) {
      if (started === undefined || !isAhead(job, started) || event.without?.includes(job.spec.kind)) continue
      if (job.asker !== null || !isStartable(ledger, job, event.at)) continue
      if (job.places !== null && ledger.servers.length > 0) continue
      // Where keys take turns those of others are not passed for what is loaded, but overtaken.
      if (ledger.fair !== null && job.spec.fairKey !== started.spec.fairKey) continue
      const { times, since } = this.#passed.get(keyOf(job)) ?? { times: 0, since: event.at }
      if (times >= maxPassed) return `${job.jobId} was passed ${times} times before`
      if (times > 0 && event.at - since >= maxPassedSeconds * 1e6)
        return `${job.jobId} was passed for too long`
      if (job.position.level !== started.position.level) return `${job.jobId} has a higher priority`
      this.#passed.set(keyOf(job), { times: times + 1, since })
    }
    return null
  }
}

/** Of one life. */
const keyOf = ({ jobId, queuedAt }: Job): string => [jobId, queuedAt].join()

const isAhead = ({ position: a }: Job, { position: b }: Job): boolean =>
  a.level - b.level < 0 ||
  (a.level === b.level && (a.order - b.order < 0 || (a.order === b.order && a.tie < b.tie)))

describe('a log of processes that keep models loaded', () => {
  it('has starts that pass others, and jobs that were passed as often as may be', () => {
    const turns = fc.sample(run, { numRuns: 60, seed: 4 }).flatMap(play)
    const warm = eventsOf(turns).filter((event) => event.type === 'started' && event.warm !== undefined)
    expect(warm.length).toBeGreaterThan(40)
    const inTurn = eventsOf(fc.sample(weighed, { numRuns: 60, seed: 4 }).flatMap(play)).filter(
      (event) => event.type === 'started' && event.warm !== undefined && event.virtualTime !== undefined,
    )
    expect(inTurn.length).toBeGreaterThan(30)
  })

  it('breaks no rule at any prefix, as the audit says it in its own words', breaksNoRule(run, 40), PATIENCE)

  it(
    'passes no job that could start more often, or for longer, than the policy says, whatever else happens to it, at any prefix',
    holds([run], 30, (steps) => {
      const bounds = new PassBounds()
      let ledger = emptyLedger
      for (const event of eventsOf(play(steps))) {
        expect(bounds.faultOf(ledger, event)).toBeNull()
        ledger = evolve(ledger, event)
      }
    }),
    PATIENCE,
  )
})
