import { InterlockError, type Micros } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { type Moment, momentOf, timesThere } from './moment.ts'

/** A place in the log, and the time there. */
export interface Place {
  /** The last event before it; what is asked for begins or ends after this one. */
  readonly seq: number
  readonly at: Micros
}

/** Refuses what is neither a sequence number nor a time, before anything is opened. @throws InterlockError `invalid_input` */
export function checkMoment(flag: string, text: string | undefined): void {
  if (text !== undefined && !isSeq(text)) momentIn(flag, text, 0)
}

/**
 * Where to begin, so that what a flag names is the first thing that is seen: the event of that number, or the first one
 * of that time.
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function beginningAt(
  store: LogStore,
  queue: string,
  flag: string,
  text: string,
): Promise<Place> {
  const { version, now } = await store.read(queue, 0, 1)
  if (isSeq(text)) return placeOf(store, queue, checkedSeq(queue, flag, text, version), -1)
  const { from } = momentIn(flag, text, now)
  return { seq: await seqBefore(store, queue, from), at: from }
}

/**
 * Where to end, so that what a flag names is the last thing that is seen: the event of that number, or the last one of that time,
 * which is as long as it is exact.
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function endingAt(
  store: LogStore,
  queue: string,
  flag: string,
  text: string,
): Promise<Place & { readonly asked: Micros | null }> {
  const { version, now } = await store.read(queue, 0, 1)
  if (isSeq(text)) {
    const place = await placeOf(store, queue, checkedSeq(queue, flag, text, version), 0)
    return { ...place, asked: null }
  }
  const { from, to } = momentIn(flag, text, now)
  return { seq: await seqBefore(store, queue, Math.max(to, from + 1)), at: to, asked: Math.min(from, now) }
}

/**
 * The last event to take out of the log: the one of that number, or the last one before that time.
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function cutAt(store: LogStore, queue: string, flag: string, text: string): Promise<number> {
  const before = isSeq(text) ? endingAt : beginningAt
  return (await before(store, queue, flag, text)).seq
}

/** The sequence number of the last event before a time. Times rise with the numbers, so halving finds it in 20 reads. */
async function seqBefore(store: LogStore, queue: string, time: Micros): Promise<number> {
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

/** The place before or after an event, with the time of that one; 0: before all of them. */
async function placeOf(store: LogStore, queue: string, seq: number, by: 0 | -1): Promise<Place> {
  const [event] = seq === 0 ? [] : (await store.read(queue, seq - 1, 1)).events
  return { seq: Math.max(0, seq + by), at: event?.at ?? 0 }
}

function checkedSeq(queue: string, flag: string, text: string, version: number): number {
  const seq = Number(text)
  if (seq <= version) return seq
  throw new InterlockError(
    'invalid_input',
    `${flag} ${text}: the log of queue ${queue} ends at ${version}; give a number up to that, or a time`,
  )
}

function momentIn(flag: string, text: string, now: Micros): Moment {
  return momentOf(flag, text, now, `a number of the log, or ${timesThere}`)
}

const isSeq = (text: string): boolean => /^\d{1,16}$/.test(text)
