import {
  checkEvent,
  evolve,
  InterlockError,
  invalidInput,
  type RecordedEvent,
  readingPart,
} from '../src/engine/core/index.ts'
import type { CoordinatorSnapshot } from './state.ts'

/**
 * Refuses an event that cannot come next. XState ignores what a state does not accept and does not tell the caller of
 * `send` when `evolve` throws; this does both, and changes nothing.
 * @throws InterlockError `unknown_event` or `corrupt_log`, with the sequence number in the message and in `details.seq`;
 * `invalid_input` for what is no snapshot or no event
 */
export function check(snapshot: CoordinatorSnapshot, event: RecordedEvent): void {
  checkSnapshot(snapshot)
  checkEvent(event)
  readingPart(event, 'event', () => {
    checkAccepted(snapshot, event)
    evolve(snapshot.context.ledger, event)
  })
}

/** Of a program. */
function checkSnapshot(snapshot: unknown): void {
  if (
    typeof Object(snapshot).can === 'function' &&
    typeof Object(Object(snapshot).context).ledger === 'object'
  )
    return
  throw invalidInput('snapshot: must be one of the machine, such as ledgerSnapshot gives', 'snapshot')
}

/** The part of {@link check} that costs half a microsecond: all but what only `evolve` finds out. */
export function checkAccepted(snapshot: CoordinatorSnapshot, event: RecordedEvent): void {
  if (snapshot.can(event)) return
  // What the law and the ledger have against it says more: what is known of the job, a gap, a type of a later release.
  evolve(snapshot.context.ledger, event)
  throw notAccepted(snapshot, event)
}

function notAccepted(snapshot: CoordinatorSnapshot, { seq, type }: RecordedEvent): InterlockError {
  const state = JSON.stringify(snapshot.value)
  return new InterlockError(
    'corrupt_log',
    `event ${seq} (${type}) cannot have happened: state ${state} does not accept it. The log was changed, or written by something else; stop the workers and run \`interlock verify\``,
    { seq, type, state },
  )
}
