import type { Ledger, QueueFacts } from '../../../../engine/core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import type { Shown } from '../frame/shown.ts'

/** What the page knows of the queue at the shown moment. Who worked in the past is not known. */
export const factsIn = (live: LiveQueue, shown: Shown, ledger: Ledger): QueueFacts => ({
  ledger,
  now: shown.now(),
  workers: shown.isLive.value ? live.workers.value : null,
})
