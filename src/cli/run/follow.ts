import type { Coordinator } from '../../coordinator/index.ts'
import type { RecordedEvent } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'
import type { RunLog } from './run-log.ts'

/**
 * Shows a run everything that is in the log, and from then on every event as it comes, each once and in order.
 * Returns how to stop.
 */
export async function followRun(
  frame: Frame,
  store: LogStore,
  coordinator: Coordinator,
  run: RunLog,
  onChange: () => void,
): Promise<() => void> {
  const held: RecordedEvent[] = []
  let live = false
  const { version } = coordinator.state()
  const watch = coordinator.events$.subscribe((event) => {
    if (!live) return void held.push(event)
    run.push(event)
    onChange()
  })
  await eachEvent(frame, store, 'looking for an unfinished run', (event) => run.push(event), {
    upTo: version,
  })
  for (const event of held) run.push(event)
  live = true
  return () => watch.unsubscribe()
}
