import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { InterlockError, type RecordedEvent } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { firstLedger } from '../../../tools/history/index.ts'
import { eachEvent } from '../../../tools/history/read-log.ts'
import type { Frame } from '../frame.ts'
import type { RunLog } from './run-log.ts'

/** Shows a run everything in the log, then every new event, each once and in order. Returns how to stop. */
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
  const access = opened(frame.access(store))
  const first = await firstLedger(access)
  if ([...first.jobs].some(({ spec }) => spec.kind === run.kind)) throw begunBefore(frame, first.version)
  await eachEvent(access, 'looking for an unfinished run', (event) => run.push(event), {
    after: first.version,
    upTo: version,
  })
  for (const event of held) run.push(event)
  live = true
  return () => watch.unsubscribe()
}

/** Only the archived events know which of the jobs have ended, and to run all of them again would be wrong. */
function begunBefore({ queue }: Frame, through: number): InterlockError {
  return new InterlockError(
    'archived',
    `a run of this file was under way at event ${through} of queue ${queue}, up to which its log is archived; let its jobs end with \`interlock work\`, or use another --queue`,
    { seq: through },
  )
}
