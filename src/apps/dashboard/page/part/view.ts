import type { Micros } from '../../../../engine/core/index.ts'

/** The period that is drawn. */
export interface View {
  readonly from: Micros
  readonly to: Micros
}

/** The shortest period that can be shown: a millisecond. */
const LEAST: Micros = 1_000

/** @param part where the pointer is, 0 to 1: the moment below it stays there */
export function zoomed({ from, to }: View, times: number, part = 0.5): View {
  const length = Math.max(LEAST, (to - from) * times)
  const at = from + (to - from) * part
  return { from: at - length * part, to: at + length * (1 - part) }
}

/** @param part of the length of the view, forwards or backwards */
export const panned = ({ from, to }: View, part: number): View => ({
  from: from + (to - from) * part,
  to: to + (to - from) * part,
})

const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
]
const longSteps = [5, 10, 15, 30, 60, 120, 360, 720, 1_440, 2_880, 10_080].map((minutes) => minutes * 60_000)

/** Round times within the view, about so many as wanted, in milliseconds since 1970. */
export function ticksIn(
  { from, to }: View,
  wanted: number,
): { readonly every: number; readonly at: readonly number[] } {
  const [first, last] = [from / 1_000, to / 1_000]
  const least = (last - first) / Math.max(1, wanted)
  const every = [...steps, ...longSteps].find((step) => step >= least) ?? 604_800_000
  // Hours and days are those of the user's time zone.
  const shift = new Date(first).getTimezoneOffset() * 60_000
  const at: number[] = []
  for (
    let time = Math.ceil((first - shift) / every) * every + shift;
    time <= last && at.length < 100;
    time += every
  )
    at.push(time)
  return { every, at }
}

export function tickText(ms: number, every: number): string {
  const date = new Date(ms)
  if (every >= 86_400_000) return date.toLocaleDateString()
  if (every < 1_000) return `${date.toLocaleTimeString()}.${String(date.getMilliseconds()).padStart(3, '0')}`
  return date.toLocaleTimeString(
    undefined,
    every >= 60_000 ? { hour: '2-digit', minute: '2-digit' } : undefined,
  )
}

/** How many items of a sorted list are at or before a time. */
export function countUpTo<T>(sorted: readonly T[], at: number, timeOf: (item: T) => number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && timeOf(item) <= at) low = middle + 1
    else high = middle
  }
  return low
}
