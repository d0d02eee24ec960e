import { costsAttempt, type DataChange, type JobRow, type RecordedEvent } from '../../core/index.ts'
import type { AppendRequest } from '../../port/index.ts'

/**
 * The changes as `job_queue_append` takes them. Every byte is parsed while the queue is locked, and of the known jobs' rows
 * that is most of an append: so of those only what can change goes along, and nothing that is null.
 *
 * `also`: jobs whose row changes without an event of their own, for the outer projection.
 */
export function changesOf({ events, expectedAt, wanted, ofArrivals, changes }: AppendRequest) {
  const { state, jobs, gone, data, staged } = changes
  const voidedFrom = firstVoided(events)
  const { named, queued, placed } = jobsIn(events)
  const also: string[] = []
  const whole: object[] = []
  const changed: object[] = []
  for (const row of jobs) {
    if (!named.has(row.job_id)) also.push(row.job_id)
    const life = queued.get(row.job_id)
    if (life !== undefined) whole.push({ ...present(row), ...(life === 0 ? undefined : { life }) })
    else changed.push(present(row, placed.has(row.job_id) ? lasting : settled))
  }
  return {
    state: present(state),
    jobs: whole,
    changed,
    gone,
    heeds_requests: true,
    ...(ofArrivals === true ? { of_arrivals: true } : undefined),
    ...(expectedAt === undefined ? undefined : { expected_at: expectedAt }),
    ...(also.length > 0 ? { also } : undefined),
    ...(wanted === undefined ? undefined : { wanted }),
    ...(data === undefined ? undefined : { data: itemsOf(data) }),
    ...(voidedFrom === undefined ? undefined : { voided_from: voidedFrom }),
    ...(staged === undefined
      ? undefined
      : { staged: staged.map(({ commandId, jobId }) => ({ command_id: commandId, job_id: jobId })) }),
  }
}

/** Data as `job_queue_put_data` takes it. */
export const itemsOf = (data: readonly DataChange[]) =>
  data.map(({ jobId, ...set }) => ({ job_id: jobId, ...set }))

/** The first event that is void from now on: what was folded from there on is of another log. */
function firstVoided(events: readonly RecordedEvent[]): number | undefined {
  const numbers = events.flatMap((event) => (event.type === 'voided' ? [event.of] : []))
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}

/**
 * Jobs that an event names; of those, the ones whose whole row goes along, with the life that begins here (0: none does), and the ones that
 * got another place.
 */
function jobsIn(events: readonly RecordedEvent[]) {
  const named = new Set<string>()
  const queued = new Map<string, number>()
  const placed = new Set<string>()
  for (const event of events) {
    if (!('jobId' in event)) continue
    named.add(event.jobId)
    if (event.type === 'queued') queued.set(event.jobId, lifeOf(event))
    else if (changesSpec(event)) queued.set(event.jobId, queued.get(event.jobId) ?? 0)
    else if (event.type === 'reprioritized') placed.add(event.jobId)
  }
  return { named, queued, placed }
}

/** Negative: something is kept for it that is no payload, so it may be a row of the user's, which no append brings. */
function lifeOf({ spec, seq }: RecordedEvent & { readonly type: 'queued' }): number {
  return spec.hasData === true && spec.payloadHash === undefined ? -seq : seq
}

/** What stays as long as a job lives has changed all the same: what it needs, or how many attempts there may be. */
function changesSpec(event: RecordedEvent): boolean {
  return event.type === 'requeued' && (event.models !== undefined || !costsAttempt(event.reason))
}

type Columns = readonly (keyof JobRow)[]
const specColumns: Columns = ['job_type', 'kind', 'models', 'attempts', 'timeout_ms', 'queued_at']
const placeColumns: Columns = ['priority', 'place_level', 'place_order', 'place_tie']

/** What stays as long as a job lives. */
const lasting: ReadonlySet<string> = new Set(specColumns)
/** And its place, unless it got another one. */
const settled: ReadonlySet<string> = new Set([...specColumns, ...placeColumns])

/** Null and false are said by leaving the column out. */
export function present(row: object, without?: ReadonlySet<string>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const key in row) {
    const value = row[key as keyof typeof row] as unknown
    if (value !== null && value !== false && without?.has(key) !== true) kept[key] = value
  }
  return kept
}
