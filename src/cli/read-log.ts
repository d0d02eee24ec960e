import { archived, type RecordedEvent } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { progressOf } from './terminal/progress.ts'

const PAGE = 5_000

/** The log from `after` to where it ends now, or to `upTo`; page by page, so that its length costs no memory. */
export async function* readLog(
  store: LogStore,
  queue: string,
  after = 0,
  upTo?: number,
): AsyncGenerator<RecordedEvent> {
  let at = after
  let end = upTo
  while (end === undefined || at < end) {
    const limit = end === undefined ? PAGE : Math.min(PAGE, end - at)
    const page = await store.read(queue, at, limit)
    end ??= page.version
    if (page.events.length === 0 && page.archivedSeq > at) throw archived(queue, page.archivedSeq)
    for (const event of page.events) {
      // A log that was cut or edited must not make us read for ever: what is missing is the caller's to judge.
      at = Math.max(at + 1, event.seq)
      yield event
    }
    if (page.events.length === 0) return
  }
}

/** The same with progress, for whoever reads all of it. */
export async function eachEvent(
  frame: Frame,
  store: LogStore,
  label: string,
  see: (event: RecordedEvent) => void,
  range: { readonly after?: number; readonly upTo?: number } = {},
): Promise<void> {
  const version = range.upTo ?? (await store.read(frame.queue, 0, 1)).version
  const progress = progressOf(frame, label, version - (range.after ?? 0))
  let done = 0
  try {
    for await (const event of readLog(store, frame.queue, range.after, version)) {
      see(event)
      progress.update(++done)
      if (done % PAGE === 0) frame.signal.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
}
