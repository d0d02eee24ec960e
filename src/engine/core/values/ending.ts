import type { RecordedEvent } from './event.ts'
import type { JobOutcome } from './job.ts'

/** An event that ends an attempt, if it has one: its models are free. */
export type AttemptEndEvent = RecordedEvent &
  (
    | { readonly type: 'completed' | 'lease_expired' }
    | { readonly type: 'cancelled' | 'failed'; readonly token: number }
  )

/** An event after which a job is a dead letter. */
export type Death = RecordedEvent &
  ({ readonly type: 'failed' | 'lease_expired'; readonly final: true } | { readonly type: 'expired' })

/** True for an event that ends a running attempt. A waiting job that is cancelled, or fails with another one, had none. */
export function endsAttempt(event: RecordedEvent): event is AttemptEndEvent {
  switch (event.type) {
    case 'completed':
    case 'lease_expired':
      return true
    case 'cancelled':
    case 'failed':
      return event.token !== null
    default:
      return false
  }
}

/**
 * How the life of the event's job ended with it; null: it goes on, or the event is about no job. Tests compare it with the
 * machine of a job and with the predicate of dead letters in SQL.
 */
export function outcomeOf(event: RecordedEvent): JobOutcome | null {
  switch (event.type) {
    case 'completed':
    case 'cancelled':
    case 'expired':
      return event.type
    case 'failed':
    case 'lease_expired':
      return event.final ? 'failed' : null
    default:
      return null
  }
}

/** True for an event that makes a job a dead letter: it failed for good, lost its last attempt, waited too long, or a parent failed. */
export function isDeath(event: RecordedEvent): event is Death {
  const outcome = outcomeOf(event)
  return outcome === 'failed' || outcome === 'expired'
}
