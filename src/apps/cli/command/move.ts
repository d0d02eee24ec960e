import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { invalidInput, type JobCode } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import type { JobChange } from '../../../tools/operate/preview-change.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { checkOneOrMany } from '../job-filter.ts'
import { liveIdOf } from '../job-id.ts'
import { addManyFlags, doToMany, type ManyFlags } from '../many-jobs.ts'
import { withCoordinator } from '../store.ts'

interface Options extends ManyFlags {
  readonly before?: string
  readonly priority?: string
}

type MoveTo = { readonly before: string } | { readonly priority: number }

export function addMove(cli: Cli): void {
  const command = cli.command<Options>(
    'move',
    [
      ['move report-9 --before report-2', 'puts it right before report-2; unique prefixes work for both ids'],
      [
        'move report-9 --priority 5',
        'as if it had come five times ageSeconds earlier; a negative priority moves it back',
      ],
      ['move --customer acme --priority 5', 'shows how many, and asks; in a script add --yes'],
    ],
    async (frame, [text], flags) => {
      checkOneOrMany('move', text, flags)
      const asked = placeOf(flags.before, flags.priority)
      if (text !== undefined) return moveOne(frame, text, asked)
      const done = 'before' in asked ? `moved before ${asked.before}` : `given priority ${asked.priority}`
      await doToMany(frame, flags, { verb: 'move', done, change: () => changeTo(frame, asked) })
    },
  )
  addManyFlags(command, 'move')
    .option('--before <job>', 'another waiting job')
    .option('--priority <n>', 'from -1,000 to 1,000')
}

async function changeTo(frame: Frame, asked: MoveTo): Promise<JobChange> {
  if ('priority' in asked) return { do: 'move', ...asked }
  const exact = await withCoordinator(frame, (coordinator, store) =>
    exactly({ frame, coordinator, store }, asked),
  )
  return { do: 'move', ...exact }
}

interface MoveDocument {
  /** Which job. */
  readonly jobId: string
  /** The job before which you put it; absent: you gave a priority. */
  readonly before?: string
  /** The priority that you gave it; absent: you gave a job. */
  readonly priority?: number
  /** Why it waits there (docs/inside/conflict-rules.md#state-and-code-of-a-job); null: nothing keeps it. */
  readonly code: JobCode | null
  /** The job in the way; null: none is. */
  readonly blockedBy: string | null
}

interface Queue {
  readonly frame: Frame
  readonly coordinator: Coordinator
  readonly store: LogStore
}

async function moveOne(frame: Frame, text: string, asked: MoveTo): Promise<void> {
  const { jobId, to, job } = await withCoordinator(frame, async (coordinator, store) => {
    const jobId = await liveIdOf({ frame, store, text }, coordinator)
    const to = await exactly({ frame, coordinator, store }, asked)
    await coordinator.reprioritize(jobId, to)
    return { jobId, to, job: await coordinator.explain(jobId) }
  })
  const where = 'before' in to ? `before ${to.before}` : `with priority ${to.priority}`
  const { code = null, blockedBy = null } = job ?? {}
  frame.emit({ jobId, ...to, code, blockedBy } satisfies MoveDocument, `job ${jobId} stands ${where}`)
}

/** The place with the whole id of the other job. */
async function exactly({ frame, coordinator, store }: Queue, to: MoveTo): Promise<MoveTo> {
  return 'before' in to ? { before: await liveIdOf({ frame, store, text: to.before }, coordinator) } : to
}

function placeOf(before: string | undefined, priority: string | undefined): MoveTo {
  if ((before === undefined) === (priority === undefined)) {
    throw invalidInput('say where to: either --before <job> or --priority <n>')
  }
  return before === undefined
    ? { priority: wholeNumber('--priority', priority, -1_000, 1_000) ?? 0 }
    : { before }
}
