import type { Coordinator, QueueView } from '../../../engine/coordinator/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { checkNoneInDoubt } from '../../../tools/operate/in-doubt.ts'
import type { Cli } from '../cli.ts'
import { strictFlag, withCoordinator } from '../store.ts'

interface ResumeDocument extends Pick<QueueView, 'status' | 'waitingCount'> {
  /** Which model; absent: the queue was drained. */
  readonly model?: string
  /** Whether that model was paused. */
  readonly wasPaused?: boolean
}

export function addResume(cli: Cli): void {
  cli
    .command<{ readonly force?: boolean; readonly strict?: boolean }>(
      'resume',
      [
        ['resume', 'after a drain; the first jobs in line start at once'],
        ['resume flux-dev', 'after interlock pause flux-dev'],
      ],
      async (frame, [model], { force = false, strict }) => {
        const resume = async (coordinator: Coordinator, store: LogStore) => {
          if (model === undefined && !force) await checkNoneInDoubt(store, coordinator.state())
          const wasPaused = coordinator.state().paused.some((each) => each.model === model)
          await (model === undefined ? coordinator.resume() : coordinator.resumeModel(model))
          return { ...coordinator.state(), wasPaused }
        }
        const { status, waitingCount, wasPaused } = await withCoordinator(frame, resume, { strict })
        const open = { status, waitingCount } satisfies ResumeDocument
        if (model === undefined) return frame.emit(open, `open: ${waitingCount} waiting`)
        // How many wait in all says nothing of a model that was not paused.
        const says = wasPaused ? `is open: ${waitingCount} waiting in the queue` : 'was not paused'
        frame.emit({ ...open, model, wasPaused } satisfies ResumeDocument, `model ${model} ${says}`)
      },
    )
    .option(...strictFlag)
    .option('--force', 'resume although jobs are in doubt after a restore; they keep their models')
}
