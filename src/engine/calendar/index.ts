/**
 * When a schedule is due: the only part that knows calendars and time zones. The core sees due times as numbers.
 *
 *     const next = dueAfter({ cron: '30 2 * * *', tz: 'Europe/Berlin' }, now)
 *
 * It promises: due times only depend on the rule, so that all processes with the same time zone data compute the same ones; and if they
 * do not, the log has the one that counts.
 * @module
 */
import { MICROS_PER_MS, type Micros, type ScheduleRule } from '../core/index.ts'
import { cronAfter, cronBetween } from './cron.ts'

export { checkCron } from './cron.ts'

/** What due times follow from. */
export type Timing = Pick<ScheduleRule, 'cron' | 'tz' | 'everyMs'>

/** Due times are those of a clock that shows milliseconds: they are part of ids. */
const inMs = (at: Micros): Micros => Math.ceil(at / MICROS_PER_MS) * MICROS_PER_MS

/**
 * The first due time after this time; null: none comes any more.
 * @param due any due time of it: those of `every` keep their distance to it. Null: the first one comes after that distance
 */
export function dueAfter(
  { cron, tz, everyMs = 0 }: Timing,
  at: Micros,
  due: Micros | null = null,
): Micros | null {
  if (cron !== undefined) return cronAfter(cron, tz, at)
  const every = everyMs * MICROS_PER_MS
  if (due === null) return inMs(at) + every
  return due > at ? due : due + (Math.floor((at - due) / every) + 1) * every
}

/** Due times that have come, the last ones, in order; and the one after them. */
export interface DueTimes {
  readonly times: readonly Micros[]
  readonly next: Micros | null
}

/**
 * The due times of a schedule from the one that is next by its log up to this time. However many have come, it costs no more than those
 * that are asked for.
 * @param most how many at most
 */
export function dueTimes(timing: Timing, due: Micros, now: Micros, most: number): DueTimes {
  // By the log this one is due, whatever is known of time zones here.
  const later = laterUpTo(timing, due, now, most)
  return { times: [due, ...later].slice(-most), next: dueAfter(timing, now, due) }
}

function laterUpTo({ cron, tz, everyMs = 0 }: Timing, due: Micros, now: Micros, most: number) {
  if (cron !== undefined) return cronBetween(cron, tz, due, now, most)
  const every = everyMs * MICROS_PER_MS
  const count = Math.floor((now - due) / every)
  const first = Math.max(1, count - most + 1)
  return Array.from({ length: Math.max(0, count - first + 1) }, (_, i) => due + (first + i) * every)
}

/** The next due times from this one on. */
export function preview(timing: Timing, from: Micros | null, count: number): readonly Micros[] {
  const times: Micros[] = []
  for (let at = from; at !== null && times.length < count; at = dueAfter(timing, at, at)) times.push(at)
  return times
}
