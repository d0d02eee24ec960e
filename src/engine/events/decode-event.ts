import { type Event, type EventType, eventTypes, InterlockError, type RecordedEvent } from '../core/index.ts'
import { type CheckedRow, eventOf, faultIn } from './event-codec.ts'
import { demands, isCount, isInt, isRecord, isText } from './event-guards.ts'
import { pathText } from './invalid.ts'
import { policySchema } from './policy.ts'
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
  const fault = faultOf(current)
  if (fault !== null) throw refusal(row, fault)
  return recordedEvent(current as CheckedRow)
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

interface Fault {
  readonly path: readonly PropertyKey[]
  readonly what: string
}

function refusal(row: unknown, fault: Fault): InterlockError {
  const { seq, event_type: type } = (row ?? {}) as Record<string, unknown>
  const where = `event ${String(seq)} of the log`
  if (typeof type === 'string' && !knownTypes.has(type)) {
    return new InterlockError(
      'unknown_event',
      `${where} is of the type ${JSON.stringify(type.slice(0, 40))}, which this release does not know; upgrade interlock-queue`,
      { seq: Number(seq), type },
    )
  }
  const path = pathText('event', fault.path)
  return new InterlockError(
    'corrupt_log',
    `${where} is damaged at ${path}: ${fault.what}; run \`npx interlock-queue verify\` to see how far the log is sound`,
    { seq: Number(seq), path },
  )
}

/** One object with a fixed order of keys keeps a replay of millions fast. */
function recordedEvent(row: CheckedRow): RecordedEvent {
  const event = (
    row.event_type === 'policy_changed' ? policyChanged(row as CheckedRow<'policy_changed'>) : eventOf(row)
  ) as Event & {
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

/** The fields of a policy are checked as those that a program gives. What an earlier release left out gets its usual value. */
function policyChanged(row: CheckedRow<'policy_changed'>): Event {
  const { data: policy, error } = policySchema.safeParse(row.data.policy)
  const issue = error?.issues[0]
  if (policy !== undefined) return Object.assign(eventOf(row), { policy })
  throw refusal(row, {
    path: ['data', 'policy', ...(issue?.path ?? [])],
    what: issue?.message ?? demands.policy,
  })
}

function ownOffer(row: CheckedRow, event: Event): readonly string[] {
  if ('jobId' in event) return [event.jobId]
  throw refusal(row, { path: ['data', 'offers'], what: 'offers its own job, but has none' })
}

type Row = Readonly<Record<string, unknown>>

/** Where a row is none of the current shape; null: it is one. */
function faultOf(row: unknown): Fault | null {
  if (!isRecord(row)) return { path: [], what: 'is no row of a log' }
  const common = commonFault(row)
  if (common !== undefined) return { path: [common[0]], what: common[1] }
  const fault = faultIn(row)
  if (fault === null) return null
  const { path, is } = fault
  return {
    path: [...path, ...textIn(row, path)],
    what: is === null ? 'is nothing that it may have' : demands[is],
  }
}

/** In a list of texts, the number of the one that is none. */
function textIn(row: Row, path: readonly string[]): readonly number[] {
  const value = path.reduce<unknown>((inside, key) => (isRecord(inside) ? inside[key] : undefined), row)
  const at = Array.isArray(value) ? value.findIndex((text) => !isText(text)) : -1
  return at === -1 ? [] : [at]
}

/** The first column that every row has, and is wrong here. */
function commonFault(row: Row): readonly [column: string, what: string] | undefined {
  const { seq, at, command_id: commandId, command_hash: commandHash, worker_id: workerId } = row
  if (!isCount(seq)) return ['seq', demands.count]
  if (!isInt(at)) return ['at', demands.int]
  if (typeof commandId !== 'string') return ['command_id', demands.text]
  if (!isInt(commandHash)) return ['command_hash', demands.int]
  const isWorker = workerId === null || workerId === undefined || isText(workerId)
  return isWorker ? undefined : ['worker_id', demands.text]
}
