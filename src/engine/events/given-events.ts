/** Events, and what comes of them, from a program. Without schemas: what reads events alone stays small, also in a browser. */
import {
  type EventType,
  eventTypes,
  invalidInput,
  noEvent,
  type RecordedEvent,
  readingPart,
} from '../core/index.ts'

const types: ReadonlySet<unknown> = new Set(eventTypes)
/** Those that name no job. Said here once more, since the table of events would be half of what a browser loads of this folder. */
const ofQueues: Readonly<
  Record<Exclude<EventType, Extract<RecordedEvent, { jobId: string }>['type']>, true>
> = {
  policy_changed: true,
  model_paused: true,
  model_resumed: true,
  drain_requested: true,
  drained: true,
  resumed: true,
  epoch_changed: true,
  voided: true,
  schedule_set: true,
  schedule_removed: true,
  schedule_paused: true,
  schedule_resumed: true,
  schedule_skipped: true,
  end_propagated: true,
  worker_serves: true,
  worker_gone: true,
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** Whether it has what every event has. */
function isEventLike(value: unknown): value is RecordedEvent {
  if (!isObject(value)) return false
  const { type, seq, at, jobId } = value
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at)) return false
  return types.has(type) && (typeof jobId === 'string' || Object.hasOwn(ofQueues, String(type)))
}

/**
 * Reads an event that a program passed.
 * @param path what messages call it
 * @throws InterlockError `invalid_input` if it is no event of a log, or lacks a part that is read; else what the reading throws
 */
export function readingEvent<T>(event: unknown, path: string, read: (event: RecordedEvent) => T): T {
  if (!isEventLike(event)) throw noEvent(path)
  return readingPart(event, path, read)
}

/** @throws InterlockError `invalid_input`, naming the path */
export function checkEvents(value: unknown, path = 'events'): void {
  if (isObject(value) && Symbol.iterator in value) return
  throw invalidInput(`${path}: must be the events of a log: a list, or what else can be gone through`, path)
}

/** Whose log a statement is about, and when it was read. @throws InterlockError `invalid_input`, naming the path */
export function checkStatementOf(of: unknown): void {
  const { queue, store, release, now } = isObject(of) ? of : ({} as Fields)
  const texts = Object.entries({ queue, store, release })
  const wrong = texts.find(([, value]) => typeof value !== 'string')?.[0]
  if (wrong !== undefined) throw invalidInput(`of.${wrong}: must be a text`, `of.${wrong}`)
  if (Number.isSafeInteger(now) && Number(now) >= 0) return
  throw invalidInput('of.now: must be a time in microseconds since 1970', 'of.now')
}

/** @throws InterlockError `invalid_input`, naming the path */
export function checkStatement(said: unknown): void {
  const given = isObject(said) ? said : ({} as Fields)
  const isWrong = (names: readonly string[], is: (value: unknown) => boolean) =>
    names.find((name) => !is(given[name]))
  const wrong =
    isWrong(['queue', 'store', 'digest'], (value) => typeof value === 'string') ??
    isWrong(['fromSeq', 'toSeq', 'events'], Number.isSafeInteger) ??
    isWrong(
      ['promises', 'violations', 'overlaps', 'models'],
      (list) => Array.isArray(list) && list.every(isObject),
    )
  if (wrong !== undefined)
    throw invalidInput(`said.${wrong}: is not that of a statement, as auditLog gives it`, `said.${wrong}`)
}
