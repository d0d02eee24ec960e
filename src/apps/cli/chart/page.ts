import { element, label } from './element.ts'

export const WIDTH = 860
/** Room for the names on the left and for the ends of the axes on the right. */
export const LEFT = 210
export const RIGHT = 24
const TOP = 52

/** A drawing that is stacked with others on one page. */
export interface Panel {
  readonly title: string
  /** Without the title. */
  readonly height: number
  readonly body: string
}

/** Colours that people who see fewer of them can tell apart (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'] as const

export const colourOf = (index: number): string => colours[index % colours.length] ?? colours[0]

const style = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 } .panel { font-weight: 600 } .dim { fill: #57606a } .small { font-size: 10px }
.axis { stroke: #d0d7de } .ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .dim { fill: #9198a1 } .axis { stroke: #3d444d } .ground { fill: #0d1117 }
}`

/** A page of panels as a self-contained SVG file. */
export function page(title: string, subtitle: string, panels: readonly Panel[]): string {
  let y = TOP
  const drawn = panels.map((panel) => {
    const heading = label(12, 18, panel.title, { class: 'panel' })
    const at = element(
      'g',
      { transform: `translate(0 ${y})` },
      heading,
      element('g', { transform: 'translate(0 28)' }, panel.body),
    )
    y += panel.height + 56
    return at
  })
  const frame = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: WIDTH,
    height: y,
    viewBox: `0 0 ${WIDTH} ${y}`,
    role: 'img',
  }
  return `${element(
    'svg',
    frame,
    element('style', {}, style),
    element('rect', { class: 'ground', width: WIDTH, height: y }),
    label(12, 24, title, { class: 'title' }),
    label(12, 42, subtitle, { class: 'dim' }),
    ...drawn,
  )}\n`
}
