import type { HasWorker } from '../../../core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import type { Shown } from '../frame/shown.ts'

/** Whether a live worker has a free slot for a kind. Unknown for the past, and until somebody has said which there are. */
export function hasWorkerIn(live: LiveQueue, shown: Shown): HasWorker {
  const { value: workers } = live.workers
  if (!shown.isLive.value || workers === null) return () => true
  const free = workers.filter(({ state, freeSlots }) => state === 'live' && freeSlots > 0)
  return (kind) => free.some(({ kinds }) => kinds === null || kinds.includes(kind))
}
