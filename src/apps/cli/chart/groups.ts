import { scaleLinear } from 'd3-scale'
import { clip } from '../../../tools/format/index.ts'
import { element, label } from './element.ts'
import { colourOf, LEFT, type Panel, RIGHT, WIDTH } from './page.ts'

/** Bars that belong together: one of each colour, in the order of the colours. */
export interface BarGroup {
  readonly name: string
  readonly bars: readonly { readonly value: number; readonly text: string }[]
}

const BAR = 13
const GAP = 10
/** Room for the text at the end of the longest bar. */
const TEXT = 60

/** Several values for each name, one below the other, in their colours. */
export function groups(title: string, values: readonly BarGroup[]): Panel {
  const most = Math.max(...values.flatMap(({ bars }) => bars.map(({ value }) => value)), Number.MIN_VALUE)
  const x = scaleLinear()
    .domain([0, most])
    .range([0, WIDTH - LEFT - RIGHT - TEXT])
  let top = 0
  const drawn = values.map(({ name, bars }) => {
    const named = label(LEFT - 8, top + (bars.length * BAR) / 2 + 4, clip(name, 26), { 'text-anchor': 'end' })
    const rows = bars.map(({ value, text }, index) => {
      const [y, width] = [top + index * BAR, Math.max(1, x(value))]
      const fill = colourOf(index)
      return [
        element('rect', { x: LEFT, y, width, height: BAR - 3, fill, rx: 2 }),
        label(LEFT + width + 6, y + 9, text, { class: 'dim small' }),
      ].join('')
    })
    top += bars.length * BAR + GAP
    return named + rows.join('')
  })
  return { title, height: top, body: drawn.join('') }
}
