import {
  type Event,
  type EventType,
  eventTypes,
  InterlockError,
  type JobSpec,
  type RecordedEvent,
  specDefaults,
} from '../core/index.ts'
import { type CheckedRow, eventRowSchema } from './event-schema.ts'
import { pathText } from './invalid.ts'
import { isPlainRow } from './plain-row.ts'
import { upcast } from './upcast.ts'
import { asRead, parseVoids } from './voids.ts'

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
  if (result.success) return recordedEvent(result.data)
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
    'the database returned no list of events; run `interlock migrate` to bring its functions to this release',
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
    `${where} is damaged at ${path}: ${issue?.message ?? 'not an event'}; run \`interlock verify\` to see how far the log is sound`,
    { seq: Number(seq), path },
  )
}

/** Instead of the spread in {@link eventOf}: one object with a fixed order of keys keeps a replay of millions fast. */
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
  if (offers !== undefined) event.offers = offers === true ? ownOffer(row) : offers
  return event
}

function ownOffer(row: CheckedRow): readonly string[] {
  if ('job_id' in row) return [row.job_id]
  throw refusal(row, { path: ['data', 'offers'], message: 'offers its own job, but has none' })
}

function eventOf(row: CheckedRow): Event {
  switch (row.event_type) {
    case 'queued':
      return queuedEvent(row)
    case 'blocked':
    case 'conflict':
      return {
        type: row.event_type,
        jobId: row.job_id,
        reason: row.data.reason,
        blockedBy: row.data.blocked_by ?? null,
        model: row.data.model ?? null,
      }
    case 'started':
      return {
        type: 'started',
        jobId: row.job_id,
        workerId: row.worker_id,
        attempt: row.data?.attempt ?? 1,
        models: row.models,
      }
    case 'completed':
      return { type: 'completed', jobId: row.job_id, token: row.data.token }
    case 'failed':
      return {
        type: 'failed',
        jobId: row.job_id,
        token: row.data.token,
        code: row.data.code,
        final: row.data.final === true,
      }
    case 'cancelled':
      return { type: 'cancelled', jobId: row.job_id, token: row.data?.token ?? null }
    case 'cancel_requested':
    case 'expired':
    case 'due':
      return { type: row.event_type, jobId: row.job_id }
    case 'lease_expired':
      return {
        type: 'lease_expired',
        jobId: row.job_id,
        token: row.data.token,
        workerId: row.worker_id,
        final: row.data.final === true,
      }
    case 'detached':
      return { type: 'detached', jobId: row.job_id, token: row.data.token, until: row.data.until }
    case 'requeued':
      return {
        type: 'requeued',
        jobId: row.job_id,
        reason: row.data.reason,
        runAt: row.data.run_at ?? null,
        ...(row.models == null ? undefined : { models: row.models }),
      }
    case 'asked':
      return { type: 'asked', jobId: row.job_id, asker: row.data?.asker ?? null }
    case 'bypassed':
      return { type: 'bypassed', jobId: row.job_id, jobType: row.job_type }
    case 'reprioritized': {
      const { priority, level, order, tie } = row.data
      return { type: 'reprioritized', jobId: row.job_id, priority, position: { level, order, tie } }
    }
    case 'policy_changed':
      return { type: 'policy_changed', policy: row.data.policy }
    case 'model_paused':
      return {
        type: 'model_paused',
        model: row.models[0],
        reason: row.data.reason,
        until: row.data.until ?? null,
      }
    case 'model_resumed':
      return { type: 'model_resumed', model: row.models[0] }
    case 'epoch_changed':
      return { type: 'epoch_changed', epoch: row.data.epoch }
    case 'voided':
      return { type: 'voided', of: row.data.of, ...(row.data.as === undefined ? {} : { as: row.data.as }) }
    case 'drain_requested':
    case 'drained':
    case 'resumed':
      return { type: row.event_type }
    default:
      return row satisfies never
  }
}

function queuedEvent(row: CheckedRow & { event_type: 'queued' }): Event {
  const data = row.data
  const spec: JobSpec = {
    jobId: row.job_id,
    jobType: row.job_type,
    kind: data?.kind ?? row.job_type,
    models: row.models,
    priority: data?.priority ?? specDefaults.priority,
    runAt: data?.run_at ?? specDefaults.runAt,
    attempts: data?.attempts ?? specDefaults.attempts,
    timeoutMs: data?.timeout_ms ?? specDefaults.timeoutMs,
    expireMs: data?.expire_ms ?? specDefaults.expireMs,
    fairKey: data?.fair_key ?? specDefaults.fairKey,
    ...(data?.has_data === undefined ? undefined : { hasData: true }),
    ...(data?.payload_hash === undefined ? undefined : { payloadHash: data.payload_hash }),
  }
  const event: Event & { asked?: boolean; intake?: true; named?: true } = {
    type: 'queued',
    jobId: row.job_id,
    spec,
  }
  if (data?.asked !== undefined) event.asked = data.asked
  if (data?.intake !== undefined) event.intake = data.intake
  if (data?.named !== undefined) event.named = data.named
  return event
}
