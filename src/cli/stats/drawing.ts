import { type Bar, bars, lines, type Panel, page } from '../chart/index.ts'
import { duration, toSecond } from '../format.ts'
import type { Stats } from './stats.ts'

const MODELS = 20

/** Stats as an SVG file. */
export function statsDrawing(stats: Stats): string {
  const { perSlice, queue, from, to, models, blocked } = stats
  const ends = [toSecond(from), toSecond(to)] as const
  const panels: Panel[] = [
    lines(
      'Jobs',
      [
        { name: 'waiting', values: perSlice.waiting },
        { name: 'active', values: perSlice.active },
      ],
      ends,
    ),
    lines(
      `Ended, per ${duration(stats.sliceSeconds * 1_000)}`,
      [
        { name: 'completed', values: perSlice.completed, colour: 2 },
        { name: 'failed', values: perSlice.failed, colour: 1 },
      ],
      ends,
    ),
  ]
  const inUse = models.slice(0, MODELS).map(
    ({ model, utilisation }): Bar => ({
      ...{ name: model, value: utilisation, text: `${(utilisation * 100).toFixed(1)} %`, colour: 0 },
    }),
  )
  if (inUse.length > 0) panels.push(bars('Share of the time that a model was in use', inUse))
  const waited = blocked.byModel.slice(0, MODELS).map(
    ({ name, ms }): Bar => ({
      ...{ name, value: ms, text: duration(ms), colour: 4 },
    }),
  )
  if (waited.length > 0) panels.push(bars('Time that jobs waited on a model', waited))
  return page(`Queue ${queue}`, `${ends[0]} to ${ends[1]}`, panels)
}
