import type { Cli } from '../cli.ts'
import { withCoordinator } from '../store.ts'

export function addResume(cli: Cli): void {
  cli.command(
    'resume [model]',
    'let jobs start again: all of them after a drain, or those of a paused model',
    [
      ['resume', 'after a drain: the first in line start at once'],
      ['resume flux-dev', 'after interlock pause flux-dev'],
    ],
    async (frame, [model]) => {
      const { status, waitingCount } = await withCoordinator(frame, async (coordinator) => {
        await (model === undefined ? coordinator.resume() : coordinator.resumeModel(model))
        return coordinator.state()
      })
      const what = model === undefined ? 'open' : `model ${model} is open`
      frame.emit(
        { status, waitingCount, ...(model === undefined ? {} : { model }) },
        `${what}: ${waitingCount} waiting`,
      )
    },
  )
}
