import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { checkOneOrMany, descendantsOfMany } from '../job-filter.ts'
import { liveIdOf } from '../job-id.ts'
import { addManyFlags, doToMany, type ManyFlags } from '../many-jobs.ts'
import { withCoordinator } from '../store.ts'

interface Options extends ManyFlags {
  readonly force?: boolean
  readonly descendants?: boolean
}

export function addCancel(cli: Cli): void {
  const command = cli.command<Options>(
    'cancel',
    [
      ['cancel 4f1c', 'a unique prefix of its id works'],
      ['cancel report-1', 'a running job keeps its models until its worker has stopped'],
      [
        'cancel report-1 --force',
        'frees its models at once: the next job may then run while this one still does',
      ],
      [
        'cancel --customer acme --state waiting',
        'all that wait for this customer; add --state submitted for those that are not in line yet',
      ],
      ['cancel film-7 --descendants', 'also all jobs that come after it: they do not count as failed'],
      [
        'cancel --state waiting --error "timed out"',
        'all that wait and have failed with that error; shows how many, and asks; in a script add --yes',
      ],
    ],
    async (frame, [text], flags) => {
      const { force = false, descendants = false } = flags
      checkOneOrMany('cancel', text, flags)
      if (text !== undefined) return cancelOne(frame, text, { force, descendants })
      if (descendants) throw descendantsOfMany('cancel')
      await doToMany(frame, flags, {
        verb: 'cancel',
        done: 'cancelled, or asked to stop',
        change: () => ({ do: 'cancel', force }),
      })
    },
  )
  addManyFlags(command, 'cancel')
    .option('--force', 'do not wait for the worker to stop')
    .option('--descendants', 'of one job: also all that come after it')
}

interface CancelDocument {
  /** Which job. */
  readonly jobId: string
  /** `cancelled`, or `cancel_requested`: its worker was asked to stop, and the job keeps its models until then. */
  readonly state: 'cancelled' | 'cancel_requested'
}

interface HowOne {
  readonly force: boolean
  readonly descendants: boolean
}

async function cancelOne(frame: Frame, text: string, how: HowOne): Promise<void> {
  const { jobId, wasActive } = await withCoordinator(frame, async (coordinator, store) => {
    const jobId = await liveIdOf({ frame, store, text }, coordinator)
    const before = await coordinator.explain(jobId)
    await coordinator.cancel(jobId, how)
    return { jobId, wasActive: before?.state === 'active' }
  })
  const asked = wasActive && !how.force
  const said = asked
    ? `job ${jobId} was asked to stop; its models are free when its worker confirms`
    : `job ${jobId} is cancelled`
  const others = how.descendants ? ['the jobs that come after it are cancelled'] : []
  const document: CancelDocument = { jobId, state: asked ? 'cancel_requested' : 'cancelled' }
  frame.emit(document, [said, ...others])
}
