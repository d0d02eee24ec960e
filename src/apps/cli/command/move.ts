import { invalidInput } from '../../../engine/core/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { liveIdOf } from '../job-id.ts'
import { withCoordinator } from '../store.ts'

interface Options {
  readonly before?: string
  readonly priority?: string
}

export function addMove(cli: Cli): void {
  cli
    .command<Options>(
      'move',
      [
        [
          'move report-9 --before report-2',
          'right before that one; of both ids an unambiguous beginning will do',
        ],
        [
          'move report-9 --priority 5',
          'as if it had come five times ageSeconds earlier; a negative one moves it back',
        ],
      ],
      async (frame, [text = ''], { before, priority }) => {
        const asked = placeOf(before, priority)
        const { jobId, to, job } = await withCoordinator(frame, async (coordinator, store) => {
          const idOf = (typed: string) => liveIdOf({ frame, store, text: typed }, coordinator)
          const jobId = await idOf(text)
          const to = 'before' in asked ? { before: await idOf(asked.before) } : asked
          await coordinator.reprioritize(jobId, to)
          return { jobId, to, job: await coordinator.explain(jobId) }
        })
        const where = 'before' in to ? `before ${to.before}` : `with priority ${to.priority}`
        frame.emit(
          { jobId, ...to, code: job?.code ?? null, blockedBy: job?.blockedBy ?? null },
          `job ${jobId} stands ${where}`,
        )
      },
    )
    .option('--before <job>', 'another waiting job')
    .option('--priority <n>', 'from -1,000 to 1,000')
}

function placeOf(before: string | undefined, priority: string | undefined) {
  if ((before === undefined) === (priority === undefined)) {
    throw invalidInput('say where to: either --before <job> or --priority <n>')
  }
  return before === undefined
    ? { priority: wholeNumber('--priority', priority, -1_000, 1_000) ?? 0 }
    : { before }
}
