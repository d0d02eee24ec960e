/** The fold of the core, as programs may call it: with anything. */

import {
  checkEvent,
  checkLedger,
  evolve as evolveIn,
  type Folded,
  Folder,
  type Ledger,
  type RecordedEvent,
  Replayer,
  readingPart,
} from '../core/index.ts'
import { checkEvents } from './given-events.ts'

/**
 * The ledger after one event of the log. Pure, and the only place where state changes.
 * @throws InterlockError `corrupt_log` naming the sequence number, if the event is impossible in this state; `unknown_event`; `invalid_input`
 * for what is no ledger or no event
 */
export function evolve(ledger: Ledger, event: RecordedEvent): Ledger {
  checkLedger(ledger)
  return reading(event, 'event', (read) => evolveIn(ledger, read))
}

/**
 * Folds events into a ledger: the same as {@link evolve} one by one, at the cost of mutation (one owner for all).
 * @throws InterlockError `corrupt_log`; the ledger that was given stays as it was. `invalid_input` for what is no ledger or no event, naming it
 */
export function fold(ledger: Ledger, events: Iterable<RecordedEvent>): Folded {
  checkLedger(ledger)
  const folder = new Folder(ledger)
  pushEach(events, (event) => folder.push(event))
  return folder.folded()
}

/** The state after a whole log. @throws InterlockError as {@link fold} does */
export function replay(events: Iterable<RecordedEvent>): Ledger {
  const replayer = new Replayer()
  pushEach(events, (event) => replayer.push(event))
  return replayer.ledger()
}

function pushEach(events: Iterable<RecordedEvent>, push: (event: RecordedEvent) => void): void {
  checkEvents(events)
  let at = 0
  for (const event of events) reading(event, `events[${at++}]`, push)
}

function reading<T>(event: RecordedEvent, path: string, read: (event: RecordedEvent) => T): T {
  checkEvent(event, path)
  return readingPart(event, path, read)
}
