import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { checkFound } from '../dead-filter.ts'
import type { Frame } from '../frame.ts'
import { checkOneOrMany, descendantsOfMany } from '../job-filter.ts'
import { deadIdOf } from '../job-id.ts'
import { addManyFlags, doToMany, type ManyFlags } from '../many-jobs.ts'
import { withCoordinator } from '../store.ts'

interface Options extends ManyFlags {
  readonly all?: boolean
  readonly descendants?: boolean
}

interface RetryDocument {
  /** How many dead letters are in line again. */
  readonly retried: number
}

export function addRetry(cli: Cli): void {
  const command = cli.command<Options>(
    'retry',
    [
      ['retry report-1', 'one job; a unique prefix of its id works'],
      ['retry film-7 --descendants', 'also the jobs that failed because of it'],
      [
        'retry --model flux-dev --since 24h',
        'after an outage: all jobs that it made fail, however many; shows how many, and asks',
      ],
      [
        'retry --error "timed out" --since 24h',
        'those of the last day whose error says so, with their payloads; shows how many, and asks; in a script add --yes',
      ],
      ['retry --all --yes', 'every dead letter, without asking'],
    ],
    async (frame, [text], { all, descendants = false, ...flags }) => {
      if (all !== true || text !== undefined) checkOneOrMany('retry', text, flags)
      if (text !== undefined) return retryOne(frame, text, descendants)
      if (descendants) throw descendantsOfMany('retry')
      await doToMany(frame, flags, {
        verb: 'retry',
        done: 'in line again',
        change: () => ({ do: 'retry' }),
      })
    },
  )
  addManyFlags(command, 'retry')
    .option('--all', 'every dead letter')
    .option('--descendants', 'of one job: also those that failed because of it')
}

async function retryOne(frame: Frame, text: string, descendants: boolean): Promise<void> {
  const { jobId, retried, again } = await withCoordinator(frame, async (coordinator, store) => {
    const jobId = await deadIdOf({ frame, store, text })
    const retried = await coordinator.retryDead({ jobIds: [jobId], descendants })
    return { jobId, retried, again: await coordinator.explain(jobId) }
  })
  checkFound(frame, jobId, retried)
  const done = `${plural(retried, 'dead letter')} in line again`
  // A job that it comes after is dead.
  const isDead = again?.state === 'ended' && again.code === 'failed'
  frame.emit(
    { retried } satisfies RetryDocument,
    isDead ? [done, `job ${jobId} has failed again: ${again.reason}`, again.whatHasToHappen] : done,
  )
}
