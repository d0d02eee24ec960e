import { Cron } from 'croner'
import { invalidInput, MICROS_PER_MS, type Micros } from '../core/index.ts'

/** Of different expressions, so many are kept as they were read: reading one takes some 20 µs. */
const MOST_KEPT = 1_000
const kept = new Map<string, Cron>()

/** Minutes, hours and days; seconds before, if there are six fields. */
const FORM = /^(@(yearly|annually|monthly|weekly|daily|hourly)|\S+( +\S+){4,5})$/i

/** `10-40/10` says the same as `10,20,30,40`, and Debian's cron takes both for fixed times. */
const STEPS = /(?<![*\d])(\d{1,2})-(\d{1,2})\/(\d{1,2})(?!\d)/g

const listed = (expression: string): string =>
  expression.replaceAll(STEPS, (steps, from: string, to: string, by: string) => {
    const count = Math.floor((Number(to) - Number(from)) / Number(by)) + 1
    if (!(count >= 1 && count <= 60)) return steps
    return Array.from({ length: count }, (_, i) => Number(from) + i * Number(by)).join(',')
  })

/**
 * The due times of an expression in a time zone, as Debian's cron has them where clocks are changed. One with a wildcard in minutes or
 * hours (or seconds) goes by the time that passes. All others have fixed times: one that there is twice comes once, the first time; one
 * that is left out comes right after the gap.
 */
function cronOf(expression: string, tz: string): Cron {
  const key = `${tz} ${expression}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const cron = new Cron(listed(expression), { timezone: tz, paused: true, fixedTimeRule: 'no-wildcard' })
  if (kept.size >= MOST_KEPT) kept.clear()
  kept.set(key, cron)
  return cron
}

const dateOf = (at: Micros): Date => new Date(Math.floor(at / MICROS_PER_MS))
const microsOf = (date: Date): Micros => date.getTime() * MICROS_PER_MS

/** The first due time after this time; null: none comes any more. */
export function cronAfter(expression: string, tz: string, at: Micros): Micros | null {
  const next = cronOf(expression, tz).nextRun(dateOf(at))
  return next === null ? null : microsOf(next)
}

/** So many are looked for first: mostly no more have come, and each takes some 0.1 ms. */
const FEW = 2

/** The due times after one time and up to another, in order: the last ones, as many at most. */
export function cronBetween(
  expression: string,
  tz: string,
  after: Micros,
  upTo: Micros,
  most: number,
): readonly Micros[] {
  const cron = cronOf(expression, tz)
  // One at the reference itself does not count as one before it; one within its second does.
  const reference = new Date(dateOf(upTo).getTime() + 1)
  const last = (count: number) => cron.previousRuns(count, reference).map(microsOf)
  const few = last(FEW)
  const isAll = few.length < FEW || few.some((run) => run <= after)
  return (isAll ? few : last(most + 1))
    .filter((run) => run > after && run <= upTo)
    .slice(0, most)
    .reverse()
}

/**
 * Whether due times can be computed from an expression.
 * @param path what messages call it
 * @throws InterlockError `invalid_input`
 */
export function checkCron(expression: string, tz: string, path: string, now: Micros): void {
  if (!FORM.test(expression)) throw wrong(path, `has no five fields (or six, with seconds first)`)
  if (nextOrWrong(expression, tz, path, now) === null) throw wrong(path, 'is never due')
}

function nextOrWrong(expression: string, tz: string, path: string, now: Micros): Micros | null {
  try {
    return cronAfter(expression, tz, now)
  } catch (error) {
    throw wrong(path, error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'is not valid')
  }
}

const wrong = (path: string, why: string) =>
  invalidInput(
    `${path}: ${why}; write minute, hour, day, month and weekday, such as "30 2 * * *" for half past two every night`,
    path,
  )
