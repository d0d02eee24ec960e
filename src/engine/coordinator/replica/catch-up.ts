import { type InterlockError, isInterlockError, ofStandby, wentBack } from '../../core/index.ts'
import { type LogPage, pagesAfter } from '../../store/index.ts'
import type { LogView } from './log-view.ts'
import { checkSame } from './restored-log.ts'
import { ledgerNear } from './snapshots.ts'

/**
 * Folds everything up to the head, page by page, into a replica that knows nothing. Any other replica uses {@link readOn}.
 * @throws InterlockError `log_went_back`, `archived`
 */
export const readToHead = (log: LogView): Promise<void> =>
  foldPages(log, pagesAfter(log.store, log.queue, log.version))

async function foldPages(
  { store, queue, replica, clock, head, confirmed }: LogView,
  pages: AsyncIterable<LogPage>,
): Promise<void> {
  let sent = clock.mark()
  let at = replica.version
  for await (const page of pages) {
    if (page.isOfStandby === true) throw ofStandby(store.name)
    if (page.version < at) throw wentBack(queue, at, page.version)
    checkSame(queue, replica, { ...page, knownAt: null })
    // Only the first page was awaited from its request on. Later pages were fetched ahead, so their times tell nothing about the
    // clock.
    if (sent > 0) clock.sync(page.now, sent)
    sent = 0
    head.begins(page.archivedSeq)
    at = page.events.at(-1)?.seq ?? at
    if (page.isUnconfirmed !== true) confirmed.reach(at)
    replica.apply(page.events)
  }
  head.reach(replica.version)
}

/**
 * Folds what is new into a replica that has folded a log already, and makes sure that this is the same log. If the events after those
 * that it knows were archived for good, it goes on from the newest snapshot, like a process that starts now.
 * @param upTo a version that is known to exist: nothing is read if news lead there; infinite: whatever there is
 * @throws InterlockError `log_went_back`; `archived`, `database_newer`, `corrupt_log` without a snapshot that can be read
 */
export async function readOn(log: LogView, upTo = Number.POSITIVE_INFINITY): Promise<void> {
  if (foldNews(log, upTo)) return
  try {
    await foldPages(log, pagesAfter(log.store, log.queue, log.version, { known: { at: log.ledger.lastAt } }))
  } catch (error) {
    if (!isInterlockError(error, 'archived')) throw error
    await skip(log, error)
    await readToHead(log)
  }
}

/** True if news that continue exactly from here have led to this version. If something is wrong with them, reading finds out. */
export function foldNews({ queue, replica, head, news, confirmed }: LogView, upTo: number): boolean {
  if (upTo === Number.POSITIVE_INFINITY) return false
  const before = replica.version
  try {
    for (let next = news.after(replica.version); next !== undefined; next = news.after(replica.version)) {
      const events = next.events()
      if (!events.every(({ seq }, i) => seq === replica.version + i + 1)) return false
      if (replica.version + events.length !== next.version) return false
      checkSame(queue, replica, { ...next, knownAt: next.at, events })
      if (next.isUnconfirmed !== true) confirmed.reach(next.version)
      replica.apply(events)
    }
  } catch {
    return false
  }
  if (replica.version < upTo) return false
  // What tells nothing new may be of a log that was restored: that is found by reading.
  if (replica.version > before) head.reach(Math.max(head.version, replica.version))
  return true
}

async function skip({ store, queue, replica }: LogView, error: InterlockError): Promise<void> {
  const ledger = await ledgerNear(store, queue, null, () => {})
  if (ledger.version <= replica.version) throw error
  replica.startFrom(ledger)
}
