import { archived, emptyLedger, isInterlockError, type Ledger } from '../../core/index.ts'
import type { LogRole, SnapshotRole } from '../../port/index.ts'
import { readSnapshot } from './read-snapshot.ts'

type Source = Pick<LogRole, 'read'> & Pick<SnapshotRole, 'snapshot' | 'chunk'>

/** How often to look again if the snapshot is deleted while it is read: there is a newer one then. */
const MOST_GONE = 5

/**
 * The ledger at the beginning of the readable log: empty before the first event, or the snapshot of the cut.
 * @throws InterlockError `archived` if that snapshot is missing; `database_newer`, `corrupt_log` if it cannot be read
 */
export async function firstLedger(store: Source, queue: string): Promise<Ledger> {
  const { events, archivedSeq } = await store.read(queue, 0, 1)
  if (archivedSeq === 0 || events.length > 0) return emptyLedger
  const kept = await store.snapshot(queue, archivedSeq)
  if (kept?.seq !== archivedSeq) throw archived(queue, archivedSeq)
  return readSnapshot(store, queue, kept)
}

/**
 * The newest ledger at or before a number (null: the head) from which the log can be folded: that of a snapshot, or that of the
 * beginning of the log, which may be after the number. A snapshot only saves time, so one that cannot be read is reported and
 * skipped, unless it is the snapshot of the cut.
 * @throws InterlockError as {@link firstLedger}
 */
export async function ledgerNear(
  store: Source,
  queue: string,
  upTo: number | null,
  onPassedOver: (error: unknown) => void,
): Promise<Ledger> {
  let gone = 0
  for (let at = upTo; ; ) {
    const kept = await store.snapshot(queue, at)
    if (kept === null) return firstLedger(store, queue)
    try {
      return await readSnapshot(store, queue, kept)
    } catch (error) {
      if (isInterlockError(error, 'contention') && ++gone < MOST_GONE) continue
      if (!isUnreadable(error)) throw error
      const { events, archivedSeq } = await store.read(queue, 0, 1)
      const isOfCut = kept.seq === archivedSeq && events.length === 0
      if (isOfCut) throw error
      onPassedOver(error)
      at = kept.seq - 1
    }
  }
}

/** True if the snapshot itself is at fault. If only the database cannot be reached, no snapshot is skipped. */
const isUnreadable = (error: unknown): boolean =>
  isInterlockError(error, 'corrupt_log') || isInterlockError(error, 'database_newer')
