import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { invalidInput, MICROS_PER_MS, operand } from '../../../engine/core/index.ts'
import { timeText } from '../../../tools/format/index.ts'
import { unitMs } from '../../../tools/format/moment.ts'
import type { Cli } from '../cli.ts'
import { modelNameFault } from '../flag-value.ts'
import { strictFlag, withCoordinator } from '../store.ts'

interface Options {
  readonly reason: string
  readonly for?: string
  readonly strict?: boolean
}

interface NewPauseDocument {
  /** Which model. */
  readonly model: string
  /** Why, as a code. */
  readonly reason: string
  /** When the pause ends; null: when somebody resumes the model. */
  readonly until: Date | null
}

export function addPause(cli: Cli): void {
  cli
    .command<Options>(
      'pause',
      [
        ['pause flux-dev', 'stays paused until it is resumed'],
        [
          'pause flux-dev --for 10m --reason provider_down',
          'starts no job on it for ten minutes, and ends by itself; running jobs finish',
        ],
        ['pause host1:1', 'one place of a model: its jobs start on the other places'],
      ],
      async (frame, [model = ''], { reason, for: length, strict }) => {
        const fault = modelNameFault(model, (names) => `pause ${names.join(', then ')}`, 'name the model')
        if (fault !== undefined) throw invalidInput(`${model}: ${fault}`)
        const ms = length === undefined ? null : durationMs('--for', length)
        const pause = async (coordinator: Coordinator) => {
          const end = ms === null ? null : new Date(coordinator.now() / 1_000 + ms)
          await coordinator.pauseModel(model, { reason, until: end })
          return end
        }
        const until = await withCoordinator(frame, pause, { strict })
        const end =
          until === null
            ? `npx interlock-queue resume ${operand(model)}`
            : timeText(until.getTime() * MICROS_PER_MS)
        frame.emit(
          { model, reason, until } satisfies NewPauseDocument,
          `model ${model} is paused until ${end}`,
        )
      },
    )
    .option(
      '--reason <code>',
      'why; shown with every job that waits for it: small letters, digits and _',
      'manual',
    )
    .option(...strictFlag)
    .option('--for <time>', 'how long, such as 30s, 10m, 2h, 1d or 1w (default: until you resume it)')
}

/** Milliseconds. @throws InterlockError `invalid_input`, naming the flag */
function durationMs(flag: string, text: string): number {
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(text) ?? []
  if (count !== undefined) return Number(count) * unitMs[unit as keyof typeof unitMs]
  throw invalidInput(`${flag} ${text}: must be a time such as 30s, 10m, 2h, 1d or 1w`)
}
