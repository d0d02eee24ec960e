import { type JobSpec, type RecordedEvent, specDefaults } from '../core/index.ts'
import type { EventRow } from './wire.ts'

type Data = Record<string, unknown>
type Columns = Pick<EventRow, 'job_id' | 'job_type' | 'models' | 'schema_version'> & { readonly data?: Data }

/** The row of `job_queue_log` for an event. {@link decodeEvent} returns the same event. */
export function encodeEvent(event: RecordedEvent): EventRow {
  const { data: own = {}, ...columns } = columnsOf(event)
  if (event.offers) own['offers'] = offersData(event.offers, columns.job_id)
  return {
    seq: event.seq,
    at: event.at,
    event_type: event.type,
    ...columns,
    ...(event.workerId === undefined ? undefined : { worker_id: event.workerId }),
    ...(isEmpty(own) ? undefined : { data: own }),
    command_id: event.commandId,
    command_hash: event.commandHash,
  }
}

/** `true` means "the job itself": the common case, without its id a second time. */
function offersData(offers: readonly string[], jobId: string | undefined): true | readonly string[] {
  return offers.length === 1 && offers[0] === jobId ? true : offers
}

function columnsOf(event: RecordedEvent): Columns {
  switch (event.type) {
    case 'queued':
      return queuedColumns(event.spec, event)
    case 'blocked':
    case 'conflict':
      return jobColumns(event.jobId, {
        reason: event.reason,
        ...present('blocked_by', event.blockedBy),
        ...present('model', event.model),
      })
    case 'started':
      return {
        job_id: event.jobId,
        models: event.models,
        data: event.attempt === 1 ? {} : { attempt: event.attempt },
      }
    case 'completed':
      return jobColumns(event.jobId, { token: event.token })
    case 'failed':
      return jobColumns(event.jobId, {
        token: event.token,
        code: event.code,
        ...(event.final ? { final: true } : undefined),
      })
    case 'lease_expired':
      return jobColumns(event.jobId, { token: event.token, ...(event.final ? { final: true } : undefined) })
    case 'detached':
      return jobColumns(event.jobId, { token: event.token, until: event.until })
    case 'cancelled':
      return jobColumns(event.jobId, present('token', event.token))
    case 'cancel_requested':
    case 'expired':
    case 'due':
      return { job_id: event.jobId }
    case 'requeued':
      return {
        ...jobColumns(event.jobId, { reason: event.reason, ...present('run_at', event.runAt) }),
        ...(event.models === undefined ? undefined : { models: event.models }),
      }
    case 'asked':
      return jobColumns(event.jobId, present('asker', event.asker))
    case 'bypassed':
      return { job_id: event.jobId, job_type: event.jobType }
    case 'reprioritized':
      return jobColumns(event.jobId, { priority: event.priority, ...event.position })
    case 'policy_changed':
      return { data: { policy: event.policy } }
    case 'model_paused':
      return { models: [event.model], data: { reason: event.reason, ...present('until', event.until) } }
    case 'model_resumed':
      return { models: [event.model] }
    case 'epoch_changed':
      return { data: { epoch: event.epoch } }
    case 'voided':
      return {
        data: { of: event.of, ...(event.as === undefined ? undefined : { as: event.as }) },
        schema_version: 2,
      }
    case 'drain_requested':
    case 'drained':
    case 'resumed':
      return {}
    default:
      return event satisfies never
  }
}

interface How {
  readonly asked?: boolean
  readonly intake?: true
  readonly named?: true
}

function queuedColumns(spec: JobSpec, { asked, intake, named }: How): Columns {
  const data: Data = {}
  if (spec.kind !== spec.jobType) data['kind'] = spec.kind
  if (spec.priority !== specDefaults.priority) data['priority'] = spec.priority
  if (spec.runAt !== specDefaults.runAt) data['run_at'] = spec.runAt
  if (spec.attempts !== specDefaults.attempts) data['attempts'] = spec.attempts
  if (spec.timeoutMs !== specDefaults.timeoutMs) data['timeout_ms'] = spec.timeoutMs
  if (spec.fairKey !== specDefaults.fairKey) data['fair_key'] = spec.fairKey
  if (spec.expireMs !== specDefaults.expireMs) data['expire_ms'] = spec.expireMs
  if (spec.hasData !== undefined) data['has_data'] = spec.hasData
  if (spec.payloadHash !== undefined) data['payload_hash'] = spec.payloadHash
  if (asked !== undefined) data['asked'] = asked
  if (intake !== undefined) data['intake'] = intake
  if (named !== undefined) data['named'] = named
  return { job_id: spec.jobId, job_type: spec.jobType, models: spec.models, data }
}

const jobColumns = (jobId: string, data: Data): Columns => ({ job_id: jobId, data })

/** Null is written by leaving the key out. */
const present = (key: string, value: unknown): Data => (value === null ? {} : { [key]: value })

const isEmpty = (data: Data): boolean => Object.keys(data).length === 0
