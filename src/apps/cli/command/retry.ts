import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { checkFound, checkNamesSome, type DeadFlags, deadFilter } from '../dead-filter.ts'
import { deadIdOf } from '../job-id.ts'
import { withCoordinator } from '../store.ts'

export function addRetry(cli: Cli): void {
  cli
    .command<DeadFlags>(
      'retry',
      [
        ['retry report-1', 'one job; an unambiguous beginning of its id will do'],
        ['retry --model flux-dev --since 24h', 'after an outage: all that it cost'],
      ],
      async (frame, [text], flags) => {
        checkNamesSome('retry', text, flags)
        const { jobId, retried } = await withCoordinator(frame, async (coordinator, store) => {
          const jobId = text === undefined ? undefined : await deadIdOf({ frame, store, text })
          const filter = deadFilter(coordinator.now(), jobId, flags)
          return { jobId, retried: await coordinator.retryDead({ ...filter, all: flags.all }) }
        })
        checkFound(frame, jobId, retried)
        frame.emit({ retried }, `${plural(retried, 'dead job')} in line again`)
      },
    )
    .option('--model <name>', 'those that need this model')
    .option('--since <time>', 'those that ended since: 10m, 24h, 7d, 14:03:07 or 2026-11-24T15:00:00Z')
    .option('--all', 'every dead job')
}
