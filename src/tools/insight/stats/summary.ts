import { MICROS_PER_MS } from '../../../engine/core/index.ts'

/** Lengths of time, in milliseconds; zero where there were none. */
export interface Summary {
  /** How many lengths there were. */
  readonly count: number
  /** The mean. */
  readonly mean: number
  /** Half were at most so long. */
  readonly p50: number
  /** 19 of 20 were. */
  readonly p95: number
  /** The longest. */
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
