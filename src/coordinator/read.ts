import { archived, wentBack } from '../core/index.ts'
import type { LogPage, LogStore } from '../port/index.ts'
import type { DatabaseClock } from './clock.ts'
import type { Head } from './head.ts'
import type { Replica } from './replica.ts'

/** Events in one page: some 2 MB of JSON at most. */
export const PAGE = 5_000

export interface Reader {
  readonly store: LogStore
  readonly queue: string
  readonly replica: Replica
  readonly clock: DatabaseClock
  readonly head: Head
}

/** Folds everything up to the head, page by page. */
export async function readToHead({ store, queue, replica, clock, head }: Reader): Promise<void> {
  let sent = clock.mark()
  for await (const page of pagesAfter(store, queue, replica.version)) {
    // A page that was fetched ahead says nothing of the time: only the first was waited for from its beginning.
    if (sent > 0) clock.sync(page.now, sent)
    sent = 0
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

/** @throws InterlockError `log_went_back`, `archived` */
function checkPage(queue: string, after: number, { version, events, archivedSeq }: LogPage): void {
  if (version < after) throw wentBack(queue, after, version)
  if (events.length === 0 && archivedSeq > after) throw archived(queue, archivedSeq)
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

/**
 * The log after this number, to its head, page by page. The server makes the next page while the caller works on this one.
 */
export async function* pagesAfter(
  store: Pick<LogStore, 'read'>,
  queue: string,
  after: number,
): AsyncGenerator<LogPage> {
  let at = after
  for (let next: Promise<LogPage> | null = store.read(queue, after, PAGE); next !== null; ) {
    const page: LogPage = await next
    checkPage(queue, at, page)
    at = page.events.at(-1)?.seq ?? at
    const last = page.events.at(-1)?.seq ?? page.version
    next = last < page.version ? store.read(queue, last, PAGE) : null
    // Whoever stops here does not hear of a page that could not be read; whoever goes on does.
    next?.catch(() => {})
    yield page
  }
}
