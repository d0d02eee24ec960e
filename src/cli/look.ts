import { hasWorkerAmong } from '../coordinator/has-worker.ts'
import type { HasWorker, Ledger, Micros } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { ledgerAt } from './history/fold.ts'

/** A queue at one moment. */
export interface Look {
  readonly ledger: Ledger
  readonly now: Micros
  readonly hasWorker: HasWorker
}

/** For commands that only look: reads the queue and does not join it, so that nothing happens by it. */
export async function lookAt(frame: Frame, store: LogStore): Promise<Look> {
  const { version, now } = await store.read(frame.queue, 0, 1)
  const ledger = await ledgerAt(frame, store, version)
  return { ledger, now, hasWorker: hasWorkerAmong(await store.workers(frame.queue)) }
}
