import { filter, firstValueFrom, fromEvent, map, merge, tap } from 'rxjs'
import type { QueueView } from '../../../engine/coordinator/index.ts'
import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { withCoordinator } from '../store.ts'

type DrainDocument = Pick<QueueView, 'status' | 'activeCount' | 'waitingCount' | 'drainedAt'>

export function addDrain(cli: Cli): void {
  cli
    .command<{ readonly wait?: boolean }>(
      'drain',
      [
        ['drain', 'before a deployment, or to look at the queue while nothing starts'],
        ['drain --wait', 'returns when the last job has ended'],
      ],
      async (frame, _, { wait = false }) => {
        const state = await withCoordinator(frame, async (coordinator) => {
          await coordinator.drain()
          const drained = coordinator.state$.pipe(
            tap((view) => wait && tellLeft(frame, view)),
            filter((view) => view.drainedAt !== null),
          )
          const stopped = fromEvent(frame.signal, 'abort').pipe(map(() => coordinator.state()))
          return wait ? await firstValueFrom(merge(drained, stopped)) : coordinator.state()
        })
        frame.signal.throwIfAborted()
        const { status, activeCount, waitingCount, drainedAt } = state
        const running = activeCount === 0 ? 'nothing runs' : `${plural(activeCount, 'job')} still to end`
        frame.emit(
          { status, activeCount, waitingCount, drainedAt } satisfies DrainDocument,
          `draining: ${running}, ${waitingCount} waiting; go on with: npx interlock-queue resume`,
        )
      },
    )
    .option('--wait', 'return when the last job has ended')
}

/** The most jobs in one line. */
const MOST_NAMED = 8

/** What is still active, once per change. */
function tellLeft(frame: Frame, { activeCount, active }: QueueView): void {
  if (activeCount === 0) return
  const jobs = active().slice(0, MOST_NAMED)
  const more = activeCount > MOST_NAMED ? ` and ${activeCount - MOST_NAMED} more` : ''
  const named = jobs.map(({ jobId, workerId }) => `${jobId} (${workerId ?? 'detached'})`)
  frame.note(`still active: ${named.join(', ')}${more}`)
}
