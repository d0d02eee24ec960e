import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { withLog } from '../history/archive-file.ts'
import { ledgerAt } from '../history/fold.ts'
import { withOutput } from '../output-file.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodOf } from '../period.ts'
import { eachEvent } from '../read-log.ts'
import { Collector } from '../stats/collector.ts'
import { statsDrawing } from '../stats/drawing.ts'
import { type Stats, statsOf } from '../stats/stats.ts'
import { statsText } from '../stats/text.ts'
import { wholeNumber } from '../whole-number.ts'

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
          withLog(frame, options.fromArchive, (store) => measure(frame, store, options, slices))
        const stats = await withOutput(frame, '--svg', options.svg, measured, statsDrawing)
        frame.emit(stats, statsText(frame, stats))
      },
    ),
  )
    .option('--slices <n>', 'into how many pieces the time is cut', '48')
    .option('--svg <file>', 'draw it, into a file that is not there yet')
}

async function measure(frame: Frame, store: LogStore, flags: PeriodFlags, count: number): Promise<Stats> {
  const { after, upTo, from, to } = await periodOf(frame, store, flags)
  const collector = new Collector({ from, to, count }, await ledgerAt(frame, store, after))
  await eachEvent(frame, store, 'measured', (event) => collector.push(event), { after, upTo })
  return statsOf(frame.queue, collector, collector.finish())
}
