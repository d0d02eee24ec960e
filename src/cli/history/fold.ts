import { type Ledger, Replayer } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'

/**
 * The queue as it was when the log had `upTo` events.
 * @throws InterlockError `corrupt_log`, `unknown_event`
 */
export async function ledgerAt(frame: Frame, store: LogStore, upTo: number): Promise<Ledger> {
  const replayer = new Replayer()
  await eachEvent(frame, store, 'replayed', (event) => replayer.push(event), { upTo })
  return replayer.ledger()
}
