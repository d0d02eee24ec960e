import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import { clip, count } from '../format.ts'
import { element, label } from './element.ts'
import { colourOf, LEFT, type Panel, RIGHT, WIDTH } from './page.ts'

export interface Line {
  readonly name: string
  /** One value per slice of time, the first slice first. */
  readonly values: readonly number[]
  readonly colour?: number
}

const HEIGHT = 110
const ROW = 18
/** Letters of a name that stand beside the numbers of the axis. */
const LEGEND = 20

/** Values over time, all on one scale. @param ends what stands at the two ends of the axis of time */
export function lines(title: string, series: readonly Line[], ends: readonly [string, string]): Panel {
  const slices = Math.max(...series.map(({ values }) => values.length), 1)
  const most = Math.max(...series.flatMap(({ values }) => values), 1)
  const x = scaleLinear()
    .domain([0, slices])
    .range([LEFT, WIDTH - RIGHT])
  const y = scaleLinear().domain([0, most]).nice(4).range([HEIGHT, 0])
  const height = Math.max(HEIGHT, series.length * ROW)
  const path = line<number>(
    (_, index) => x(index),
    (value) => y(value),
  ).curve(curveStepAfter)
  const drawn = series.map(({ name, values, colour }, index) => {
    const stroke = colourOf(colour ?? index)
    // The last value lasts to the end of its slice.
    const d = path([...values, values.at(-1) ?? 0]) ?? ''
    return [
      element('rect', { x: 12, y: index * ROW, width: 10, height: 10, fill: stroke, rx: 2 }),
      label(28, index * ROW + 9, clip(name, LEGEND)),
      element('path', { d, fill: 'none', stroke, 'stroke-width': 1.5 }),
    ].join('')
  })
  const grid = y
    .ticks(4)
    .map((value) => [
      element('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      label(LEFT - 6, y(value) + 4, count(value), { class: 'dim', 'text-anchor': 'end' }),
    ])
  const axis = [
    label(LEFT, HEIGHT + 16, ends[0], { class: 'dim' }),
    label(WIDTH - RIGHT, HEIGHT + 16, ends[1], { class: 'dim', 'text-anchor': 'end' }),
  ]
  return { title, height: height + 16, body: [...grid.flat(), ...drawn, ...axis].join('') }
}
