import type { Cli } from '../cli.ts'
import { liveIdOf } from '../job-id.ts'
import { withCoordinator } from '../store.ts'

export function addCancel(cli: Cli): void {
  cli
    .command<{ readonly force?: boolean }>(
      'cancel',
      [
        ['cancel 4f1c', 'the beginning of an id will do, where only one live job has it'],
        ['cancel report-1', 'a running job keeps its models until its worker has stopped'],
        [
          'cancel report-1 --force',
          'frees its models at once: the next job may then run while this one still does',
        ],
      ],
      async (frame, [text = ''], { force = false }) => {
        const { jobId, wasActive } = await withCoordinator(frame, async (coordinator, store) => {
          const jobId = await liveIdOf({ frame, store, text }, coordinator)
          const before = await coordinator.explain(jobId)
          await coordinator.cancel(jobId, { force })
          return { jobId, wasActive: before?.state === 'active' }
        })
        const asked = wasActive && !force
        const said = asked
          ? `job ${jobId} was asked to stop; its models are free when its worker confirms`
          : `job ${jobId} is cancelled`
        frame.emit({ jobId, state: asked ? 'cancel_requested' : 'cancelled' }, said)
      },
    )
    .option('--force', 'do not wait for the worker')
}
