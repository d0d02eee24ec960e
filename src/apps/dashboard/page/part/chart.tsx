import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { clockText } from '../frame/time.ts'
import { ticksIn, tickText } from './ticks.ts'

export interface Series {
  readonly name: string
  readonly values: readonly number[]
  /** A custom property of the stylesheet: `--accent`. */
  readonly color: string
  readonly isFilled?: boolean
  readonly isDashed?: boolean
}

const HEIGHT = 170
const [LEFT, BOTTOM, TOP] = [40, 20, 6]

/** Values over time. Under the pointer each one is shown as a number. */
export function Chart({
  label,
  from,
  to,
  series,
}: {
  readonly label: string
  /** Seconds since 1970. */
  readonly from: number
  readonly to: number
  readonly series: readonly Series[]
}) {
  const box = useRef<HTMLDivElement>(null)
  const width = useSignal(600)
  const over = useSignal<number | null>(null)
  useEffect(() => {
    const fit = new ResizeObserver(() => (width.value = box.current?.clientWidth ?? 600))
    if (box.current !== null) fit.observe(box.current)
    return () => fit.disconnect()
  }, [])
  const slices = Math.max(1, series[0]?.values.length ?? 0)
  const most = Math.max(0, ...series.flatMap(({ values }) => values))
  const step = stepFor(most)
  const high = Math.max(step, Math.ceil(most / step) * step)
  const x = (slice: number) => LEFT + ((slice + 0.5) / slices) * (width.value - LEFT)
  const y = (value: number) => TOP + (1 - value / high) * (HEIGHT - TOP - BOTTOM)
  const ticks = ticksIn({ from: from * 1_000_000, to: to * 1_000_000 }, width.value / 110)
  const left = (ms: number) => LEFT + ((ms / 1_000 - from) / Math.max(1e-9, to - from)) * (width.value - LEFT)
  const fits = (ms: number) => left(ms) + 7 * tickText(ms, ticks.every).length <= width.value
  const at = over.value
  return (
    <figure class="chart">
      <figcaption>
        <b>{label}</b>
        {series.map(({ name, color, values, isDashed = false }) => (
          <span key={name} class="key">
            <i class={isDashed ? 'dashed' : ''} style={{ borderColor: `var(${color})` }} />
            {name}
            {at === null ? '' : ` ${round(values[at] ?? 0)}`}
          </span>
        ))}
        <span class="right dim">
          {at === null ? '' : clockText((from + ((at + 0.5) / slices) * (to - from)) * 1e6)}
        </span>
      </figcaption>
      <div ref={box}>
        <svg
          width={width.value}
          height={HEIGHT}
          role="img"
          aria-label={`${label}: ${series.map(({ name, values }) => `${name} at most ${round(Math.max(0, ...values))}`).join(', ')}`}
          onPointerMove={(event) => {
            const part = (event.offsetX - LEFT) / (width.value - LEFT)
            over.value = part < 0 ? null : Math.min(slices - 1, Math.floor(part * slices))
          }}
          onPointerLeave={() => (over.value = null)}
        >
          {Array.from({ length: Math.round(high / step) + 1 }, (_, n) => (
            <g key={n}>
              <line class="rule" x1={LEFT} x2={width.value} y1={y(n * step)} y2={y(n * step)} />
              <text class="tick end" x={LEFT - 8} y={y(n * step) + 4}>
                {round(n * step)}
              </text>
            </g>
          ))}
          {ticks.at.filter(fits).map((ms) => (
            <text key={ms} class="tick" x={left(ms)} y={HEIGHT - 4}>
              {tickText(ms, ticks.every)}
            </text>
          ))}
          {series.map(({ name, values, color, isFilled = false, isDashed = false }) => {
            const line = values
              .map((value, slice) => `${x(slice).toFixed(1)} ${y(value).toFixed(1)}`)
              .join('L')
            return (
              <g key={name} style={{ color: `var(${color})` }}>
                {isFilled ? (
                  <path class="area" d={`M${x(0)} ${y(0)}L${line}L${x(slices - 1)} ${y(0)}z`} />
                ) : null}
                <path class={isDashed ? 'curve dashed' : 'curve'} d={`M${line}`} />
              </g>
            )
          })}
          {at === null ? null : <line class="cross" x1={x(at)} x2={x(at)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        </svg>
      </div>
    </figure>
  )
}

const round = (value: number): string =>
  value >= 10_000
    ? `${(value / 1_000).toFixed(0)}k`
    : value >= 10
      ? value.toFixed(0)
      : value.toFixed(1).replace('.0', '')

/** A round number that fits three to six times into the height. */
function stepFor(most: number): number {
  const rough = Math.max(most, 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough) ?? power
}
