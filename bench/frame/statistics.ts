/** The value below which this share (0 to 1) of the values lies; of an even number the median is between the middle two. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? below
  return below + (above - below) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Each value of one list over the one at the same place of the other: ratios of what was measured side by side. */
export function ratios(values: readonly number[], bases: readonly number[]): readonly number[] {
  return values.map((value, i) => value / (bases[i] ?? Number.NaN))
}
