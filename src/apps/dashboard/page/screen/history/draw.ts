import type { Micros } from '../../../../../engine/core/index.ts'
import { clip } from '../../../../../tools/format/index.ts'
import { countUpTo, type ShownPeriod } from '../../data/period.ts'
import type { ModelTime, Span } from '../../data/spans.ts'
import { ticksIn, tickText } from '../../part/ticks.ts'

export const AXIS = 24
export const ROW = 60
const BARS = { top: 6, height: 32 }
const LINE = { top: 41, height: 15 }

export interface Drawing {
  readonly canvas: HTMLCanvasElement
  readonly rows: readonly ModelTime[]
  readonly period: ShownPeriod
  /** The last known time. Bars that have no end yet end there. */
  readonly now: Micros
  /** The moments to mark. */
  readonly marks: readonly Micros[]
  readonly job: string | null
  /** How far the rows are scrolled, and how much of them is seen, in pixels. */
  readonly top: number
  readonly height: number
}

interface Brush {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly x: (at: Micros) => number
  readonly colors: Readonly<Record<'accent' | 'strong' | 'line' | 'text' | 'dim' | 'card' | 'waits', string>>
}

/** Draws the visible rows below the axis. */
export function draw(drawing: Drawing): void {
  const brush = brushOf(drawing)
  if (brush === null) return
  const { context, width, colors, x } = brush
  const { rows, period, marks, top, height } = drawing
  drawAxis(brush, period, height)
  context.save()
  context.beginPath()
  context.rect(0, AXIS, width, height - AXIS)
  context.clip()
  for (let index = Math.floor(top / ROW); AXIS + index * ROW - top < height; index++) {
    const row = rows[index]
    if (row === undefined) break
    drawRow(brush, drawing, row, AXIS + index * ROW - top)
  }
  context.restore()
  context.fillStyle = colors.strong
  for (const at of marks) context.fillRect(Math.round(x(at)) - 1, 0, 2, height)
}

function brushOf({ canvas, height, period }: Drawing): Brush | null {
  const context = canvas.getContext('2d')
  if (context === null) return null
  const scale = devicePixelRatio
  const width = canvas.clientWidth
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale)
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale)
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const style = getComputedStyle(canvas)
  context.font = `11px ${style.fontFamily}`
  // A custom property may be light-dark(), which a canvas does not know: as the colour of an element it is resolved.
  const color = (name: string) => {
    canvas.style.color = `var(${name})`
    return style.color
  }
  const colors = {
    accent: color('--bar'),
    strong: color('--accent'),
    line: color('--line'),
    text: color('--text'),
    dim: color('--dim'),
    card: color('--card'),
    waits: color('--waits'),
  }
  const length = period.to - period.from
  return { context, width, colors, x: (at) => ((at - period.from) / length) * width }
}

function drawAxis({ context, width, x, colors }: Brush, period: ShownPeriod, height: number): void {
  const { every, at } = ticksIn(period, width / 110)
  context.textBaseline = 'middle'
  for (const ms of at) {
    const left = Math.round(x(ms * 1_000))
    context.fillStyle = colors.line
    context.fillRect(left, 0, 1, height)
    context.fillStyle = colors.dim
    const text = tickText(ms, every)
    if (left + 5 + context.measureText(text).width <= width) context.fillText(text, left + 5, AXIS / 2)
  }
}

function drawRow(brush: Brush, drawing: Drawing, row: ModelTime, top: number): void {
  const { context, width, colors } = brush
  context.fillStyle = colors.line
  context.fillRect(0, top, width, 1)
  drawLine(brush, drawing, row, top + LINE.top)
  const height = BARS.height / Math.max(1, row.tracks)
  let drawn = -1
  for (const span of row.spans) {
    if (span.from > drawing.period.to) break
    const end = span.to ?? drawing.now
    if (end < drawing.period.from) continue
    const [left, right] = [Math.max(0, brush.x(span.from)), Math.min(width, brush.x(end))]
    // Spans narrower than a pixel are drawn once for all that lie in it.
    if (row.tracks === 1 && right < drawn && span.jobId !== drawing.job) continue
    drawn = Math.max(drawn, Math.ceil(right))
    drawBar(brush, drawing.job, span, {
      left,
      top: top + BARS.top + span.track * height,
      width: Math.max(1, right - left - (right - left > 3 ? 1 : 0)),
      height: Math.max(1, height - (height > 3 ? 1 : 0)),
    })
  }
}

function drawBar(
  { context, colors }: Brush,
  job: string | null,
  span: Span,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
): void {
  context.fillStyle = span.jobId === job ? colors.strong : colors.accent
  context.fillRect(left, top, width, height)
  if (width < 40 || height < 12) return
  context.fillStyle = span.jobId === job ? colors.card : colors.text
  context.fillText(fitting(context, span.jobId, width - 9), left + 5, top + height / 2 + 0.5)
}

/** Cut so that it shows: the beginning of an id may be the id of another job. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  const whole = context.measureText(text).width
  return whole <= width ? text : clip(text, Math.floor((text.length * width) / whole))
}

/** Draws how many waited, as an area below the bars. */
function drawLine(
  { context, x, width, colors }: Brush,
  { period, now }: Drawing,
  row: ModelTime,
  top: number,
): void {
  if (row.most === 0) return
  const bottom = top + LINE.height
  const high = (waiting: number) => bottom - (waiting / row.most) * LINE.height
  const first = countUpTo(row.line, period.from, ({ at }) => at)
  let y = high(row.line[first - 1]?.waiting ?? 0)
  context.beginPath()
  context.moveTo(0, bottom)
  context.lineTo(0, y)
  let last = 0
  for (let i = first; i < row.line.length; i++) {
    const point = row.line[i]
    if (point === undefined || point.at > period.to) break
    const left = x(point.at)
    const isLastInPixel = Math.floor(x(row.line[i + 1]?.at ?? period.to)) > Math.floor(left)
    if (!isLastInPixel && Math.floor(left) === Math.floor(last)) continue
    context.lineTo(left, y)
    y = high(point.waiting)
    context.lineTo(left, y)
    last = left
  }
  const end = Math.min(width, x(now))
  context.lineTo(end, y)
  context.lineTo(end, bottom)
  context.closePath()
  context.fillStyle = colors.waits
  context.fill()
}

/** The span under the pointer. */
export function spanAt(
  { rows, period, now, top }: Drawing,
  x: number,
  y: number,
  width: number,
): Span | undefined {
  const below = y - AXIS + top
  const index = Math.floor(below / ROW)
  const row = y < AXIS ? undefined : rows[index]
  if (row === undefined) return undefined
  const track = Math.floor((below - index * ROW - BARS.top) / (BARS.height / row.tracks))
  const at = period.from + (x / width) * (period.to - period.from)
  const near = ((period.to - period.from) / width) * 2
  return row.spans.findLast(
    (span) => span.track === track && span.from - near <= at && (span.to ?? now) + near >= at,
  )
}
