import { setTimeout as sleep } from 'node:timers/promises'
import { isInterlockError } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

const ATTEMPTS = 5
const PAUSE_MS = 100

/**
 * An embedded store of which the process that has it open may end at any moment: an `interlock status`, say, that a run
 * found there before it. What changes nothing is then asked again, of whoever has it open next; the rest is the
 * coordinator's to send again under the same id.
 */
export function patientStore(store: LogStore): LogStore {
  return {
    ...store,
    open: (queue, options) => patiently(() => store.open(queue, options)),
    read: (queue, after, limit) => patiently(() => store.read(queue, after, limit)),
    snapshot: (queue, upTo) => patiently(() => store.snapshot(queue, upTo)),
    chunk: (queue, key) => patiently(() => store.chunk(queue, key)),
    chain: (queue, after, limit) => patiently(() => store.chain(queue, after, limit)),
    projection: (queue) => patiently(() => store.projection(queue)),
    projectionPage: (queue, filter) => patiently(() => store.projectionPage(queue, filter)),
    workers: (queue) => patiently(() => store.workers(queue)),
    beat: (beat) => patiently(() => store.beat(beat)),
    listen: (queue, onWake) => patiently(() => store.listen(queue, onWake)),
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === ATTEMPTS || !isInterlockError(error, 'store_unavailable')) throw error
      await sleep(PAUSE_MS)
    }
  }
}
