import { decodeSnapshot } from '../../codec/index.ts'
import { emptyLedger, type Ledger, Replayer } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'

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
