import { failedTimes, type Job } from '../state/job.ts'
import { costsAttempt, type FailureCode, type RecordedEvent } from '../values/event.ts'
import type { Micros } from '../values/job.ts'
import { lastLife } from './not-live.ts'

/** How attempts of a job's life failed. One that was given back has not failed. */
export interface FailedTries {
  /** How many attempts failed or were lost. */
  readonly times: number
  /** How many attempts there may be in all; null: the log does not say any more. */
  readonly attempts: number | null
  /** Why the last of them failed; the text of its error is beside the log. `lease_expired`: its worker was lost. */
  readonly code: FailureCode | 'lease_expired'
  /** When it failed. */
  readonly at: Micros
}

type Failure = RecordedEvent & { readonly type: 'failed' | 'lease_expired' }

/** @param events the last events of the job @param job the live job; its counts hold, however many events there were */
export function failedTriesOf(events: readonly RecordedEvent[], job: Job | undefined): FailedTries | null {
  const life = lastLife(events)
  const failures = life.filter((event, at): event is Failure => isFailure(event, life[at + 1]))
  const last = failures.at(-1)
  if (last === undefined) return null
  const code = last.type === 'failed' ? last.code : last.type
  const spec = job?.spec ?? specIn(life)
  return {
    times: job === undefined ? failures.length : failedTimes(job),
    attempts: spec?.attempts ?? null,
    code,
    at: last.at,
  }
}

/** @param next the event of the job that follows: it says what the end of the attempt cost */
function isFailure(event: RecordedEvent, next: RecordedEvent | undefined): boolean {
  if (event.type !== 'failed' && event.type !== 'lease_expired') return false
  if (event.type === 'failed' && event.token === null) return false
  return next?.type !== 'requeued' || costsAttempt(next.reason)
}

const specIn = ([first]: readonly RecordedEvent[]) => (first?.type === 'queued' ? first.spec : undefined)
