import type { DataChange, JobRow, RecordedEvent } from '../../core/index.ts'

type Queued = RecordedEvent & { readonly type: 'queued' }

/** What the row of a job that enters the line holds beyond its event; `{}` for an event of another kind. */
export type Entered = Readonly<Record<string, unknown>>

/** What `job_queue_append` writes for a field that an entry leaves out. It never changes, even if the defaults of jobs do. */
const assumed = { priority: 0, place_level: 0, attempts: 3, timeout_ms: 3_600_000 } as const
/** Columns that a row contains only if they are not null. */
const told = ['due_at', 'expires_at', 'blocked_by_job_id', 'blocked_on', 'conflict_reason'] as const

/**
 * The row of a job that enters the line with this event, without what the event says already. Undefined if the row has more than
 * an entry can hold, for example because the job was started at once.
 *
 * @param data the data to keep of the job, all of which has to fit into the entry
 */
export function enteredBy(
  event: RecordedEvent,
  row: JobRow,
  data: DataChange | undefined,
): Entered | undefined {
  if (event.type !== 'queued') return undefined
  if (row.state !== 'waiting' || row.attempt + row.postponed !== 0 || row.cancel_requested || !isPlain(data))
    return undefined
  if (row.queued_at !== event.at || row.models !== event.spec.models) return undefined
  const entry: Record<string, unknown> = { life: lifeOf(event) }
  if (row.kind !== row.job_type) entry['kind'] = row.kind
  if (row.place_order !== event.at) entry['place_order'] = row.place_order
  if (row.place_tie !== event.seq) entry['place_tie'] = row.place_tie
  for (const key in assumed) {
    const column = key as keyof typeof assumed
    if (row[column] !== assumed[column]) entry[column] = row[column]
  }
  for (const column of told) if (row[column] !== null) entry[column] = row[column]
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
export function lifeOf({ spec, seq }: Queued): number {
  return spec.hasData === true && spec.payloadHash === undefined ? -seq : seq
}
