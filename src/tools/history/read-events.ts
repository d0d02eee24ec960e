import type { RecordedEvent } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { pagesAfter, type Reading } from '../../engine/store/index.ts'
import { type Access, type Opened, opened, telling } from './access.ts'
import { Bell } from './bell.ts'

/** A part of the log. */
export interface Stretch {
  /** The number of the last event before it, from 0; 0 unless given. */
  readonly after?: number | undefined
  /** The number of its last event; the end of the log unless given. */
  readonly upTo?: number | undefined
}

/**
 * Reads the log in pages of some 1,000 events, so a long log takes no more memory.
 * @param stretch the part to read; all of it unless given
 * @throws InterlockError `invalid_input`; `archived` for events that are no longer in the database; `corrupt_log`,
 * `unknown_event`; `store_unavailable`
 * @example for await (const page of readPages({ store })) for (const event of page) console.log(event.seq, event.type)
 */
export async function* readPages(
  access: Access,
  stretch: Stretch = {},
): AsyncGenerator<readonly RecordedEvent[]> {
  const { store, queue, signal } = opened(access)
  checkCall('readPages', stretch)
  const { after = 0, upTo } = stretch
  for await (const { events } of pagesAfter(store, queue, after, { upTo })) {
    yield events
    signal.throwIfAborted()
  }
}

/** Reads the log event by event. @throws as {@link readPages} */
export async function* readEvents(access: Access, stretch: Stretch = {}): AsyncGenerator<RecordedEvent> {
  for await (const page of readPages(access, stretch)) yield* page
}

/** Reads the log event by event, with progress: for callers that read all of it. */
export async function eachEvent(
  access: Opened,
  what: string,
  see: (event: RecordedEvent) => void,
  { after = 0, upTo }: Stretch = {},
): Promise<void> {
  const { store, queue, signal } = access
  const version = upTo ?? (await store.rows(queue, 0, 1)).version
  const progress = telling(access, what, version - after)
  let done = 0
  try {
    // In pages: one step of an async iteration costs as much as folding an event.
    for await (const { events } of pagesAfter(store, queue, after, { upTo: version })) {
      for (const event of events) see(event)
      done += events.length
      progress.update(done)
      signal.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
}

/** Wake-ups may be lost; a follower does not mind a second. */
const LOOK_EVERY_MS = 1_000

/**
 * The events after a number, then new ones as they come. It ends, without an error, when the signal fires.
 * @param options `after`: the number of the last event that you do not want, from 0
 * @throws InterlockError as reading does; `log_went_back` if it is another log now: a backup was restored, or a standby lacked events
 * @example for await (const event of followEvents({ store, signal }, { after: 812 })) console.log(event.type)
 */
export async function* followEvents(
  given: Access,
  options: { readonly after?: number | undefined } = {},
): AsyncGenerator<RecordedEvent> {
  const { store, queue, signal } = opened(given)
  checkCall('followEvents', options)
  let at = options.after ?? 0
  let known: Reading['known']
  const bell = new Bell(store, queue, signal)
  try {
    await bell.listen()
    while (!signal.aborted) {
      bell.clear()
      // What was read when the signal fires is still returned.
      for await (const { events } of pagesAfter(store, queue, at, { known })) {
        for (const event of events) {
          at = event.seq
          known = event
          yield event
        }
      }
      await bell.woken(LOOK_EVERY_MS)
    }
  } finally {
    await bell.close()
  }
}
