import { scaleBand, scaleLinear } from 'd3-scale'
import { clip } from '../../../tools/format/index.ts'
import { element, label } from './element.ts'
import { colourOf, LEFT, type Panel, RIGHT, WIDTH } from './page.ts'

export interface Bar {
  readonly name: string
  readonly value: number
  /** The value as text, at the end of the bar. */
  readonly text: string
  /** The number of its colour; its index in the list unless given. */
  readonly colour?: number
}

const ROW = 22
/** Room for the text at the end of the longest bar. */
const TEXT = 90

/** Values beside each other, one row each. */
export function bars(title: string, values: readonly Bar[]): Panel {
  const height = values.length * ROW
  const y = scaleBand<number>()
    .domain(values.map((_, index) => index))
    .range([0, height])
    .paddingInner(0.3)
  const most = Math.max(...values.map(({ value }) => value), Number.MIN_VALUE)
  const x = scaleLinear()
    .domain([0, most])
    .range([0, WIDTH - LEFT - RIGHT - TEXT])
  const rows = values.map(({ name, value, text, colour }, index) => {
    const top = y(index) ?? 0
    const middle = top + y.bandwidth() / 2 + 4
    const fill = colourOf(colour ?? index)
    return [
      label(LEFT - 8, middle, clip(name, 26), { 'text-anchor': 'end' }),
      element('rect', { x: LEFT, y: top, width: Math.max(1, x(value)), height: y.bandwidth(), fill, rx: 2 }),
      label(LEFT + Math.max(1, x(value)) + 6, middle, text, { class: 'dim' }),
    ].join('')
  })
  return { title, height, body: rows.join('') }
}
