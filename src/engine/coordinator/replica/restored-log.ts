import { type Micros, wentBack } from '../../core/index.ts'
import type { LogPage } from '../../store/index.ts'
import type { Replica } from './replica.ts'

/** Events to be folded next, with what shows that they belong to the log that was folded so far. */
interface Following extends Pick<LogPage, 'events' | 'version' | 'epoch'> {
  /** The time that this log has for the last event that the replica knows; null: unknown. */
  readonly knownAt: Micros | null
}

/**
 * Makes sure, before anything is folded on top of it, that this is still the log that was folded. After a restore, other events
 * have the numbers that this process knows. Times rise by microseconds, so an event in the place of the last known one has
 * another time. The epochs are compared as well.
 * @throws InterlockError `log_went_back`
 */
export function checkSame(
  queue: string,
  { version: known, ledger }: Replica,
  { knownAt, events, version, epoch }: Following,
): void {
  if (known > 0 && (knownAt ?? ledger.lastAt) !== ledger.lastAt) throw wentBack(queue, known, version)
  if ((events.at(-1)?.seq ?? known) < version) return
  const led = events.reduce(
    (now, event) => (event.type === 'epoch_changed' ? event.epoch : now),
    ledger.epoch,
  )
  if (led < epoch) throw wentBack(queue, known, version)
}
