import type { Row } from '../frame/bench.ts'
import { median } from '../frame/statistics.ts'
import { figure } from '../frame/table.ts'
import type { Point } from './fit.ts'

/** One curve: what a job costs at each size, and how fast that grows. */
export interface Curve {
  readonly what: string
  readonly points: readonly Point[]
  readonly exponent: number
}

const PANEL = { width: 232, height: 150, left: 34, right: 10, top: 34, bottom: 26 }
const ACROSS = 3

/** A panel per curve: the size on a logarithmic axis, the cost on a linear one from zero. */
export function growthChart(curves: readonly Curve[]): string {
  const width = PANEL.width * Math.min(ACROSS, curves.length)
  const height = PANEL.height * Math.ceil(curves.length / ACROSS)
  const panels = curves.map((curve, i) => {
    const [x, y] = [(i % ACROSS) * PANEL.width, Math.floor(i / ACROSS) * PANEL.height]
    return `<g transform="translate(${x} ${y})">${panelOf(curve)}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="9" role="img" aria-label="What a job costs as a queue grows">
<style>text{fill:#444}.title{font-size:11px;fill:#111}.axis{stroke:#bbb}.curve{fill:none;stroke:#0a7;stroke-width:2}circle{fill:#0a7}@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.axis{stroke:#666}}</style>
${panels.join('\n')}
</svg>
`
}

/** The rows of the bench as curves. */
export function curvesOf(rows: readonly Row[]): readonly Curve[] {
  const curves = new Map<string, { points: Point[]; exponent: number }>()
  for (const { what, unit, samples } of rows) {
    const [dimension = '', size = ''] = what.split(': ')
    const curve = curves.get(dimension) ?? { points: [], exponent: Number.NaN }
    curves.set(dimension, curve)
    if (unit === '') curve.exponent = median(samples)
    else curve.points.push({ size: Number(size.replaceAll(',', '')), cost: median(samples) })
  }
  return [...curves].map(([what, curve]) => ({ what, ...curve }))
}

function panelOf({ what, points, exponent }: Curve): string {
  const { width, height, left, right, top, bottom } = PANEL
  const most = Math.max(...points.map(({ cost }) => cost))
  const sizes = points.map(({ size }) => Math.log(size))
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)]
  const floor = height - bottom
  const across = (size: number) =>
    left + ((Math.log(size) - low) / (high - low || 1)) * (width - left - right)
  const up = (cost: number) => floor - (cost / most) * (floor - top)
  const at = points.map(({ size, cost }) => ({
    size,
    cost,
    x: across(size).toFixed(1),
    y: up(cost).toFixed(1),
  }))
  return [
    `<text class="title" x="${left}" y="14">${what}</text>`,
    `<text x="${left}" y="26">exponent ${exponent.toFixed(2)}</text>`,
    `<path class="axis" d="M${left} ${top}V${floor}H${width - right}" fill="none"/>`,
    `<text x="${left - 4}" y="${top + 3}" text-anchor="end">${figure(most)}</text>`,
    `<text x="${left - 4}" y="${floor}" text-anchor="end">0 ms</text>`,
    `<polyline class="curve" points="${at.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`,
    ...at.map(
      ({ size, cost, x, y }) =>
        `<circle cx="${x}" cy="${y}" r="3"><title>${size.toLocaleString('en')}: ${figure(cost)} ms a job</title></circle>` +
        `<text x="${x}" y="${floor + 13}" text-anchor="middle">${shortly(size)}</text>`,
    ),
  ].join('')
}

/** 100,000 as 100k, 1,000,000 as 1M. */
function shortly(size: number): string {
  if (size >= 1_000_000) return `${size / 1_000_000}M`
  return size >= 1_000 ? `${size / 1_000}k` : `${size}`
}
