import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import { clip, count } from '../../../tools/format/index.ts'
import { element, label } from './element.ts'
import { colourOf, LEFT, type Panel, RIGHT, WIDTH } from './page.ts'

export interface ChartLine {
  readonly name: string
  /** One value per slice of time, the first slice first. */
  readonly values: readonly number[]
  readonly colour?: number
}

const HEIGHT = 110
const ROW = 18
/** The longest name that fits beside the numbers of the axis. If one is longer, all names go below. */
const LEGEND = 20
const LEGEND_BELOW = 90
/** Height of the time axis and its labels. */
const AXIS = 16

/** Values over time, all on one scale. @param marks the labels of the time axis, from end to end at equal distances */
export function lines(title: string, series: readonly ChartLine[], marks: readonly string[]): Panel {
  const slices = Math.max(...series.map(({ values }) => values.length), 1)
  const most = Math.max(...series.flatMap(({ values }) => values), 1)
  const x = scaleLinear()
    .domain([0, slices])
    .range([LEFT, WIDTH - RIGHT])
  const y = scaleLinear().domain([0, most]).nice(4).range([HEIGHT, 0])
  const isBelow = series.some(({ name }) => name.length > LEGEND)
  const names = isBelow
    ? { x: LEFT, y: HEIGHT + AXIS + 12, most: LEGEND_BELOW }
    : { x: 12, y: 0, most: LEGEND }
  const height = Math.max(HEIGHT, names.y + series.length * ROW)
  const path = line<number>(
    (_, index) => x(index),
    (value) => y(value),
  ).curve(curveStepAfter)
  const drawn = series.map(({ name, values, colour }, index) => {
    const stroke = colourOf(colour ?? index)
    // The last value lasts to the end of its slice.
    const d = path([...values, values.at(-1) ?? 0]) ?? ''
    return [
      element('rect', { x: names.x, y: names.y + index * ROW, width: 10, height: 10, fill: stroke, rx: 2 }),
      label(names.x + 16, names.y + index * ROW + 9, clip(name, names.most)),
      element('path', { d, fill: 'none', stroke, 'stroke-width': 1.5 }),
    ].join('')
  })
  const grid = y
    .ticks(4)
    .map((value) => [
      element('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      label(LEFT - 6, y(value) + 4, count(value), { class: 'dim', 'text-anchor': 'end' }),
    ])
  const axis = marks.map((text, index) => {
    const [isFirst, isLast] = [index === 0, index === marks.length - 1]
    const at = x((index / Math.max(1, marks.length - 1)) * slices)
    return [
      element('line', { class: 'axis', x1: at, x2: at, y1: HEIGHT, y2: HEIGHT + 4 }),
      label(at, HEIGHT + AXIS, text, {
        class: 'dim',
        'text-anchor': isFirst ? 'start' : isLast ? 'end' : 'middle',
      }),
    ].join('')
  })
  return { title, height: height + AXIS, body: [...grid.flat(), ...drawn, ...axis].join('') }
}
