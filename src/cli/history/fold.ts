import { decodeSnapshot } from '../../codec/index.ts'
import { archived, emptyLedger, type Ledger, Replayer } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { count } from '../format.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'

/** Where the log begins as far as it can be read: before its first event, or at the snapshot of the cut. */
export async function firstLedger(frame: Frame, store: LogStore): Promise<Ledger> {
  const { events, archivedSeq } = await store.read(frame.queue, 0, 1)
  if (archivedSeq === 0 || events.length > 0) return emptyLedger
  const kept = await store.snapshot(frame.queue, archivedSeq)
  const ledger = kept?.seq === archivedSeq ? decodeSnapshot(kept.seq, kept.state) : null
  if (ledger === null) throw archived(frame.queue, archivedSeq)
  return ledger
}

/** Says that the log is read from a cut on, which whoever reads the result has to know. @param through the last event that is gone */
export function noteCut(frame: Frame, through: number): void {
  if (through === 0) return
  frame.note(
    `from event ${count(through + 1)} on: those before it are archived and not in the database; a file of them is read by --from-archive`,
  )
}

/** A number of the log, or that of the cut where events after the number are gone; then it is said. */
export async function orCut(frame: Frame, store: LogStore, after: number): Promise<number> {
  const { events, archivedSeq } = await store.read(frame.queue, after, 1)
  if (events.length > 0 || archivedSeq <= after) return after
  noteCut(frame, archivedSeq)
  return archivedSeq
}

/**
 * The queue as it was when the log had `upTo` events: folded from the last snapshot before that, if there is one.
 * @throws InterlockError `corrupt_log`, `unknown_event`
 */
export async function ledgerAt(frame: Frame, store: LogStore, upTo: number): Promise<Ledger> {
  const kept = upTo === 0 ? null : await store.snapshot(frame.queue, upTo)
  const from = (kept === null ? null : decodeSnapshot(kept.seq, kept.state)) ?? emptyLedger
  const replayer = new Replayer(from)
  await eachEvent(frame, store, 'replayed', (event) => replayer.push(event), { after: from.version, upTo })
  return replayer.ledger()
}
