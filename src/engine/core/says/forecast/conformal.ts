/**
 * How much wider a range has to be so that eight of ten starts lie in it, as the last starts of the same queue tell: split conformal
 * intervals (Romano, Patterson and Candès: Conformalized Quantile Regression, 2019) that never are narrower than what was simulated.
 */
import { MICROS_PER_SECOND, type Micros } from '../../values/job.ts'

/** When a waiting job starts, in microseconds from when that is said: half of the tries lie below `likely`, eight of ten starts in the range. */
export interface StartRange {
  readonly likely: Micros
  readonly from: Micros
  readonly to: Micros
}

/** A range that was said, and how long its job did wait from then on. */
export interface ComparedRange extends StartRange {
  readonly waited: Micros
}

/** Of fewer starts the largest error does not tell how large one in ten is. */
export const FEWEST_COMPARED = 9
/** So many go by whose waits were most like this one. */
const NEAREST = 60
/** One in ten starts before the range, and one in ten behind it. */
const MISSED = 0.1
/** A range that has to be so many times as long or short is none. */
const MOST_TIMES = 5
/** Waits are compared in proportion, but not what is within a second. */
const LEAST = MICROS_PER_SECOND

/** @returns why there is no range: too few starts have been compared, or those were off by so much that it would say nothing */
export function widened(
  range: StartRange,
  compared: readonly ComparedRange[],
): StartRange | 'not_compared' | 'wrong_lately' {
  if (compared.length < FEWEST_COMPARED) return 'not_compared'
  const alike = nearest(range.likely, compared)
  const shorter = Math.max(1, errorOf(alike.map(({ from, waited }) => timesAs(from, waited))))
  const longer = Math.max(1, errorOf(alike.map(({ to, waited }) => timesAs(waited, to))))
  if (Math.max(shorter, longer) > MOST_TIMES) return 'wrong_lately'
  return {
    likely: range.likely,
    from: Math.max(0, (range.from + LEAST) / shorter - LEAST),
    to: (range.to + LEAST) * longer - LEAST,
  }
}

const timesAs = (one: Micros, other: Micros): number => (one + LEAST) / (other + LEAST)

function nearest(likely: Micros, compared: readonly ComparedRange[]): readonly ComparedRange[] {
  const distance = (other: ComparedRange) => Math.abs(Math.log(timesAs(other.likely, likely)))
  return compared.toSorted((a, b) => distance(a) - distance(b)).slice(0, NEAREST)
}

/** One more error is larger with this chance at most. */
function errorOf(errors: readonly number[]): number {
  const sorted = errors.toSorted((a, b) => a - b)
  const rank = Math.ceil((sorted.length + 1) * (1 - MISSED))
  return sorted[Math.min(rank, sorted.length) - 1] ?? 1
}
