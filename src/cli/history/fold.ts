import { firstLedger as firstLedgerOf, ledgerNear } from '../../coordinator/replica/ledger-near.ts'
import { archived, emptyLedger, type Ledger, Replayer } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { count } from '../format.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'

/** Where the log begins as far as it can be read: before its first event, or at the snapshot of the cut. */
export function firstLedger({ queue }: Frame, store: LogStore): Promise<Ledger> {
  return firstLedgerOf(store, queue)
}

/** Says that the log is read from a cut on, which whoever reads the result has to know. @param through the last event that is gone */
export function noteCut(frame: Frame, through: number): void {
  if (through === 0) return
  frame.note(
    `from event ${count(through + 1)} on: those before it are archived and not in the database; a file of them is read by --from-archive`,
  )
}

/** The same as part of a sentence: nothing is said of events that nobody read. */
export const onlyFrom = (fromSeq: number): string =>
  fromSeq === 1
    ? ''
    : ` from event ${count(fromSeq)} on (what those before it led to is taken from the snapshot at the cut)`

/** A number of the log, or that of the cut where events after the number are gone; then it is said. */
export async function orCut(frame: Frame, store: LogStore, after: number): Promise<number> {
  const { events, archivedSeq } = await store.read(frame.queue, after, 1)
  if (events.length > 0 || archivedSeq <= after) return after
  noteCut(frame, archivedSeq)
  return archivedSeq
}

/**
 * The queue as it was when the log had `upTo` events: folded from the last snapshot before that, if there is one.
 * @throws InterlockError `corrupt_log`, `unknown_event`, `archived`, `database_newer`
 */
export async function ledgerAt(frame: Frame, store: LogStore, upTo: number): Promise<Ledger> {
  if (upTo === 0) return emptyLedger
  const from = await ledgerNear(store, frame.queue, upTo, (error) => frame.note(passedOver(error)))
  if (from.version > upTo) throw archived(frame.queue, from.version)
  const replayer = new Replayer(from)
  await eachEvent(frame, store, 'replayed', (event) => replayer.push(event), { after: from.version, upTo })
  return replayer.ledger()
}

const passedOver = (error: unknown): string =>
  `passed over: ${error instanceof Error ? error.message : String(error)}`
