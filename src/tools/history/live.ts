import type { RecordedEvent } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { type Access, opened } from './access.ts'
import { readEvents } from './read-log.ts'

/** Notifications may be lost; a follower does not mind a second. */
const LOOK_EVERY_MS = 1_000

/**
 * The events after a number, then new ones as they come. It ends, without an error, when the signal fires.
 * @param options `after`: the number of the last event that you do not want, from 0
 * @throws InterlockError as reading does
 * @example for await (const event of followEvents({ store, signal }, { after: 812 })) console.log(event.type)
 */
export async function* followEvents(
  given: Access,
  options: { readonly after?: number | undefined } = {},
): AsyncGenerator<RecordedEvent> {
  const { store, queue, signal, ...access } = opened(given)
  checkCall('followEvents', options)
  // What was read when the signal fires is still returned.
  const reading = { store, queue, onNote: access.onNote }
  let at = options.after ?? 0
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
