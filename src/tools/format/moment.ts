import { invalidInput, MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../engine/core/index.ts'

export const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/**
 * A time as it was typed, with its precision: `14:03:07` lasts to 14:03:08, `14:03:07.615` a millisecond. Without seconds, or as
 * a time ago, it is a moment without length.
 */
export interface TypedMoment {
  readonly from: Micros
  /** The end, not included; `from` if it has no length. */
  readonly to: Micros
}

/**
 * `10m` before now, a day, a time of day (the last one), or both; with a zone or on the reader's clock.
 * @param flag for the message, with what it can be
 * @throws InterlockError `invalid_input`
 */
export function momentOf(flag: string, text: string, now: Micros, canBe: string = timesThere): TypedMoment {
  const at = agoOf(text, now) ?? writtenOf(text, now)
  if (at !== undefined) return at
  throw invalidInput(`${flag} ${text}: must be ${canBe}`)
}

/** What can be typed for a time. */
export const timesThere =
  'a time such as 10m (s, m, h, d, w), 14:03:07 on your clock, or 2026-11-24T15:00:00Z'

function agoOf(text: string, now: Micros): TypedMoment | undefined {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(text) ?? []
  if (number === undefined) return undefined
  const at = now - Number(number) * unitMs[unit as keyof typeof unitMs] * MICROS_PER_MS
  return { from: at, to: at }
}

const written =
  /^(?:(?<date>\d{4}-\d\d-\d\d)(?:[T ](?=\d)|$))?(?:(?<time>(?:[01]\d|2[0-3]):[0-5]\d)(?::(?<second>[0-5]\d)(?:\.(?<part>\d{1,6}))?)? ?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/

function writtenOf(text: string, now: Micros): TypedMoment | undefined {
  const groups = text === '' ? undefined : written.exec(text)?.groups
  if (groups === undefined) return undefined
  const { date, time = '00:00', second, part, zone = '' } = groups
  const clock = `${time}:${second ?? '00'}${zone}`
  const ms = date === undefined ? lastThatLate(clock, zone, now / MICROS_PER_MS) : dayTime(date, clock)
  if (Number.isNaN(ms)) return undefined
  const from = ms * MICROS_PER_MS + Number((part ?? '').padEnd(6, '0'))
  return { from, to: from + (second === undefined ? 0 : MICROS_PER_SECOND / 10 ** (part?.length ?? 0)) }
}

/** NaN for a day that does not exist. */
function dayTime(date: string, clock: string): number {
  const day = Date.parse(`${date}T00:00:00Z`)
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date)
  return isDay ? Date.parse(`${date}T${clock}`) : Number.NaN
}

/** In milliseconds. In any zone the day is one of these. */
function lastThatLate(clock: string, zone: string, nowMs: number): number {
  const days = [1, 0, -1, -2].map((days) => dayTime(dateOf(nowMs + days * unitMs.d, zone), clock))
  return days.find((at) => at <= nowMs) ?? Number.NaN
}

/** The date at that time, in the zone of the reader (this process's) or, nearly enough, anywhere else. */
function dateOf(ms: number, zone: string): string {
  const date = new Date(ms)
  if (zone !== '') return date.toISOString().slice(0, 10)
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  return parts.map((part) => String(part).padStart(2, '0')).join('-')
}
