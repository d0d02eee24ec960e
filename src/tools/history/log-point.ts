import { invalidInput, type Micros } from '../../engine/core/index.ts'
import { parseInstant } from '../../engine/events/index.ts'
import { isoTime } from '../format/index.ts'
import type { Opened } from './access.ts'

/** A time with its precision, in microseconds since 1970: from `from` up to, but without, `to`. A moment has `to` = `from`. */
export interface TimeSpan {
  readonly from: Micros
  readonly to: Micros
}

/**
 * A point of a log: the number of an event (0: before all of them), or a time: a Date, an ISO text with a zone (to the
 * microsecond), or a {@link TimeSpan}.
 */
export type Point = number | Date | string | TimeSpan

/** A point in the log, and the time there. */
export interface LogPoint {
  /** The last event before the place. A range begins or ends after this one. */
  readonly seq: number
  readonly at: Micros
}

/**
 * Refuses a range that ends before it begins: it would look like a log without events. A number and a time are not compared.
 * @throws InterlockError `invalid_input`
 */
export function checkOrder(since: Point | undefined, until: Point | undefined): void {
  if (since === undefined || until === undefined) return
  if (typeof since === 'number' && typeof until === 'number') {
    if (until < since) throw backwards(`${until}`, `${since}`)
  } else if (typeof since !== 'number' && typeof until !== 'number') {
    const [begin, end] = [spanOf('since', since).from, spanOf('until', until).to]
    if (end < begin) throw backwards(isoTime(end), isoTime(begin))
  }
}

const backwards = (until: string, since: string) =>
  invalidInput(
    `until ${until} is before since ${since}; swap them, or write the day, since a time of day is the last one that has passed`,
    'until',
  )

/**
 * Where to begin so that the range starts with the point: the event of that number, or the first one of that time.
 * @param path what error messages call the point
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function beginningAt(access: Opened, path: string, point: Point): Promise<LogPoint> {
  const seq = await seqOf(access, path, point)
  if (seq !== null) return placeOf(access, seq, -1)
  const { from } = spanOf(path, point)
  return { seq: await seqBefore(access, from), at: from }
}

/**
 * Where to end so that the range ends with the point: the event of that number, or the last one of that time.
 * @returns `asked`: the time that was asked for; null: it was a number
 * @throws InterlockError `invalid_input` for a number that the log has not reached
 */
export async function endingAt(
  access: Opened,
  path: string,
  point: Point,
): Promise<LogPoint & { readonly asked: Micros | null }> {
  const seq = await seqOf(access, path, point)
  if (seq !== null) return { ...(await placeOf(access, seq, 0)), asked: null }
  const { now } = await access.store.rows(access.queue, 0, 1)
  const { from, to } = spanOf(path, point)
  return { seq: await seqBefore(access, Math.max(to, from + 1)), at: to, asked: Math.min(from, now) }
}

/** The last event to archive: the one of that number, or the last one before that time. @throws as the others */
export async function cutAt(access: Opened, path: string, point: Point): Promise<number> {
  const before = typeof point === 'number' ? endingAt : beginningAt
  return (await before(access, path, point)).seq
}

async function seqOf({ store, queue }: Opened, path: string, point: Point): Promise<number | null> {
  if (typeof point !== 'number') return null
  const { version } = await store.rows(queue, 0, 1)
  if (Number.isInteger(point) && point >= 0 && point <= version) return point
  throw invalidInput(
    `${path} ${point}: the log of queue ${queue} ends at ${version}; give a whole number up to that, or a time`,
    path,
  )
}

function spanOf(path: string, point: Point): TimeSpan {
  if (typeof point === 'object' && point !== null && 'from' in point) {
    const { from, to } = point
    if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from <= to) return point
  }
  const at = parseInstant(path, point)
  return { from: at, to: at }
}

/** The number of the last event before a time. Times rise with the numbers, so halving finds it in 20 reads. */
async function seqBefore({ store, queue }: Opened, time: Micros): Promise<number> {
  const { version, archivedSeq, rows } = await store.rows(queue, 0, 1)
  // The times of archived events are unknown, but they are before any time that is asked for.
  let low = rows.length === 0 ? archivedSeq : 0
  let high = version
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const [event] = (await store.read(queue, middle - 1, 1)).events
    if (event !== undefined && event.at < time) low = middle
    else high = middle - 1
  }
  return low
}

/** The place before or after an event, with that event's time; 0: before all of them. */
async function placeOf({ store, queue }: Opened, seq: number, by: 0 | -1): Promise<LogPoint> {
  const [event] = seq === 0 ? [] : (await store.read(queue, seq - 1, 1)).events
  return { seq: Math.max(0, seq + by), at: event?.at ?? 0 }
}
