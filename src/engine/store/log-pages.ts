import { archived, type Micros, wentBack } from '../core/index.ts'
import type { LogPage, LogRole } from './engine-store.ts'

/** Events per page: some 100 KB as text. Larger pages are no faster and take memory. */
export const PAGE = 1_000

/** Pages requested ahead: the server makes them while the caller works on this one. */
const AHEAD = 2

export interface Reading {
  /** The number of the last event to read; the head of the log unless given. */
  readonly upTo?: number | undefined
  /**
   * For a reader that goes on after what it knows: the time that it has for the event `after`; null: none. The reader then makes sure
   * that this is the log that it knows: after a restore, the log is shorter, or another event has that number.
   */
  readonly known?: { readonly at: Micros | null } | undefined
}

const ignore = () => {}

/**
 * Reads the log after this number, page by page, up to its head or to `upTo`. All that fold, check or copy a log read it by this. The
 * caller checks for missing events, and what a standby says.
 * @throws InterlockError `archived` if events were archived and not kept; with `known`, `log_went_back`
 */
export async function* pagesAfter(
  store: Pick<LogRole, 'read'>,
  queue: string,
  after: number,
  { upTo = Number.POSITIVE_INFINITY, known }: Reading = {},
): AsyncGenerator<LogPage> {
  if (after >= upTo) return
  const read = (from: number) => {
    const page = store.read(queue, from, Math.min(PAGE, upTo - from))
    // If the reader stops here, nobody awaits the next page. The error of one that is awaited still reaches the reader.
    page.then(ignore, ignore)
    return page
  }
  const ahead: Promise<LogPage>[] = []
  // The last event that is known is read once more, to be compared.
  const first = known === undefined ? after : Math.max(0, after - 1)
  for (let at = first, asked = first; ; ) {
    const page = await (ahead.shift() ?? read(at))
    if (known !== undefined) checkKnown(queue, page, Math.max(at, after), at < after ? known.at : null)
    const last = page.events.at(-1)?.seq
    if (last === undefined && page.archivedSeq > Math.max(at, after)) throw archived(queue, page.archivedSeq)
    const end = Math.min(page.version, upTo)
    const isRepeated = at < after
    // The page was cut short by its limit of bytes, or events are missing, so the pages requested ahead do not follow it.
    if (last !== undefined && last < Math.min(at + PAGE, end)) ahead.length = 0
    // Without the known event, which was archived, the page was empty, and says nothing of what follows.
    at = last ?? (isRepeated ? after : end)
    if (ahead.length === 0) asked = at
    for (; ahead.length < AHEAD && asked < end; asked += PAGE) ahead.push(read(asked))
    yield isRepeated ? { ...page, events: page.events.filter(({ seq }) => seq > after) } : page
    if (at >= end) return
  }
}

/** @param at the time that the event `version` has for the reader; null: it does not compare */
function checkKnown(queue: string, page: LogPage, version: number, at: Micros | null): void {
  // A standby may be behind.
  const isShorter = page.version < version && page.isOfStandby !== true
  const [first] = page.events
  const isAnother = at !== null && first?.seq === version && first.at !== at
  if (isShorter || isAnother) throw wentBack(queue, version, page.version)
}
