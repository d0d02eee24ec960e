import { InterlockError, MICROS_PER_MS } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const DAY_MS = unitMs.d

/**
 * A time in the past, in microseconds: `10m` before now, a time with its zone, or a time of day on the reader's clock,
 * as `log` prints it: the last time that it was that late.
 * @throws InterlockError `invalid_input`, naming the flag
 */
export function sinceTime(text: string, now: number, flag = '--since'): number {
  const ago = /^(\d+)([smhd])$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs] * MICROS_PER_MS
  const at = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : timeOfDay(text, now / MICROS_PER_MS)
  if (!Number.isNaN(at)) return at * MICROS_PER_MS
  throw new InterlockError(
    'invalid_input',
    `${flag} ${text}: must be such as 10m (s, m, h, d), 14:03:07 or 2026-11-24T15:00:00Z`,
  )
}

function timeOfDay(text: string, nowMs: number): number {
  if (!/^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(text)) return Number.NaN
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number)
  if (hours > 23 || minutes > 59 || seconds >= 60) return Number.NaN
  const at = new Date(nowMs)
  at.setHours(hours, minutes, Math.floor(seconds), Math.round((seconds % 1) * 1_000))
  return at.getTime() > nowMs ? at.getTime() - DAY_MS : at.getTime()
}

/** The sequence number of the last event before a time. Times rise with the numbers, so halving finds it in 20 reads. */
export async function seqBefore(store: LogStore, queue: string, time: number): Promise<number> {
  const { version, archivedSeq, events } = await store.read(queue, 0, 1)
  // Of events that are gone nobody knows the time: they are before any that is asked for.
  let low = events.length === 0 ? archivedSeq : 0
  let high = version
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const [event] = (await store.read(queue, middle - 1, 1)).events
    if (event !== undefined && event.at < time) low = middle
    else high = middle - 1
  }
  return low
}

/** Refuses what is neither a sequence number nor a time, before anything is opened. @throws InterlockError `invalid_input` */
export function checkMoment(flag: string, text: string | undefined): void {
  if (text !== undefined && !isSeq(text)) sinceTime(text, 0, flag)
}

/**
 * The sequence number that a flag names: itself, or that of the last event until the time it gives.
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function momentSeq(store: LogStore, queue: string, flag: string, text: string): Promise<number> {
  const { version, now } = await store.read(queue, 0, 1)
  if (!isSeq(text)) return seqBefore(store, queue, sinceTime(text, now, flag) + 1)
  const seq = Number(text)
  if (seq <= version) return seq
  throw new InterlockError(
    'invalid_input',
    `${flag} ${text}: the log of queue ${queue} ends at ${version}; give a number up to that, or a time`,
  )
}

const isSeq = (text: string): boolean => /^\d{1,16}$/.test(text)
