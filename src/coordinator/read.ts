import type { LogStore } from '../port/index.ts'
import type { DatabaseClock } from './clock.ts'
import type { Replica } from './replica.ts'

/** Events in one page: some 2 MB of JSON at most. */
export const PAGE = 5_000

export interface Reader {
  readonly store: LogStore
  readonly queue: string
  readonly replica: Replica
  readonly clock: DatabaseClock
}

/** Folds everything up to the head, page by page. */
export async function readToHead({ store, queue, replica, clock }: Reader): Promise<void> {
  for (;;) {
    const sent = clock.mark()
    const page = await store.read(queue, replica.version, PAGE)
    clock.sync(page.now, sent)
    replica.apply(page.events)
    if (replica.version >= page.version || page.events.length === 0) return
  }
}
