import type { Frame } from '../cli/frame.ts'
import type { RecordedEvent } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { readLog } from './read-log.ts'

/** Notifications may be lost; nobody who watches minds a second. */
const LOOK_EVERY_MS = 1_000

/** The events after `from`, and then those that come, until Ctrl-C, which is how watching ends and no failure. */
export async function* liveLog(frame: Frame, store: LogStore, from: number): AsyncGenerator<RecordedEvent> {
  let at = from
  let wake: () => void = () => {}
  const stop = await store.listen(frame.queue, () => wake())
  const onAbort = () => wake()
  frame.signal.addEventListener('abort', onAbort)
  try {
    while (!frame.signal.aborted) {
      const hint = new Promise<void>((resolve) => {
        wake = resolve
      })
      for await (const event of readLog(store, frame.queue, at)) {
        at = event.seq
        yield event
      }
      const pause = setTimeout(() => wake(), LOOK_EVERY_MS)
      if (!frame.signal.aborted) await hint
      clearTimeout(pause)
    }
  } finally {
    frame.signal.removeEventListener('abort', onAbort)
    await stop()
  }
}
