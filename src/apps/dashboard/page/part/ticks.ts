import type { ShownPeriod } from '../data/period.ts'

const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
]
const longSteps = [5, 10, 15, 30, 60, 120, 360, 720, 1_440, 2_880, 10_080].map((minutes) => minutes * 60_000)

/** Round times within the period, about so many as wanted, in milliseconds since 1970. */
export function ticksIn(
  { from, to }: ShownPeriod,
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
