import { MICROS_PER_MS, type Micros } from '../core/index.ts'

/** A length of time for people: three digits that matter, never more. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '—'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${pad(Math.floor(ms / 1_000) % 60)} s`
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
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
export const plural = (number: number, noun: string): string =>
  `${count(number)} ${noun}${number === 1 ? '' : 's'}`

/** ISO 8601 in UTC with the microseconds that order events. */
export function isoTime(at: Micros): string {
  const iso = new Date(Math.floor(at / MICROS_PER_MS)).toISOString()
  return iso.replace('Z', `${String(at % MICROS_PER_MS).padStart(3, '0')}Z`)
}

/** `2026-11-24 14:03:07 UTC` of an ISO time, for people who look at hours and days. */
export const toSecond = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`

/** Time of day on the reader's clock. */
export function clockTime(at: Micros): string {
  const date = new Date(at / MICROS_PER_MS)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** Cuts at the width; a cut text shows it. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

export const models = (names: readonly string[]): string => names.join(', ') || '—'
