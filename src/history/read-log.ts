import type { Frame } from '../cli/frame.ts'
import { progressOf } from '../cli/terminal/progress.ts'
import type { RecordedEvent } from '../core/index.ts'
import { type LogStore, pagesAfter } from '../port/index.ts'

/** The log from `after` to where it ends now, or to `upTo`; page by page, so that its length costs no memory. */
export async function* readLog(
  store: LogStore,
  queue: string,
  after = 0,
  upTo?: number,
): AsyncGenerator<RecordedEvent> {
  for await (const { events } of pagesAfter(store, queue, after, upTo)) yield* events
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
    // By the page: a step of the iteration for each event costs as much as folding it.
    for await (const { events } of pagesAfter(store, frame.queue, range.after ?? 0, version)) {
      for (const event of events) see(event)
      done += events.length
      progress.update(done)
      frame.signal.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
}
