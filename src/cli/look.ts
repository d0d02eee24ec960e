import { hasWorkerAmong } from '../coordinator/api/has-worker.ts'
import { type HasWorker, isInterlockError, type Ledger, type Micros } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { ledgerAt } from './history/fold.ts'
import { type PausedModel, pausedModels } from './show/paused.ts'

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

/** Pauses are in the log alone. A log that cannot be folded keeps nobody from seeing the rest. */
export async function pausedAt(
  frame: Frame,
  store: LogStore,
  version: number,
): Promise<readonly PausedModel[] | null> {
  try {
    return pausedModels(await ledgerAt(frame, store, version))
  } catch (error) {
    if (!isInterlockError(error)) throw error
    frame.note(`which models are paused is not known: ${error.message}`)
    return null
  }
}
