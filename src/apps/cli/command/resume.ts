import { checkNoneInDoubt } from '../../../tools/operate/in-doubt.ts'
import type { Cli } from '../cli.ts'
import { withCoordinator } from '../store.ts'

export function addResume(cli: Cli): void {
  cli
    .command<{ readonly force?: boolean }>(
      'resume',
      [
        ['resume', 'after a drain; the first jobs in line start at once'],
        ['resume flux-dev', 'after interlock pause flux-dev'],
      ],
      async (frame, [model], { force = false }) => {
        const { status, waitingCount, wasPaused } = await withCoordinator(
          frame,
          async (coordinator, store) => {
            if (model === undefined && !force) await checkNoneInDoubt(store, coordinator.state())
            const wasPaused = coordinator.state().paused.some((each) => each.model === model)
            await (model === undefined ? coordinator.resume() : coordinator.resumeModel(model))
            return { ...coordinator.state(), wasPaused }
          },
        )
        const now = wasPaused ? 'is open' : 'was not paused'
        const what = model === undefined ? 'open' : `model ${model} ${now}`
        frame.emit(
          { status, waitingCount, ...(model === undefined ? {} : { model, wasPaused }) },
          `${what}: ${waitingCount} waiting`,
        )
      },
    )
    .option('--force', 'resume although jobs are in doubt after a restore; they keep their models')
}
