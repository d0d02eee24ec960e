import { MICROS_PER_MS } from '../../../engine/core/index.ts'

/** Lengths of time, in milliseconds; zero where there were none. */
export interface Summary {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** @param micros in any order */
export function summaryOf(micros: readonly number[]): Summary {
  const sorted = micros.toSorted((a, b) => a - b)
  const ms = (value: number | undefined) => Math.round(value ?? 0) / MICROS_PER_MS
  return {
    count: sorted.length,
    mean: ms(sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length)),
    p50: ms(quantileOf(sorted, 0.5)),
    p95: ms(quantileOf(sorted, 0.95)),
    max: ms(sorted.at(-1)),
  }
}

/** Between the two nearest values, as spreadsheets do. */
function quantileOf(sorted: readonly number[], part: number): number | undefined {
  const at = (sorted.length - 1) * part
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return below === undefined || above === undefined
    ? undefined
    : below + (above - below) * (at - Math.floor(at))
}
