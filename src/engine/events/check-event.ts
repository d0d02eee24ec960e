import { InterlockError, isInterlockError, type RecordedEvent } from '../core/index.ts'
import { decodeEvent } from './decode-event.ts'
import { encodeEvent } from './encode-event.ts'
import { isPlain } from './event-codec.ts'
import { areSoundTexts, isCount, isInt, isSound, isSoundText } from './event-guards.ts'
import { pathText } from './invalid.ts'

/** Where an event does not read back unchanged, and what is wrong there. */
interface Fault {
  /** Such as `event.data.run_at`. */
  readonly path: string
  readonly what: string
}

/**
 * Checks that an event, once written, reads back as the same event from any store. Otherwise it would stop every reader of the
 * log for good. Null: it does.
 */
export function faultOf(event: RecordedEvent): Fault | null {
  return isPlainEvent(event) ? null : faultByReading(event)
}

/**
 * True only for an event that reads back unchanged: a frequent one, with nothing unusual about it. This check costs a twentieth of
 * writing the event and reading it back, which is done for all other events.
 */
const isPlainEvent = (event: RecordedEvent): boolean => isRecorded(event) && isPlain(event)

function isRecorded({ seq, at, commandId, commandHash, workerId, offers }: RecordedEvent): boolean {
  return (
    isCount(seq) &&
    isInt(at) &&
    isSound(commandId) &&
    isInt(commandHash) &&
    (workerId === undefined || isSoundText(workerId)) &&
    (offers === undefined || areSoundTexts(offers))
  )
}

/** Checks an event by writing it and reading it back. Null: it reads back as the same event. */
export function faultByReading(event: RecordedEvent): Fault | null {
  try {
    const row = encodeEvent(event)
    const unsound = unsoundText(row, [])
    if (unsound !== null)
      return { path: pathText('event', unsound), what: 'has a NUL or half of a character' }
    const differs = difference(event, decodeEvent(row), [])
    return differs === null
      ? null
      : { path: pathText('event', differs), what: 'reads back as something else' }
  } catch (error) {
    // A part of the wrong kind cannot even be written.
    if (error instanceof TypeError) return { path: 'event', what: `cannot be written (${error.message})` }
    if (!isInterlockError(error)) throw error
    const path = 'path' in error.details ? error.details.path : undefined
    return { path: path ?? 'event', what: 'cannot be read back' }
  }
}

/** An event that must not be written, and the command that led to it. */
interface FaultyEvent {
  readonly commandId: string
  readonly error: InterlockError
}

/** The first of these events that does not read back unchanged; null: all do. */
export function faultyIn(events: Iterable<RecordedEvent>): FaultyEvent | null {
  for (const event of events) {
    const fault = faultOf(event)
    if (fault !== null) return { commandId: event.commandId, error: refusal(event, fault) }
  }
  return null
}

function refusal(event: RecordedEvent, { path, what }: Fault): InterlockError {
  const job = 'jobId' in event ? ` of job ${JSON.stringify(String(event.jobId).slice(0, 60))}` : ''
  return new InterlockError(
    'invalid_input',
    `${path}: the event \`${event.type}\`${job} ${what} there; nothing of its command was written; correct the input of the command`,
    { path, type: event.type },
  )
}

type Path = readonly PropertyKey[]

function unsoundText(value: unknown, path: Path): Path | null {
  if (typeof value === 'string') return isSound(value) ? null : path
  if (typeof value !== 'object' || value === null) return null
  for (const key of Object.keys(value)) {
    const at = [...path, key]
    const found = isSound(key) ? unsoundText((value as Readonly<Record<string, unknown>>)[key], at) : path
    if (found !== null) return found
  }
  return null
}

/** Where two values differ. A field that is undefined counts as missing. */
function difference(a: unknown, b: unknown, path: Path): Path | null {
  if (a === b) return null
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path
  if (Array.isArray(a) !== Array.isArray(b)) return path
  const [left, right] = [a, b] as readonly Readonly<Record<string, unknown>>[]
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(left?.[key], right?.[key], [...path, key])
    if (found !== null) return found
  }
  return null
}
