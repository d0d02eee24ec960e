import { retry } from '../coordinator/base/retry.ts'
import { isOutage } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

const TRIES = 5
const PAUSE_MS = 100

/**
 * An embedded store of which the process that has it open may end at any moment: an `interlock status`, say, that a run
 * found there before it. What changes nothing is then asked again, of the process that has it open next; the rest is the
 * coordinator's to send again under the same id.
 */
export function retryingStore(store: LogStore): LogStore {
  return {
    ...store,
    open: (queue, options) => again(() => store.open(queue, options)),
    read: (queue, after, limit) => again(() => store.read(queue, after, limit)),
    snapshot: (queue, upTo) => again(() => store.snapshot(queue, upTo)),
    chunk: (queue, key) => again(() => store.chunk(queue, key)),
    chain: (queue, after, limit) => again(() => store.chain(queue, after, limit)),
    projection: (queue) => again(() => store.projection(queue)),
    projectionPage: (queue, filter) => again(() => store.projectionPage(queue, filter)),
    workers: (queue) => again(() => store.workers(queue)),
    beat: (beat) => again(() => store.beat(beat)),
    listen: (queue, onWake) => again(() => store.listen(queue, onWake)),
  }
}

function again<T>(ask: () => Promise<T>): Promise<T> {
  return retry(ask, { again: (error, tries) => tries < TRIES && isOutage(error), restMs: () => PAUSE_MS })
}
