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
  const ms = (value: number) => Math.round(value) / MICROS_PER_MS
  const sum = sorted.reduce((before, each) => before + each, 0)
  return {
    count: sorted.length,
    mean: ms(sum / Math.max(1, sorted.length)),
    p50: ms(quantileOf(sorted, 0.5)),
    p95: ms(quantileOf(sorted, 0.95)),
    max: ms(sorted.at(-1) ?? 0),
  }
}

/** Between two values in proportion, as most tools reckon it (R's type 7). */
function quantileOf(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? 0
  return below + (above - below) * (at - Math.floor(at))
}
