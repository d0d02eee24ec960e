import { stats } from '../../../tools/insight/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { withOutput } from '../output-file.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodIn } from '../period.ts'
import { statsDrawing } from '../stats/drawing.ts'
import { statsText } from '../stats/text.ts'
import { withLog } from '../store.ts'

interface Options extends PeriodFlags {
  readonly slices: string
  readonly svg?: string
}

export function addStats(cli: Cli): void {
  addPeriodFlags(
    cli.command<Options>(
      'stats',
      [
        ['stats', 'the last 24 hours'],
        ['stats --since 2h --until 1h', 'the hour before the last'],
        ['stats --since 7d --svg week.svg', 'a drawing as well'],
        ['stats --since 1h --slices 60 --json', 'a value per minute, for programs'],
      ],
      async (frame, _, options) => {
        const slices = wholeNumber('--slices', options.slices, 1, 10_000) ?? 1
        checkPeriod(options)
        const measured = () =>
          withLog(frame, options.fromArchive, async (access) =>
            stats(access, { ...(await periodIn(access, options)), slices }),
          )
        const found = await withOutput(frame, '--svg', options.svg, measured, statsDrawing)
        frame.emit(found, statsText(frame, found))
      },
    ),
  )
    .option('--slices <n>', 'into how many pieces the time is cut', '48')
    .option('--svg <file>', 'draw it, into a file that is not there yet')
}
