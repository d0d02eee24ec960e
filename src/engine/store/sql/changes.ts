import {
  type DataChange,
  isOfRow,
  type JobRow,
  type ProjectionChanges,
  type RecordedEvent,
} from '../../core/index.ts'
import { type encodeEvent, SCHEMA_VERSION } from '../../events/index.ts'
import type { AppendRequest, WorkerBeat } from '../index.ts'

/** An event after which the whole row is written, or an entry. */
type Renewing = RecordedEvent & { readonly type: 'queued' | 'requeued' | 'model_released' }

/**
 * The changes, in the form that `job_queue_append` takes. The database parses every byte while the queue is locked, and the rows
 * of known jobs would be most of an append. So it gets only the columns of those that can change, and none that are null.
 *
 * `also`: jobs whose row changes without an event of their own. The outer projection needs them.
 */
export function changesOf({ events, expectedAt, wanted, ofArrivals, beat, changes }: AppendRequest) {
  const { state, gone, staged } = changes
  const voidedFrom = firstVoided(events)
  return {
    state: present(state),
    ...rowsOf(events, changes),
    gone,
    ...(ofArrivals === true ? { of_arrivals: true, ...doublesOf(events) } : undefined),
    ...(expectedAt === undefined ? undefined : { expected_at: expectedAt }),
    ...(wanted === undefined ? undefined : { wanted }),
    ...(beat === undefined ? undefined : { beat: beatOf(beat) }),
    ...(events.some(isOnce) ? { once: true } : undefined),
    ...submissionsOf(events),
    ...(voidedFrom === undefined ? undefined : { voided_from: voidedFrom }),
    ...(staged === undefined
      ? undefined
      : { staged: staged.map(({ commandId, jobId, as }) => ({ command_id: commandId, job_id: jobId, as })) }),
  }
}

type EncodedEvent = ReturnType<typeof encodeEvent>

/** From so many events on they are sent short, unless the database needs whole ones: it tells others of a few. */
export const MANY = 25
/** What the jobs of one call mostly have alike, and what makes most of the length of an event. */
const sharable = ['event_type', 'job_type', 'models', 'worker_id', 'command_id', 'command_hash'] as const

/**
 * Many events in the form that `job_queue_append` takes: what all of them have alike is said once, and their numbers and times follow.
 * Undefined: one of them does not come a microsecond after the one before.
 */
export function shortOf(
  rows: readonly EncodedEvent[],
): { readonly events: readonly Partial<EncodedEvent>[]; readonly alike: Partial<EncodedEvent> } | undefined {
  const [first] = rows
  if (first === undefined || !followEachOther(rows, first)) return undefined
  const alike = sharable.filter((column) => rows.every((row) => isAlike(row[column], first[column])))
  const said = new Set<string>(['seq', 'at', ...alike])
  return {
    events: rows.map((row) => present(row, said)),
    alike: Object.fromEntries([['at', first.at], ...alike.map((column) => [column, first[column]])]),
  }
}

const followEachOther = (rows: readonly EncodedEvent[], { seq, at }: EncodedEvent): boolean =>
  rows.every((row, i) => row.seq === seq + i && row.at === at + i)

function isAlike(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b && a !== undefined
  return a.length === b.length && a.every((item, i) => item === b[i])
}

/** The rows of the jobs, each in its shortest form, and the data that does not go with one of them. */
function rowsOf(events: readonly RecordedEvent[], { jobs, data = [] }: ProjectionChanges) {
  const { named, queued, placed } = jobsIn(events)
  const kept = new Map(queued.size === 0 ? [] : data.map((change) => [change.jobId, change]))
  const also: string[] = []
  const entered: Entered[] = []
  const whole: object[] = []
  const changed: object[] = []
  for (const row of jobs) {
    const { job_id: jobId } = row
    if (!named.has(jobId)) also.push(jobId)
    const event = queued.get(jobId)
    const entry = event && enteredBy(event, row, kept.get(jobId))
    if (event === undefined) changed.push(present(row, placed.has(jobId) ? lasting : settled))
    else if (entry === undefined) whole.push({ ...present(row), ...lifeIn(event) })
    else {
      entered[event.seq - (events[0]?.seq ?? 0)] = entry
      kept.delete(jobId)
    }
  }
  const besides = entered.length === 0 ? data : data.filter(({ jobId }) => kept.has(jobId))
  return {
    jobs: whole,
    changed,
    ...(also.length === 0 ? undefined : { also }),
    // Each entry is at the place of its event.
    ...(entered.length === 0 ? undefined : { entered: Array.from(entered, (entry) => entry ?? {}) }),
    ...(besides.length === 0 ? undefined : { data: itemsOf(besides) }),
  }
}

/** A heartbeat, in the words of `job_queue_beat`: the release says too which shapes of events it reads. */
export const beatOf = ({ workerId, kinds, freeSlots, release, ttlMs, graceMs }: WorkerBeat) => ({
  worker_id: workerId,
  kinds,
  free_slots: freeSlots,
  release: `${release}+reads.${SCHEMA_VERSION}`,
  ttl_ms: ttlMs,
  grace_ms: graceMs,
})

/** Data, in the form that `job_queue_put_data` takes. */
export const itemsOf = (data: readonly DataChange[]) =>
  data.map(({ jobId, ...set }) => ({ job_id: jobId, ...set }))

/** Its job is to be remembered: `job_queue_put_once`. */
const isOnce = (event: RecordedEvent): boolean =>
  (event.type === 'queued' ? event.spec : event.type === 'deduplicated' ? event : undefined)?.once !==
  undefined

/** The submitted jobs that these events put in line: the append deletes their rows. */
function submissionsOf(
  events: readonly RecordedEvent[],
): { readonly submissions: readonly number[] } | undefined {
  if (!events.some(isSubmitted)) return undefined
  return { submissions: events.flatMap((event) => (isSubmitted(event) ? (event.submission ?? []) : [])) }
}

const isSubmitted = (event: RecordedEvent): event is RecordedEvent & { readonly submission?: number } =>
  (event.type === 'queued' || event.type === 'deduplicated') && event.submission !== undefined

/** The rows for which others stand: each follows the other one's job (`job_queue_doubles`). */
function doublesOf(
  events: readonly RecordedEvent[],
): { readonly doubles: Readonly<Record<string, string>> } | undefined {
  const doubles = events.flatMap((event) =>
    event.type === 'deduplicated' && isOfRow(event) ? [[event.jobId, event.standsFor] as const] : [],
  )
  return doubles.length === 0 ? undefined : { doubles: Object.fromEntries(doubles) }
}

/** The first event that becomes void: what was folded from there on belongs to another log. */
function firstVoided(events: readonly RecordedEvent[]): number | undefined {
  const numbers = events.flatMap((event) => (event.type === 'voided' ? [event.of] : []))
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}

/**
 * The jobs that an event names: those whose whole row may have changed, each with the event that changed it, and those that got
 * another place.
 */
function jobsIn(events: readonly RecordedEvent[]) {
  const named = new Set<string>()
  const queued = new Map<string, Renewing>()
  const placed = new Set<string>()
  for (const event of events) {
    if (!('jobId' in event)) continue
    named.add(event.jobId)
    if (event.type === 'queued') queued.set(event.jobId, event)
    else if (changesSpec(event)) queued.set(event.jobId, queued.get(event.jobId) ?? event)
    else if (event.type === 'reprioritized' || event.type === 'released') placed.add(event.jobId)
  }
  return { named, queued, placed }
}

/** The life that begins with this event, if there is one. */
const lifeIn = (event: Renewing) => (event.type === 'queued' ? { life: lifeOf(event) } : undefined)

/** True if the event changes a column that otherwise stays as long as a job lives: its models. */
function changesSpec(event: RecordedEvent): event is Renewing {
  return (event.type === 'requeued' && event.models !== undefined) || event.type === 'model_released'
}

type RowColumns = readonly (keyof JobRow)[]
const specColumns: RowColumns = [
  ...(['job_type', 'kind', 'models', 'whole', 'asks', 'attempts', 'timeout_ms', 'queued_at'] as const),
]
const positionColumns: RowColumns = ['priority', 'place_level', 'place_order', 'place_tie']

/** Columns that stay as long as a job lives. */
const lasting: ReadonlySet<string> = new Set(specColumns)
/** Columns that stay while a job keeps its position. */
const settled: ReadonlySet<string> = new Set([...specColumns, ...positionColumns])

/** Leaving a column out means null or false, or that nothing was postponed. */
export function present(row: object, without?: ReadonlySet<string>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const key in row) {
    const value = row[key as keyof typeof row] as unknown
    if (value === null || value === false || (value === 0 && key === 'postponed')) continue
    if (without?.has(key) !== true) kept[key] = value
  }
  return kept
}

type QueuedEvent = RecordedEvent & { readonly type: 'queued' }

/** What the row of a job that enters the line holds beyond its event; `{}` for an event of another kind. */
type Entered = Readonly<Record<string, unknown>>

/** What `job_queue_append` writes for a field that an entry leaves out. It never changes, even if the defaults of jobs do. */
const assumed = { priority: 0, place_level: 0, attempts: 3, timeout_ms: 3_600_000 } as const
/** Columns that a row contains only if they are not null. */
const whyWaiting = ['due_at', 'expires_at', 'blocked_by_job_id', 'blocked_on', 'conflict_reason'] as const

/**
 * The row of a job that enters the line with this event, without what the event says already. Undefined if the row has more than
 * an entry can hold, for example because the job was started at once.
 *
 * @param data the data to keep of the job, all of which has to fit into the entry
 */
function enteredBy(event: RecordedEvent, row: JobRow, data: DataChange | undefined): Entered | undefined {
  if (event.type !== 'queued') return undefined
  if (row.state !== 'waiting' || row.attempt + row.postponed !== 0 || row.cancel_requested || !isPlain(data))
    return undefined
  if (row.queued_at !== event.at || row.models !== event.spec.models) return undefined
  if (row.whole !== null || row.asks !== null) return undefined
  const entry: Record<string, unknown> = { life: lifeOf(event) }
  if (row.kind !== row.job_type) entry['kind'] = row.kind
  if (row.place_order !== event.at) entry['place_order'] = row.place_order
  if (row.place_tie !== event.seq) entry['place_tie'] = row.place_tie
  for (const key in assumed) {
    const column = key as keyof typeof assumed
    if (row[column] !== assumed[column]) entry[column] = row[column]
  }
  for (const column of whyWaiting) if (row[column] !== null) entry[column] = row[column]
  if (data?.payload !== undefined) entry['payload'] = data.payload
  if (data?.trace !== undefined) entry['trace'] = data.trace
  return entry
}

/**
 * True for no data, or a payload, a trace, or both. A null that empties a payload does not count: in a column of entries it would look like
 * no payload.
 */
function isPlain(data: DataChange | undefined): boolean {
  if (data === undefined) return true
  const { jobId: _, payload, trace, ...more } = data
  return payload !== null && (payload ?? trace) !== undefined && Object.keys(more).length === 0
}

/**
 * Negative if the job has data beside the log that is not a payload. It may then be a row of the user's, which no append brings.
 */
export function lifeOf({ spec, seq }: QueuedEvent): number {
  return spec.hasData === true && spec.payloadHash === undefined ? -seq : seq
}
