import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { invalidInput } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { checkOneOrMany } from '../job-filter.ts'
import { liveIdOf } from '../job-id.ts'
import { addManyFlags, type Deed, doToMany, type ManyFlags } from '../many-jobs.ts'
import { withCoordinator } from '../store.ts'

interface Options extends ManyFlags {
  readonly before?: string
  readonly priority?: string
}

type MoveTo = { readonly before: string } | { readonly priority: number }

const states = ['waiting'] as const

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
      await doToMany(frame, flags, deedOf(frame, asked))
    },
  )
  addManyFlags(command, states)
    .option('--before <job>', 'another waiting job')
    .option('--priority <n>', 'from -1,000 to 1,000')
}

function deedOf(frame: Frame, asked: MoveTo): Deed {
  if ('priority' in asked)
    return {
      verb: 'move',
      done: `given priority ${asked.priority}`,
      states,
      act: (coordinator, jobId) => coordinator.reprioritize(jobId, asked),
    }
  let next: string | undefined
  return {
    verb: 'move',
    done: `moved before ${asked.before}`,
    states,
    isFromLast: true,
    // They keep their order: each stands right before the one behind it.
    act: async (coordinator, jobId, store) => {
      next ??= await liveIdOf({ frame, store, text: asked.before }, coordinator)
      if (jobId === next) return
      await coordinator.reprioritize(jobId, { before: next })
      next = jobId
    },
  }
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
  frame.emit(
    { jobId, ...to, code: job?.code ?? null, blockedBy: job?.blockedBy ?? null },
    `job ${jobId} stands ${where}`,
  )
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
