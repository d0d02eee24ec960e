import { mean, quantileSorted } from 'd3-array'
import { MICROS_PER_MS } from '../../core/index.ts'

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
    mean: ms(mean(sorted)),
    p50: ms(quantileSorted(sorted, 0.5)),
    p95: ms(quantileSorted(sorted, 0.95)),
    max: ms(sorted.at(-1)),
  }
}
