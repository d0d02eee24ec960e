import type { RecordedEvent } from '../core/index.ts'
import { type Access, opened } from './access.ts'
import { readEvents } from './read-log.ts'

/** Notifications may be lost; nobody who follows minds a second. */
const LOOK_EVERY_MS = 1_000

/**
 * The events after a number, and then those that come, until the signal fires, which is how following ends and no failure.
 * @param options `after`: the last event that is not wanted, 0 and more
 * @throws InterlockError as reading does
 * @example for await (const event of followEvents({ store, signal }, { after: 812 })) console.log(event.type)
 */
export async function* followEvents(
  given: Access,
  { after = 0 }: { readonly after?: number | undefined } = {},
): AsyncGenerator<RecordedEvent> {
  const { store, queue, signal, ...access } = opened(given)
  // What is read when the signal fires is still given.
  const reading = { store, queue, onNote: access.onNote }
  let at = after
  let wake: () => void = () => {}
  const stop = await store.listen(queue, () => wake())
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const hint = new Promise<void>((resolve) => {
        wake = resolve
      })
      for await (const event of readEvents(reading, { after: at })) {
        at = event.seq
        yield event
      }
      const pause = setTimeout(() => wake(), LOOK_EVERY_MS)
      if (!signal.aborted) await hint
      clearTimeout(pause)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await stop()
  }
}
