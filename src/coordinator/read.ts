import { wentBack } from '../core/index.ts'
import { type LogPage, type LogStore, PAGE, pagesAfter } from '../port/index.ts'
import type { DatabaseClock } from './clock.ts'
import type { Head } from './head.ts'
import type { Replica } from './replica.ts'

export interface Reader {
  readonly store: LogStore
  readonly queue: string
  readonly replica: Replica
  readonly clock: DatabaseClock
  readonly head: Head
}

/** Folds everything up to the head, page by page. @throws InterlockError `log_went_back`, `archived` */
export async function readToHead({ store, queue, replica, clock, head }: Reader): Promise<void> {
  let sent = clock.mark()
  let at = replica.version
  for await (const page of pagesAfter(store, queue, replica.version)) {
    // A page that was fetched ahead says nothing of the time: only the first was waited for from its beginning.
    if (sent > 0) clock.sync(page.now, sent)
    sent = 0
    if (page.version < at) throw wentBack(queue, at, page.version)
    at = page.events.at(-1)?.seq ?? at
    checkEpoch(queue, replica, page)
    replica.apply(page.events)
  }
  head.reach(replica.version)
}

/**
 * The same, and makes sure that it is still the log that was folded: the last event of that comes again with the page. Times
 * rise by microseconds, so another event in its place, after a restore and whatever came since, has another time.
 */
export async function readOn(reader: Reader): Promise<void> {
  const { store, queue, replica, clock, head } = reader
  const { version, ledger } = replica
  if (version === 0) return readToHead(reader)
  const sent = clock.mark()
  const page = await store.read(queue, version - 1, PAGE)
  const [last] = page.events
  // Of an event that was archived and not kept there is nothing to compare.
  const isOther = last?.seq === version && last.at !== ledger.lastAt
  if (page.version < version || isOther) throw wentBack(queue, version, page.version)
  checkEpoch(queue, replica, page)
  clock.sync(page.now, sent)
  replica.apply(page.events)
  if (replica.version < page.version) return readToHead(reader)
  head.reach(page.version)
}

/** The events of a page lead to its epoch; if they do not, they are those of another log than the one that was folded. */
export function checkEpoch(
  queue: string,
  replica: Replica,
  { events, version, epoch }: Pick<LogPage, 'events' | 'version' | 'epoch'>,
): void {
  const { version: known, ledger } = replica
  if ((events.at(-1)?.seq ?? known) < version) return
  const led = events.reduce(
    (now, event) => (event.type === 'epoch_changed' ? event.epoch : now),
    ledger.epoch,
  )
  if (led < epoch) throw wentBack(queue, known, version)
}
