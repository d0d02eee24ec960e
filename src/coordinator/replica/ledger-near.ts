import { archived, emptyLedger, isInterlockError, type Ledger } from '../../core/index.ts'
import type { LogRole, SnapshotRole } from '../../port/index.ts'
import { readSnapshot } from './read-snapshot.ts'

type Source = Pick<LogRole, 'read'> & Pick<SnapshotRole, 'snapshot' | 'chunk'>

/** So often a snapshot that goes while it is read is looked for again: there is a newer one then. */
const MOST_GONE = 5

/**
 * Where the log begins as far as it can be read: before its first event, or at the snapshot of the cut.
 * @throws InterlockError `archived` without such a snapshot; `database_newer`, `corrupt_log` for one that cannot be read
 */
export async function firstLedger(store: Source, queue: string): Promise<Ledger> {
  const { events, archivedSeq } = await store.read(queue, 0, 1)
  if (archivedSeq === 0 || events.length > 0) return emptyLedger
  const kept = await store.snapshot(queue, archivedSeq)
  if (kept?.seq !== archivedSeq) throw archived(queue, archivedSeq)
  return readSnapshot(store, queue, kept)
}

/**
 * The newest ledger up to a number (null: the head) from which the log can be gone on: that of a snapshot, or where the log
 * begins, which may be after that number. A snapshot that cannot be read is told and passed over: it only saves time, but for the
 * one of the cut.
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

/** Of what the snapshot says. A database that cannot be asked is no reason to pass one over. */
const isUnreadable = (error: unknown): boolean =>
  isInterlockError(error, 'corrupt_log') || isInterlockError(error, 'database_newer')
