import type { HasWorker } from '../../../core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import type { Shown } from '../frame/shown.ts'

/** Whether a live worker has a free slot for a kind. Unknown for the past. */
export function hasWorkerIn(live: LiveQueue, shown: Shown): HasWorker {
  if (!shown.isLive.value) return () => true
  const free = live.workers.value.filter(({ state, freeSlots }) => state === 'live' && freeSlots > 0)
  return (kind) => free.some(({ kinds }) => kinds === null || kinds.includes(kind))
}
