/**
 * Lengths of time, sizes, counts and events in words, the same for every face: `duration(90_000)` is `1 min 30 s`. Pure, and small
 * enough for the page of the dashboard.
 * @module
 */
import { MICROS_PER_MS, type Micros, type StartsIn } from '../../engine/core/index.ts'

/** A length of time for people, in its two largest units. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '—'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${pad(Math.floor(ms / 1_000) % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${pad(minutes % 60)} min`
  return `${count(Math.floor(hours / 24))} d ${pad(hours % 24)} h`
}

/** When a job starts: `in about 3 min 20 s, in 8 of 10 cases between 2 min 05 s and 5 min 10 s`. */
export function startText(starts: StartsIn): string {
  const { startsInSeconds, startsFromSeconds, startsToSeconds, startsReason } = starts
  if (startsInSeconds === null) return `nobody can say: ${startsReason ?? 'too little is known'}`
  const about =
    startsInSeconds === 0
      ? 'at once, as far as the rules decide'
      : `in about ${duration(startsInSeconds * 1_000)}`
  if (startsFromSeconds === null || !startsToSeconds) return about
  const [from, to] = [startsFromSeconds, startsToSeconds].map((seconds) => duration(seconds * 1_000))
  return `${about}, in 8 of 10 cases between ${from} and ${to}`
}

const pad = (number: number): string => String(number).padStart(2, '0')

export const count = (number: number): string => number.toLocaleString('en')

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

/** `1.2 MB`: powers of 1,000, as disks are sold. */
export function bytes(number: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, number)) / 3)))
  const value = number / 1_000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

/** `1 job`, `2 jobs`. */
export const plural = (number: number, noun: string, many = `${noun}s`): string =>
  `${count(number)} ${number === 1 ? noun : many}`

/** The verb for a number: `agree(1, 'is', 'are')`. */
export const agree = (number: number, one: string, many: string): string => (number === 1 ? one : many)

/** A time for programs: ISO 8601 in UTC with the microseconds that order events. */
export function isoTime(at: Micros): string {
  const iso = new Date(Math.floor(at / MICROS_PER_MS)).toISOString()
  return iso.replace('Z', `${String(at % MICROS_PER_MS).padStart(3, '0')}Z`)
}

/** A time for programs, or null. */
export const isoTimeOrNull = (at: Micros | null): string | null => (at === null ? null : isoTime(at))

/**
 * A time for people: in their time zone, with the date unless it is today. Every flag for a time accepts it in this form, and
 * then means the whole millisecond.
 */
export function timeText(at: Micros, nowMs = Date.now()): string {
  const date = new Date(at / MICROS_PER_MS)
  const time = `${clockOf(date)}.${String(date.getMilliseconds()).padStart(3, '0')}${zoneOf(date)}`
  return dayOf(date) === dayOf(new Date(nowMs)) ? time : `${dayOf(date)}T${time}`
}

/** From when to when, from two ISO times. */
export const spanText = (from: string, to: string): string =>
  [from, to].map((iso) => timeText(Date.parse(iso) * MICROS_PER_MS)).join(' to ')

/** `2026-11-24 14:03:07+01:00` from an ISO time, for what is kept and read on another day: with the date, to the second. */
export function toSecond(iso: string): string {
  const date = new Date(iso)
  return `${dayOf(date)} ${clockOf(date)}${zoneOf(date)}`
}

const dayOf = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join('-')

const clockOf = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')

/** How far the reader's clock was ahead of UTC then. */
function zoneOf(date: Date): string {
  const ahead = -date.getTimezoneOffset()
  if (ahead === 0) return 'Z'
  const minutes = Math.abs(ahead)
  return `${ahead < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

/** Cuts a text at the width, and shows that it is cut. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

export const models = (names: readonly string[]): string => names.join(', ') || '—'

/** Messages say what happened and end with the remedy, which follows the last semicolon or begins with an imperative. */
export function splitMessage(message: string): { readonly what: string; readonly todo?: string } {
  const semicolon = message.lastIndexOf('; ')
  if (semicolon > 0) return { what: message.slice(0, semicolon), todo: message.slice(semicolon + 2) }
  const colon = /: (?=(run|upgrade|use|close|start|migrate|install|give|check) )/.exec(message)
  if (colon === null) return { what: message }
  return { what: message.slice(0, colon.index), todo: message.slice(colon.index + 2) }
}
