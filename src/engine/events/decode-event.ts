import { type Event, type EventType, eventTypes, InterlockError, type RecordedEvent } from '../core/index.ts'
import { type CheckedRow, eventOf, hasPlainFields } from './event-codec.ts'
import { isCount, isInt, isText } from './event-guards.ts'
import { eventRowSchema } from './event-schema.ts'
import { pathText } from './invalid.ts'
import { upcast } from './upcast.ts'
import { asRead, parseVoids } from './voided-events.ts'

const knownTypes: ReadonlySet<string> = new Set<EventType>(eventTypes)

/**
 * The event in a row of the log, written by any release.
 *
 * @throws InterlockError `unknown_event` if this release does not know the type or the shape, `corrupt_log` if the row cannot be
 * an
 * event; both name the sequence number
 */
export function decodeEvent(row: unknown): RecordedEvent {
  const current = upcast(row)
  if (isPlainRow(current)) return recordedEvent(current)
  const result = eventRowSchema().safeParse(current)
  if (result.success) return recordedEvent(result.data as unknown as CheckedRow)
  throw refusal(row, result.error.issues[0])
}

/**
 * The events of a page, in order.
 * @param voids as they come with the page
 * @throws InterlockError as {@link decodeEvent}
 */
export function decodeEvents(rows: unknown, voids?: unknown): readonly RecordedEvent[] {
  const known = parseVoids(voids)
  if (Array.isArray(rows)) return rows.map((row) => decodeEvent(asRead(row, known)))
  throw new InterlockError(
    'corrupt_log',
    'the database returned no list of events; run `npx interlock-queue migrate` to bring its functions to this release',
  )
}

function refusal(row: unknown, issue: { path: PropertyKey[]; message: string } | undefined): InterlockError {
  const { seq, event_type: type } = (row ?? {}) as Record<string, unknown>
  const where = `event ${String(seq)} of the log`
  if (typeof type === 'string' && !knownTypes.has(type)) {
    return new InterlockError(
      'unknown_event',
      `${where} is of the type ${JSON.stringify(type.slice(0, 40))}, which this release does not know; upgrade interlock-queue`,
      { seq: Number(seq), type },
    )
  }
  const path = pathText('event', issue?.path ?? [])
  return new InterlockError(
    'corrupt_log',
    `${where} is damaged at ${path}: ${issue?.message ?? 'not an event'}; run \`npx interlock-queue verify\` to see how far the log is sound`,
    { seq: Number(seq), path },
  )
}

/** One object with a fixed order of keys keeps a replay of millions fast. */
function recordedEvent(row: CheckedRow): RecordedEvent {
  const event = eventOf(row) as Event & {
    seq: number
    at: number
    commandId: string
    commandHash: number
    workerId?: string
    offers?: readonly string[]
  }
  event.seq = row.seq
  event.at = row.at
  event.commandId = row.command_id
  event.commandHash = row.command_hash
  if (typeof row.worker_id === 'string') event.workerId = row.worker_id
  const offers = row.data?.offers
  if (offers !== undefined) event.offers = offers === true ? ownOffer(row, event) : offers
  return event
}

function ownOffer(row: CheckedRow, event: Event): readonly string[] {
  if ('jobId' in event) return [event.jobId]
  throw refusal(row, { path: ['data', 'offers'], message: 'offers its own job, but has none' })
}

type Row = Readonly<Record<string, unknown>>

/**
 * True only for a row that the schema accepts unchanged, with nothing unusual about it. It takes a tenth of the schema's time. The
 * schema judges all other rows.
 */
export function isPlainRow(row: unknown): row is CheckedRow {
  if (typeof row !== 'object' || row === null) return false
  return isRecorded(row as Row) && hasPlainFields(row as Row)
}

function isRecorded(row: Row): boolean {
  const { worker_id: workerId } = row
  return (
    isCount(row['seq']) &&
    isInt(row['at']) &&
    typeof row['command_id'] === 'string' &&
    isInt(row['command_hash']) &&
    (workerId === null || workerId === undefined || isText(workerId))
  )
}
