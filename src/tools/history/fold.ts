import {
  firstLedger as firstLedgerOf,
  keepSnapshot,
  ledgerNear,
} from '../../engine/coordinator/replica/snapshots.ts'
import { archived, emptyLedger, type Ledger, Replayer } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { count } from '../format/index.ts'
import { type Access, type Opened, opened } from './access.ts'
import { eachEvent } from './read-events.ts'

/**
 * The ledger where the readable log begins: empty, or the snapshot of the cut.
 * @throws InterlockError `archived` without that snapshot; `database_newer`, `corrupt_log` if it cannot be read
 */
export async function firstLedger(access: Access): Promise<Ledger> {
  const { store, queue } = opened(access)
  return firstLedgerOf(store, queue)
}

/** Says that the log is read from a cut on. The reader of a result has to know. @param through the last archived event */
export function noteCut({ onNote }: Opened, through: number): void {
  if (through === 0) return
  onNote(
    `from event ${count(through + 1)} on: earlier events are archived and not in the database; read them from a file with --from-archive`,
  )
}

/** This number, or that of the cut if events after the number are gone. Says so then. */
export async function orCut(access: Opened, after: number): Promise<number> {
  const { events, archivedSeq } = await access.store.read(access.queue, after, 1)
  if (events.length > 0 || archivedSeq <= after) return after
  noteCut(access, archivedSeq)
  return archivedSeq
}

/**
 * The queue as it was when the log had `upTo` events, folded from the last snapshot before that, if there is one.
 * @param upTo a number of the log, from 0
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`, `archived`, `database_newer`
 */
export async function ledgerAt(given: Access, upTo: number): Promise<Ledger> {
  const access = opened(given)
  checkCall('ledgerAt', upTo)
  return foldedFrom(access, upTo, (error) => access.onNote(passedOver(error)))
}

/** {@link ledgerAt} of a caller that says itself which snapshots cannot be read. */
export async function foldedFrom(
  access: Opened,
  upTo: number,
  passOver: (error: unknown) => void,
): Promise<Ledger> {
  const { store, queue } = access
  if (upTo === 0) return emptyLedger
  const from = await ledgerNear(store, queue, upTo, passOver)
  if (from.version > upTo) throw archived(queue, from.version)
  return foldOn(access, from, upTo)
}

/** Goes on from a fold. @param upTo to the end of the log unless given */
export async function foldOn(access: Opened, from: Ledger, upTo?: number): Promise<Ledger> {
  const replayer = new Replayer(from)
  await eachEvent(access, 'replayed', (event) => replayer.push(event), { after: from.version, upTo })
  return replayer.ledger()
}

const passedOver = (error: unknown): string =>
  `skipped: ${error instanceof Error ? error.message : String(error)}`

/** What `snapshot` gives: the document that `interlock snapshot --json` prints. */
export interface SnapshotDocument {
  /** Which queue. */
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
  const { version: head } = await store.rows(queue, 0, 1)
  const ledger = await ledgerAt(access, head)
  if (ledger.version > 0) await keepSnapshot(store, queue, ledger, { signal })
  return { queue, version: ledger.version, jobs: ledger.jobs.size }
}
