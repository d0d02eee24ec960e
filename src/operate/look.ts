import { type HasWorker, isInterlockError, type Ledger, type Micros } from '../core/index.ts'
import { ledgerAt } from '../history/index.ts'
import { type Opened, type PausedModel, pausedModels } from '../history/parts.ts'
import { hasWorkerAmong } from '../port/index.ts'

/** A queue at one moment. */
export interface Look {
  readonly ledger: Ledger
  readonly now: Micros
  readonly hasWorker: HasWorker
}

/** Reads the queue without joining it, so that looking changes nothing. */
export async function lookAt(access: Opened): Promise<Look> {
  const { store, queue } = access
  const { version, now } = await store.read(queue, 0, 1)
  const ledger = await ledgerAt(access, version)
  return { ledger, now, hasWorker: hasWorkerAmong(await store.workers(queue)) }
}

/** Only the log knows pauses. If it cannot be folded, everything else is still shown. */
export async function pausedAt(access: Opened, version: number): Promise<readonly PausedModel[] | null> {
  try {
    return pausedModels(await ledgerAt(access, version))
  } catch (error) {
    if (!isInterlockError(error)) throw error
    access.onNote(`nobody can tell which models are paused: ${error.message}`)
    return null
  }
}
