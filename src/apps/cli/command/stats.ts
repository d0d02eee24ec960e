import { duration, toSecond } from '../../../tools/format/index.ts'
import { type Stats, stats } from '../../../tools/insight/index.ts'
import { type Bar, bars, lines, type Panel, page } from '../chart/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { withOutput } from '../output-file.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodIn } from '../period.ts'
import { statsText } from '../show/stats.ts'
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
        ['stats --since 7d --svg week.svg', 'also draws a chart'],
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
    '24h',
  )
    .option('--slices <n>', 'how many slices of time to show', '48')
    .option('--svg <file>', 'draw a chart into a new file')
}

const MODELS = 20

/** Stats as an SVG file. */
function statsDrawing(stats: Stats): string {
  const { perSlice, queue, from, to, models, blocked } = stats
  const marks = [0, 1 / 3, 2 / 3, 1].map((part) => markAt(stats, part))
  const panels: Panel[] = [
    lines(
      'Jobs',
      [
        { name: 'waiting', values: perSlice.waiting },
        { name: 'active', values: perSlice.active },
      ],
      marks,
    ),
    lines(
      `Ended, per ${duration(stats.sliceSeconds * 1_000)}`,
      [
        { name: 'completed', values: perSlice.completed, colour: 2 },
        { name: 'failed', values: perSlice.failed, colour: 1 },
      ],
      marks,
    ),
  ]
  const inUse = models.slice(0, MODELS).map(
    ({ model, utilisation }): Bar => ({
      name: model,
      value: utilisation,
      text: `${(utilisation * 100).toFixed(1)} %`,
      colour: 0,
    }),
  )
  if (inUse.length > 0) panels.push(bars('Share of time that each model was in use', inUse))
  const waited = blocked.byModel.slice(0, MODELS).map(
    ({ name, ms }): Bar => ({
      name,
      value: ms,
      text: duration(ms),
      colour: 4,
    }),
  )
  if (waited.length > 0) panels.push(bars('Time that jobs waited on a model', waited))
  return page(`Queue ${queue}`, `${toSecond(from)} to ${toSecond(to)}`, panels)
}

const DAY_MS = 86_400_000

/** The labels at the ends show the whole time; those between them have less room. */
function markAt({ from, to }: Stats, part: number): string {
  const [begin, end] = [Date.parse(from), Date.parse(to)]
  const text = toSecond(new Date(begin + (end - begin) * part).toISOString())
  if (part === 0 || part === 1) return text
  return end - begin > DAY_MS ? text.slice(5, 16) : text.slice(11, 19)
}
