import { InterlockError, type Ledger, Replayer } from '../../core/index.ts'
import { type ArchiveRole, type LogRole, pagesAfter, type SnapshotRole } from '../../port/index.ts'
import { pause } from '../base/backoff.ts'
import { keepSnapshot } from '../replica/keep-snapshot.ts'
import { ledgerNear } from '../replica/ledger-near.ts'
import { readSnapshot } from '../replica/read-snapshot.ts'

/**
 * Between two pages: others in this process come first. At most 50,000 events a second, and 1.3 s of computing for 200,000 (measured
 * over 11 s, on a busy machine).
 */
const BREATH_MS = 20

/** What a cut is made with: the log to be folded, the snapshot to be kept, and what is archived then. */
export type CutStore = Pick<LogRole, 'read'> & SnapshotRole & Pick<ArchiveRole, 'claimCut' | 'archive'>

/**
 * The queue as it was at a number of the log, folded in the background: page by page from the last snapshot before, in the memory
 * of one page and of what was live.
 * @throws what the store throws; the reason of the signal
 */
export async function foldInBackground(
  store: CutStore,
  queue: string,
  upTo: number,
  signal: AbortSignal,
): Promise<Ledger> {
  const replayer = new Replayer(await ledgerNear(store, queue, upTo, () => {}))
  const { version } = replayer.ledger()
  for await (const { events } of pagesAfter(store, queue, version, upTo)) {
    for (const event of events) replayer.push(event)
    await pause(BREATH_MS, signal)
    signal.throwIfAborted()
  }
  return replayer.ledger()
}

/**
 * Keeps the snapshot at which the log is to be cut. It is all that will be left of what is before it, so one that was there
 * already has to be readable.
 * @throws InterlockError `corrupt_log`, `database_newer`
 */
export async function keepForCut(
  store: CutStore,
  queue: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const seq = ledger.version
  if (await keepSnapshot(store, queue, ledger, { signal })) return
  const kept = await store.snapshot(queue, seq)
  if (kept?.seq === seq) await readSnapshot(store, queue, kept)
  else throw new InterlockError('contention', `the snapshot at event ${seq} has gone meanwhile; try again`)
}
