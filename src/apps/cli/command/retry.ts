import { Option } from 'commander'
import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { checkFound } from '../dead-filter.ts'
import type { Frame } from '../frame.ts'
import { checkOneOrMany } from '../job-filter.ts'
import { deadIdOf } from '../job-id.ts'
import { addManyFlags, doToMany, type ManyFlags } from '../many-jobs.ts'
import { withCoordinator } from '../store.ts'

interface Options extends ManyFlags {
  readonly since?: string
  readonly all?: boolean
}

export function addRetry(cli: Cli): void {
  const command = cli.command<Options>(
    'retry',
    [
      ['retry report-1', 'one job; a unique prefix of its id works'],
      [
        'retry --model flux-dev --newer 24h',
        'after an outage: all jobs that it made fail; shows how many, and asks',
      ],
      ['retry --all --yes', 'every dead letter, without asking'],
    ],
    async (frame, [text], { since, all, ...given }) => {
      // `interlock dead` calls it so.
      const flags = { ...given, ...(since === undefined ? {} : { newer: since }) }
      if (all !== true || text !== undefined) checkOneOrMany('retry', text, flags)
      if (text !== undefined) return retryOne(frame, text)
      await doToMany(frame, flags, {
        verb: 'retry',
        done: 'in line again',
        change: () => ({ do: 'retry' }),
      })
    },
  )
  addManyFlags(command, 'retry')
    .option('--all', 'every dead letter')
    .addOption(new Option('--since <time>').hideHelp())
}

async function retryOne(frame: Frame, text: string): Promise<void> {
  const { jobId, retried } = await withCoordinator(frame, async (coordinator, store) => {
    const jobId = await deadIdOf({ frame, store, text })
    return { jobId, retried: await coordinator.retryDead({ jobIds: [jobId] }) }
  })
  checkFound(frame, jobId, retried)
  frame.emit({ retried }, `${plural(retried, 'dead letter')} in line again`)
}
