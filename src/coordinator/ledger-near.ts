import { decodeSnapshot } from '../codec/index.ts'
import { archived, emptyLedger, type Ledger } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

type Source = Pick<LogStore, 'read' | 'snapshot'>

/**
 * Where the log begins as far as it can be read: before its first event, or at the snapshot of the cut.
 * @throws InterlockError `archived` without such a snapshot; `database_newer`, `corrupt_log` for one that cannot be read
 */
export async function firstLedger(store: Source, queue: string): Promise<Ledger> {
  const { events, archivedSeq } = await store.read(queue, 0, 1)
  if (archivedSeq === 0 || events.length > 0) return emptyLedger
  const kept = await store.snapshot(queue, archivedSeq)
  if (kept?.seq !== archivedSeq) throw archived(queue, archivedSeq)
  return decodeSnapshot(kept.seq, kept.state)
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
  for (let at = upTo; ; ) {
    const kept = await store.snapshot(queue, at)
    if (kept === null) return firstLedger(store, queue)
    try {
      return decodeSnapshot(kept.seq, kept.state)
    } catch (error) {
      const { events, archivedSeq } = await store.read(queue, 0, 1)
      const isOfCut = kept.seq === archivedSeq && events.length === 0
      if (isOfCut) throw error
      onPassedOver(error)
      at = kept.seq - 1
    }
  }
}
