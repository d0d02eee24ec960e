import { archived } from '../core/index.ts'
import type { LogPage, LogRole } from './engine-store.ts'

/** Events per page: some 100 KB as text. Larger pages are no faster and take memory. */
export const PAGE = 1_000

/** Pages requested ahead: the server makes them while the caller works on this one. */
const AHEAD = 2

const ignore = () => {}

/**
 * Reads the log after this number, page by page, up to its head or to `upTo`. The caller checks for missing events.
 * @throws InterlockError `archived` if events were archived and not kept
 */
export async function* pagesAfter(
  store: Pick<LogRole, 'read'>,
  queue: string,
  after: number,
  upTo = Number.POSITIVE_INFINITY,
): AsyncGenerator<LogPage> {
  if (after >= upTo) return
  const read = (from: number) => {
    const page = store.read(queue, from, Math.min(PAGE, upTo - from))
    // If the reader stops here, nobody awaits the next page. The error of one that is awaited still reaches the reader.
    page.then(ignore, ignore)
    return page
  }
  const ahead: Promise<LogPage>[] = []
  for (let at = after, asked = after; ; ) {
    const page = await (ahead.shift() ?? read(at))
    const last = page.events.at(-1)?.seq
    if (last === undefined && page.archivedSeq > at) throw archived(queue, page.archivedSeq)
    const end = Math.min(page.version, upTo)
    // The page was cut short by its limit of bytes, or events are missing, so the pages requested ahead do not follow it.
    if (last !== undefined && last < Math.min(at + PAGE, end)) ahead.length = 0
    at = last ?? end
    if (ahead.length === 0) asked = at
    for (; ahead.length < AHEAD && asked < end; asked += PAGE) ahead.push(read(asked))
    yield page
    if (at >= end) return
  }
}
