import type { HasWorker } from '../../core/index.ts'
import type { WorkerRow } from '../../port/index.ts'

/** Whether one of these processes could run a job of a kind now: it lives, and has a free slot for it. */
export function hasWorkerAmong(workers: readonly WorkerRow[]): HasWorker {
  return (kind) =>
    workers.some(
      ({ state, freeSlots, kinds }) => state === 'live' && freeSlots > 0 && (kinds?.includes(kind) ?? true),
    )
}
