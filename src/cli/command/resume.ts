import type { Cli } from '../cli.ts'
import { withCoordinator } from '../store.ts'

export function addResume(cli: Cli): void {
  cli.command(
    'resume',
    'let jobs start again after a drain',
    [['resume', 'the first in line start at once']],
    async (frame) => {
      const { status, waitingCount } = await withCoordinator(frame, async (coordinator) => {
        await coordinator.resume()
        return coordinator.state()
      })
      frame.emit({ status, waitingCount }, `open: ${waitingCount} waiting`)
    },
  )
}
