import { type EventType, eventTypes, evolve, InterlockError, type RecordedEvent } from '../src/core/index.ts'
import type { CoordinatorSnapshot } from './state.ts'

const known: ReadonlySet<EventType> = new Set(eventTypes)

/**
 * Refuses an event that cannot come next. XState ignores what a state does not accept and does not tell the caller of
 * `send` when `evolve` throws; this does both, and changes nothing.
 * @throws InterlockError `unknown_event` or `corrupt_log`, with the sequence number in the message and in `details.seq`.
 */
export function check(snapshot: CoordinatorSnapshot, event: RecordedEvent): void {
  checkAccepted(snapshot, event)
  evolve(snapshot.context.ledger, event)
}

/** The part of {@link check} that costs half a microsecond: all but what only `evolve` finds out. */
export function checkAccepted(snapshot: CoordinatorSnapshot, event: RecordedEvent): void {
  if (!known.has(event.type)) throw unknownEvent(event)
  if (snapshot.can(event)) return
  // What the ledger has against it (a gap, a job that is not live) says more than the state does.
  evolve(snapshot.context.ledger, event)
  throw notAccepted(snapshot, event)
}

function unknownEvent({ seq, type }: RecordedEvent): InterlockError {
  return new InterlockError(
    'unknown_event',
    `event ${seq} is of type ${type}, which this release does not know; use a newer release of interlock-queue`,
    { seq, type },
  )
}

function notAccepted(snapshot: CoordinatorSnapshot, { seq, type }: RecordedEvent): InterlockError {
  const state = JSON.stringify(snapshot.value)
  return new InterlockError(
    'corrupt_log',
    `event ${seq} (${type}) cannot have happened: state ${state} does not accept it. The log was changed, or written by something else; stop the workers and run \`interlock verify\``,
    { seq, type, state },
  )
}
