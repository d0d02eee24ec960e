import { keepSnapshot } from '../../engine/coordinator/replica/snapshots.ts'
import { type Access, opened } from './access.ts'
import { ledgerAt } from './fold.ts'

/** What `snapshot` gives: the document that `interlock snapshot --json` prints. */
export interface SnapshotDocument {
  readonly queue: string
  /** The event that the snapshot was made at; 0: the log is empty, and nothing was kept. */
  readonly version: number
  /** How many live jobs are in it. */
  readonly jobs: number
}

/**
 * Keeps the folded state, so that processes that start later read only newer events. Workers do this themselves, every 50,000
 * events.
 * @throws InterlockError `invalid_input`, `corrupt_log`, `unknown_event`, `archived`, `contention`, `store_unavailable`
 */
export async function snapshot(given: Access): Promise<SnapshotDocument> {
  const access = opened(given)
  const { store, queue, signal } = access
  const { version: head } = await store.read(queue, 0, 1)
  const ledger = await ledgerAt(access, head)
  if (ledger.version > 0) await keepSnapshot(store, queue, ledger, { signal })
  return { queue, version: ledger.version, jobs: ledger.jobs.size }
}
