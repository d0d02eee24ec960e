import { defaultPolicy } from '../../../engine/core/index.ts'
import type { Access } from '../../../tools/history/index.ts'
import { record, tryRules } from '../../../tools/insight/parts.ts'
import type { Cli } from '../cli.ts'
import { withOutput } from '../output-file.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodIn } from '../period.ts'
import { withLog } from '../store.ts'
import { whatIfDrawing, whatIfText } from '../what-if/show.ts'
import { checkModels, trialOf, usualTrials } from '../what-if/trial.ts'

interface Options extends PeriodFlags {
  readonly try?: readonly string[]
  readonly svg?: string
}

export function addWhatIf(cli: Cli): void {
  addPeriodFlags(
    cli.command<Options>(
      'what-if',
      [
        ['what-if', 'the last 24 hours under serial, by-model, and by-model with overtaking'],
        [
          'what-if --try flux-dev=2 --try flux-dev=2,overtakes=16',
          'a second place for a model, beside what happened',
        ],
        ['what-if --try by-model,max-active=8,slots=8', 'with room for 8 jobs in all workers together'],
        ['what-if --since 7d --svg week.svg --json', 'a drawing, and everything for programs'],
      ],
      async (frame, _, options) => {
        const tries = options.try ?? usualTrials
        for (const text of tries) trialOf(text, defaultPolicy)
        checkPeriod(options)
        const look = async (access: Access) => {
          const recorded = await record(access, await periodIn(access, options))
          for (const text of tries) checkModels(text, recorded.models)
          return tryRules(
            access,
            recorded,
            tries.map((text) => trialOf(text, recorded.policy)),
          )
        }
        const tried = () => withLog(frame, options.fromArchive, look)
        const found = await withOutput(frame, '--svg', options.svg, tried, whatIfDrawing)
        frame.emit(found, whatIfText(frame, found))
      },
    ),
  )
    .option(
      '--try <rules>',
      'serial or by-model and what differs: max-active=n, overtakes=n, slots=n, model=places; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--svg <file>', 'draw it, into a file that is not there yet')
}
