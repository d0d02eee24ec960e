// Made by `npm run generate -- codec` from event-table.ts: change that.
import {
  type Event,
  type EventType,
  type JobType,
  type Policy,
  policyVersion,
  type RecordedEvent,
} from '../core/index.ts'
import {
  areAsks,
  areOffers,
  arePlaces,
  areSoundPlaces,
  areSoundTexts,
  areSoundUses,
  areTexts,
  areUses,
  isBoolean,
  isCount,
  isDedupe,
  isFailure,
  isInt,
  isJobType,
  isModel,
  isOutcome,
  isOverlap,
  isPause,
  isReal,
  isReason,
  isRecord,
  isRequeue,
  isSkip,
  isSoundDedupe,
  isSoundText,
  isText,
  isTrue,
  isWhole,
} from './event-guards.ts'
import type { EventRow } from './event-row.ts'
import type { ValueKind } from './event-table.ts'

type Of<Type extends EventType> = Event & { readonly type: Type }
type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Row = Readonly<Record<string, unknown>>
type Data = Record<string, unknown>
type Columns = Pick<EventRow, 'job_id' | 'job_type' | 'models' | 'schema_version'> & { readonly data?: Data }

/** A row without a fault. Which columns and keys are there depends on its type. */
export interface CheckedRow<Type extends EventType = EventType> {
  readonly seq: number
  readonly at: number
  readonly event_type: Type
  readonly job_id: string
  readonly job_type: JobType
  readonly models: readonly [string]
  readonly worker_id: string
  readonly data: Readonly<
    Record<
      | 'kind'
      | 'priority'
      | 'run_at'
      | 'attempts'
      | 'timeout_ms'
      | 'expire_ms'
      | 'fair_key'
      | 'has_data'
      | 'payload_hash'
      | 'once'
      | 'dedupe'
      | 'schedule'
      | 'after'
      | 'tag'
      | 'whole'
      | 'asks'
      | 'uses'
      | 'body'
      | 'asked'
      | 'intake'
      | 'submission'
      | 'named'
      | 'due'
      | 'next'
      | 'nth'
      | 'retry_of'
      | 'stands_for'
      | 'key'
      | 'attempt'
      | 'places'
      | 'batch'
      | 'warm'
      | 'without'
      | 'expects'
      | 'virtual_time'
      | 'token'
      | 'used'
      | 'reason'
      | 'blocked_by'
      | 'model'
      | 'code'
      | 'final'
      | 'cause'
      | 'until'
      | 'asker'
      | 'level'
      | 'order'
      | 'tie'
      | 'policy'
      | 'passes_stay'
      | 'epoch'
      | 'of'
      | 'as'
      | 'owner'
      | 'revision'
      | 'since'
      | 'cron'
      | 'tz'
      | 'every_ms'
      | 'up_to'
      | 'within_ms'
      | 'overlap'
      | 'goes_on'
      | 'outcome'
      | 'parent'
      | 'keeps'
      | 'left',
      never
    >
  > & {
    readonly offers?: true | readonly string[]
  }
  readonly command_id: string
  readonly command_hash: number
}

type AnyRow = { readonly [Type in EventType]: CheckedRow<Type> }[EventType]

/** The event in a checked row, without what every event has. */
export function eventOf(of: CheckedRow): Event {
  const row = of as AnyRow
  switch (row.event_type) {
    case 'queued': {
      const spec: Writable<Of<'queued'>['spec']> = {
        jobId: row.job_id,
        jobType: row.job_type,
        kind: row.data?.kind ?? row.job_type,
        models: row.models,
        priority: row.data?.priority ?? 0,
        runAt: row.data?.run_at ?? null,
        attempts: row.data?.attempts ?? 3,
        timeoutMs: row.data?.timeout_ms ?? 3600000,
        expireMs: row.data?.expire_ms ?? null,
        fairKey: row.data?.fair_key ?? null,
      }
      if (row.data?.has_data !== undefined) spec.hasData = row.data.has_data
      if (row.data?.payload_hash !== undefined) spec.payloadHash = row.data.payload_hash
      if (row.data?.once !== undefined) spec.once = row.data.once
      if (row.data?.dedupe !== undefined) spec.dedupe = row.data.dedupe
      if (row.data?.schedule !== undefined) spec.schedule = row.data.schedule
      if (row.data?.after !== undefined) spec.after = row.data.after
      if (row.data?.tag !== undefined) spec.tag = row.data.tag
      if (row.data?.whole !== undefined) spec.whole = row.data.whole
      if (row.data?.asks !== undefined) spec.asks = row.data.asks
      if (row.data?.uses !== undefined) spec.uses = row.data.uses
      const event: Writable<Of<'queued'>> = { type: row.event_type, jobId: row.job_id, spec }
      if (row.data?.body !== undefined) event.body = row.data.body
      if (row.data?.asked !== undefined) event.asked = row.data.asked
      if (row.data?.intake !== undefined) event.intake = row.data.intake
      if (row.data?.submission !== undefined) event.submission = row.data.submission
      if (row.data?.named !== undefined) event.named = row.data.named
      if (row.data?.due !== undefined) event.due = row.data.due
      if (row.data?.next !== undefined) event.next = row.data.next
      if (row.data?.nth !== undefined) event.nth = row.data.nth
      if (row.data?.retry_of !== undefined) event.retryOf = row.data.retry_of
      return event
    }
    case 'deduplicated': {
      const event: Writable<Of<'deduplicated'>> = {
        type: row.event_type,
        jobId: row.job_id,
        standsFor: row.data.stands_for,
        key: row.data.key,
      }
      if (row.data?.once !== undefined) event.once = row.data.once
      if (row.data?.body !== undefined) event.body = row.data.body
      if (row.data?.has_data !== undefined) event.hasData = row.data.has_data
      if (row.data?.payload_hash !== undefined) event.payloadHash = row.data.payload_hash
      if (row.data?.intake !== undefined) event.intake = row.data.intake
      if (row.data?.submission !== undefined) event.submission = row.data.submission
      return event
    }
    case 'debounced': {
      const event: Writable<Of<'debounced'>> = {
        type: row.event_type,
        jobId: row.job_id,
        runAt: row.data?.run_at ?? null,
      }
      if (row.data?.has_data !== undefined) event.hasData = row.data.has_data
      if (row.data?.payload_hash !== undefined) event.payloadHash = row.data.payload_hash
      return event
    }
    case 'started': {
      const event: Writable<Of<'started'>> = {
        type: row.event_type,
        jobId: row.job_id,
        workerId: row.worker_id,
        attempt: row.data?.attempt ?? 1,
        models: row.models,
      }
      if (row.data?.places !== undefined) event.places = row.data.places
      if (row.data?.batch !== undefined) event.batch = row.data.batch
      if (row.data?.warm !== undefined) event.warm = row.data.warm
      if (row.data?.without !== undefined) event.without = row.data.without
      if (row.data?.expects !== undefined) event.expects = row.data.expects
      if (row.data?.virtual_time !== undefined) event.virtualTime = row.data.virtual_time
      return event
    }
    case 'completed': {
      const event: Writable<Of<'completed'>> = {
        type: row.event_type,
        jobId: row.job_id,
        token: row.data.token,
      }
      if (row.data?.used !== undefined) event.used = row.data.used
      return event
    }
    case 'blocked':
    case 'conflict':
      return {
        type: row.event_type,
        jobId: row.job_id,
        reason: row.data.reason,
        blockedBy: row.data?.blocked_by ?? null,
        model: row.data?.model ?? null,
      }
    case 'failed': {
      const event: Writable<Of<'failed'>> = {
        type: row.event_type,
        jobId: row.job_id,
        token: row.data?.token ?? null,
        code: row.data.code,
        final: row.data?.final ?? false,
      }
      if (row.data?.cause !== undefined) event.cause = row.data.cause
      if (row.data?.used !== undefined) event.used = row.data.used
      return event
    }
    case 'cancel_requested':
    case 'expired':
    case 'due':
      return { type: row.event_type, jobId: row.job_id }
    case 'cancelled': {
      const event: Writable<Of<'cancelled'>> = {
        type: row.event_type,
        jobId: row.job_id,
        token: row.data?.token ?? null,
      }
      if (row.data?.used !== undefined) event.used = row.data.used
      return event
    }
    case 'lease_expired':
      return {
        type: row.event_type,
        jobId: row.job_id,
        token: row.data.token,
        workerId: row.worker_id,
        final: row.data?.final ?? false,
      }
    case 'detached':
      return { type: row.event_type, jobId: row.job_id, token: row.data.token, until: row.data.until }
    case 'model_released':
      return { type: row.event_type, jobId: row.job_id, token: row.data.token, model: row.models[0] }
    case 'requeued': {
      const event: Writable<Of<'requeued'>> = {
        type: row.event_type,
        jobId: row.job_id,
        reason: row.data.reason,
        runAt: row.data?.run_at ?? null,
      }
      if (row.models != null) event.models = row.models
      return event
    }
    case 'asked':
      return { type: row.event_type, jobId: row.job_id, asker: row.data?.asker ?? null }
    case 'bypassed':
      return { type: row.event_type, jobId: row.job_id, jobType: row.job_type }
    case 'reprioritized': {
      const position: Writable<Of<'reprioritized'>['position']> = {
        level: row.data.level,
        order: row.data.order,
        tie: row.data.tie,
      }
      const event: Writable<Of<'reprioritized'>> = {
        type: row.event_type,
        jobId: row.job_id,
        priority: row.data.priority,
        position,
      }
      return event
    }
    case 'policy_changed': {
      const event: Writable<Of<'policy_changed'>> = { type: row.event_type, policy: row.data.policy }
      if (row.data?.passes_stay !== undefined) event.passesStay = row.data.passes_stay
      return event
    }
    case 'model_paused':
      return {
        type: row.event_type,
        model: row.models[0],
        reason: row.data.reason,
        until: row.data?.until ?? null,
      }
    case 'model_resumed':
      return { type: row.event_type, model: row.models[0] }
    case 'drain_requested':
    case 'drained':
    case 'resumed':
      return { type: row.event_type }
    case 'epoch_changed':
      return { type: row.event_type, epoch: row.data.epoch }
    case 'voided': {
      const event: Writable<Of<'voided'>> = { type: row.event_type, of: row.data.of }
      if (row.data?.as !== undefined) event.as = row.data.as
      return event
    }
    case 'schedule_set': {
      const job: Writable<Of<'schedule_set'>['job']> = {
        jobType: row.job_type,
        kind: row.data?.kind ?? row.job_type,
        models: row.models,
        priority: row.data?.priority ?? 0,
        attempts: row.data?.attempts ?? 3,
        timeoutMs: row.data?.timeout_ms ?? 3600000,
        expireMs: row.data?.expire_ms ?? null,
        fairKey: row.data?.fair_key ?? null,
      }
      if (row.data?.has_data !== undefined) job.hasData = row.data.has_data
      if (row.data?.payload_hash !== undefined) job.payloadHash = row.data.payload_hash
      if (row.data?.tag !== undefined) job.tag = row.data.tag
      if (row.data?.whole !== undefined) job.whole = row.data.whole
      if (row.data?.asks !== undefined) job.asks = row.data.asks
      if (row.data?.uses !== undefined) job.uses = row.data.uses
      const event: Writable<Of<'schedule_set'>> = {
        type: row.event_type,
        schedule: row.data.schedule,
        owner: row.data.owner,
        next: row.data?.next ?? null,
        tz: row.data?.tz ?? 'UTC',
        upTo: row.data?.up_to ?? 1,
        withinMs: row.data?.within_ms ?? null,
        overlap: row.data?.overlap ?? 'allow',
        job,
      }
      if (row.data?.revision !== undefined) event.revision = row.data.revision
      if (row.data?.since !== undefined) event.since = row.data.since
      if (row.data?.cron !== undefined) event.cron = row.data.cron
      if (row.data?.every_ms !== undefined) event.everyMs = row.data.every_ms
      return event
    }
    case 'schedule_removed': {
      const event: Writable<Of<'schedule_removed'>> = { type: row.event_type, schedule: row.data.schedule }
      if (row.data?.revision !== undefined) event.revision = row.data.revision
      return event
    }
    case 'schedule_paused':
      return { type: row.event_type, schedule: row.data.schedule }
    case 'schedule_resumed':
      return { type: row.event_type, schedule: row.data.schedule, next: row.data?.next ?? null }
    case 'schedule_skipped':
      return {
        type: row.event_type,
        schedule: row.data.schedule,
        due: row.data.due,
        next: row.data?.next ?? null,
        reason: row.data.reason,
      }
    case 'linked': {
      const event: Writable<Of<'linked'>> = { type: row.event_type, jobId: row.job_id, after: row.data.after }
      if (row.data?.goes_on !== undefined) event.goesOn = row.data.goes_on
      if (row.data?.outcome !== undefined) event.outcome = row.data.outcome
      return event
    }
    case 'released':
      return { type: row.event_type, jobId: row.job_id, runAt: row.data?.run_at ?? null }
    case 'end_propagated':
      return { type: row.event_type, parent: row.data.parent }
    case 'worker_serves': {
      const event: Writable<Of<'worker_serves'>> = { type: row.event_type, workerId: row.worker_id }
      if (row.data?.places !== undefined) event.places = row.data.places
      if (row.data?.keeps !== undefined) event.keeps = row.data.keeps
      return event
    }
    case 'worker_gone': {
      const event: Writable<Of<'worker_gone'>> = { type: row.event_type, workerId: row.worker_id }
      if (row.data?.left !== undefined) event.left = row.data.left
      return event
    }
    default:
      return row satisfies never
  }
}

/** A policy may have fields that older releases do not know. */
function shapeOf(policy: Policy): Pick<Columns, 'schema_version'> {
  const version = policyVersion(policy)
  return version === 1 ? {} : { schema_version: version }
}

/** What the row of an event has beside what every row has. */
export function columnsOf(event: Event): Columns {
  switch (event.type) {
    case 'queued': {
      const data: Data = {}
      if (event.spec.kind !== event.spec.jobType) data['kind'] = event.spec.kind
      if (event.spec.priority !== 0) data['priority'] = event.spec.priority
      if (event.spec.runAt !== null) data['run_at'] = event.spec.runAt
      if (event.spec.attempts !== 3) data['attempts'] = event.spec.attempts
      if (event.spec.timeoutMs !== 3600000) data['timeout_ms'] = event.spec.timeoutMs
      if (event.spec.expireMs !== null) data['expire_ms'] = event.spec.expireMs
      if (event.spec.fairKey !== null) data['fair_key'] = event.spec.fairKey
      if (event.spec.hasData !== undefined) data['has_data'] = event.spec.hasData
      if (event.spec.payloadHash !== undefined) data['payload_hash'] = event.spec.payloadHash
      if (event.spec.once !== undefined) data['once'] = event.spec.once
      if (event.spec.dedupe !== undefined) data['dedupe'] = event.spec.dedupe
      if (event.spec.schedule !== undefined) data['schedule'] = event.spec.schedule
      if (event.spec.after !== undefined) data['after'] = event.spec.after
      if (event.spec.tag !== undefined) data['tag'] = event.spec.tag
      if (event.spec.whole !== undefined) data['whole'] = event.spec.whole
      if (event.spec.asks !== undefined) data['asks'] = event.spec.asks
      if (event.spec.uses !== undefined) data['uses'] = event.spec.uses
      if (event.body !== undefined) data['body'] = event.body
      if (event.asked !== undefined) data['asked'] = event.asked
      if (event.intake !== undefined) data['intake'] = event.intake
      if (event.submission !== undefined) data['submission'] = event.submission
      if (event.named !== undefined) data['named'] = event.named
      if (event.due !== undefined) data['due'] = event.due
      if (event.next !== undefined) data['next'] = event.next
      if (event.nth !== undefined) data['nth'] = event.nth
      if (event.retryOf !== undefined) data['retry_of'] = event.retryOf
      return {
        job_id: event.spec.jobId,
        job_type: event.spec.jobType,
        models: event.spec.models,
        ...(event.spec.whole === undefined ? undefined : { schema_version: 6 }),
        ...(event.spec.asks === undefined ? undefined : { schema_version: 6 }),
        ...(event.spec.uses === undefined ? undefined : { schema_version: 6 }),
        ...(event.nth === undefined ? undefined : { schema_version: 7 }),
        ...(event.retryOf === undefined ? undefined : { schema_version: 7 }),
        data,
      }
    }
    case 'deduplicated': {
      const data: Data = { stands_for: event.standsFor, key: event.key }
      if (event.once !== undefined) data['once'] = event.once
      if (event.body !== undefined) data['body'] = event.body
      if (event.hasData !== undefined) data['has_data'] = event.hasData
      if (event.payloadHash !== undefined) data['payload_hash'] = event.payloadHash
      if (event.intake !== undefined) data['intake'] = event.intake
      if (event.submission !== undefined) data['submission'] = event.submission
      return { job_id: event.jobId, data }
    }
    case 'debounced': {
      const data: Data = {}
      if (event.runAt !== null) data['run_at'] = event.runAt
      if (event.hasData !== undefined) data['has_data'] = event.hasData
      if (event.payloadHash !== undefined) data['payload_hash'] = event.payloadHash
      return { job_id: event.jobId, data }
    }
    case 'started': {
      const data: Data = {}
      if (event.attempt !== 1) data['attempt'] = event.attempt
      if (event.places !== undefined) data['places'] = event.places
      if (event.batch !== undefined) data['batch'] = event.batch
      if (event.warm !== undefined) data['warm'] = event.warm
      if (event.without !== undefined) data['without'] = event.without
      if (event.expects !== undefined) data['expects'] = event.expects
      if (event.virtualTime !== undefined) data['virtual_time'] = event.virtualTime
      return {
        job_id: event.jobId,
        models: event.models,
        ...(event.batch === undefined ? undefined : { schema_version: 5 }),
        ...(event.warm === undefined ? undefined : { schema_version: 6 }),
        ...(event.expects === undefined ? undefined : { schema_version: 6 }),
        ...(event.virtualTime === undefined ? undefined : { schema_version: 6 }),
        data,
      }
    }
    case 'completed': {
      const data: Data = { token: event.token }
      if (event.used !== undefined) data['used'] = event.used
      return { job_id: event.jobId, ...(event.used === undefined ? undefined : { schema_version: 6 }), data }
    }
    case 'blocked':
    case 'conflict': {
      const data: Data = { reason: event.reason }
      if (event.blockedBy !== null) data['blocked_by'] = event.blockedBy
      if (event.model !== null) data['model'] = event.model
      return { job_id: event.jobId, data }
    }
    case 'failed': {
      const data: Data = { code: event.code }
      if (event.token !== null) data['token'] = event.token
      if (event.final !== false) data['final'] = event.final
      if (event.cause !== undefined) data['cause'] = event.cause
      if (event.used !== undefined) data['used'] = event.used
      return { job_id: event.jobId, ...(event.used === undefined ? undefined : { schema_version: 6 }), data }
    }
    case 'cancel_requested':
    case 'expired':
    case 'due':
      return { job_id: event.jobId }
    case 'cancelled': {
      const data: Data = {}
      if (event.token !== null) data['token'] = event.token
      if (event.used !== undefined) data['used'] = event.used
      return { job_id: event.jobId, ...(event.used === undefined ? undefined : { schema_version: 6 }), data }
    }
    case 'lease_expired': {
      const data: Data = { token: event.token }
      if (event.final !== false) data['final'] = event.final
      return { job_id: event.jobId, data }
    }
    case 'detached':
      return { job_id: event.jobId, data: { token: event.token, until: event.until } }
    case 'model_released':
      return { job_id: event.jobId, models: [event.model], schema_version: 6, data: { token: event.token } }
    case 'requeued': {
      const data: Data = { reason: event.reason }
      if (event.runAt !== null) data['run_at'] = event.runAt
      return {
        job_id: event.jobId,
        ...(event.models === undefined ? undefined : { models: event.models }),
        data,
      }
    }
    case 'asked': {
      const data: Data = {}
      if (event.asker !== null) data['asker'] = event.asker
      return { job_id: event.jobId, data }
    }
    case 'bypassed':
      return { job_id: event.jobId, job_type: event.jobType }
    case 'reprioritized':
      return {
        job_id: event.jobId,
        data: {
          priority: event.priority,
          level: event.position.level,
          order: event.position.order,
          tie: event.position.tie,
        },
      }
    case 'policy_changed': {
      const data: Data = { policy: event.policy }
      if (event.passesStay !== undefined) data['passes_stay'] = event.passesStay
      return {
        ...shapeOf(event.policy),
        ...(event.passesStay === undefined ? undefined : { schema_version: 7 }),
        data,
      }
    }
    case 'model_paused': {
      const data: Data = { reason: event.reason }
      if (event.until !== null) data['until'] = event.until
      return { models: [event.model], data }
    }
    case 'model_resumed':
      return { models: [event.model] }
    case 'drain_requested':
    case 'drained':
    case 'resumed':
      return {}
    case 'epoch_changed':
      return { data: { epoch: event.epoch } }
    case 'voided': {
      const data: Data = { of: event.of }
      if (event.as !== undefined) data['as'] = event.as
      return { schema_version: 2, data }
    }
    case 'schedule_set': {
      const data: Data = { schedule: event.schedule, owner: event.owner }
      if (event.revision !== undefined) data['revision'] = event.revision
      if (event.next !== null) data['next'] = event.next
      if (event.since !== undefined) data['since'] = event.since
      if (event.cron !== undefined) data['cron'] = event.cron
      if (event.tz !== 'UTC') data['tz'] = event.tz
      if (event.everyMs !== undefined) data['every_ms'] = event.everyMs
      if (event.upTo !== 1) data['up_to'] = event.upTo
      if (event.withinMs !== null) data['within_ms'] = event.withinMs
      if (event.overlap !== 'allow') data['overlap'] = event.overlap
      if (event.job.kind !== event.job.jobType) data['kind'] = event.job.kind
      if (event.job.priority !== 0) data['priority'] = event.job.priority
      if (event.job.attempts !== 3) data['attempts'] = event.job.attempts
      if (event.job.timeoutMs !== 3600000) data['timeout_ms'] = event.job.timeoutMs
      if (event.job.expireMs !== null) data['expire_ms'] = event.job.expireMs
      if (event.job.fairKey !== null) data['fair_key'] = event.job.fairKey
      if (event.job.hasData !== undefined) data['has_data'] = event.job.hasData
      if (event.job.payloadHash !== undefined) data['payload_hash'] = event.job.payloadHash
      if (event.job.tag !== undefined) data['tag'] = event.job.tag
      if (event.job.whole !== undefined) data['whole'] = event.job.whole
      if (event.job.asks !== undefined) data['asks'] = event.job.asks
      if (event.job.uses !== undefined) data['uses'] = event.job.uses
      return {
        job_type: event.job.jobType,
        models: event.job.models,
        ...(event.since === undefined ? undefined : { schema_version: 7 }),
        ...(event.job.whole === undefined ? undefined : { schema_version: 6 }),
        ...(event.job.asks === undefined ? undefined : { schema_version: 6 }),
        ...(event.job.uses === undefined ? undefined : { schema_version: 6 }),
        data,
      }
    }
    case 'schedule_removed': {
      const data: Data = { schedule: event.schedule }
      if (event.revision !== undefined) data['revision'] = event.revision
      return { data }
    }
    case 'schedule_paused':
      return { data: { schedule: event.schedule } }
    case 'schedule_resumed': {
      const data: Data = { schedule: event.schedule }
      if (event.next !== null) data['next'] = event.next
      return { data }
    }
    case 'schedule_skipped': {
      const data: Data = { schedule: event.schedule, due: event.due, reason: event.reason }
      if (event.next !== null) data['next'] = event.next
      return { data }
    }
    case 'linked': {
      const data: Data = { after: event.after }
      if (event.goesOn !== undefined) data['goes_on'] = event.goesOn
      if (event.outcome !== undefined) data['outcome'] = event.outcome
      return { job_id: event.jobId, schema_version: 4, data }
    }
    case 'released': {
      const data: Data = {}
      if (event.runAt !== null) data['run_at'] = event.runAt
      return { job_id: event.jobId, schema_version: 4, data }
    }
    case 'end_propagated':
      return { schema_version: 4, data: { parent: event.parent } }
    case 'worker_serves': {
      const data: Data = {}
      if (event.places !== undefined) data['places'] = event.places
      if (event.keeps !== undefined) data['keeps'] = event.keeps
      return { schema_version: 6, data }
    }
    case 'worker_gone': {
      const data: Data = {}
      if (event.left !== undefined) data['left'] = event.left
      return { schema_version: 6, data }
    }
    default:
      return event satisfies never
  }
}

/** Where a row is not what its type says, and what has to stand there. Null: nothing may. */
export interface RowFault {
  readonly path: readonly string[]
  readonly is: ValueKind | 'offers' | null
}

const column = (name: string, is: RowFault['is']): RowFault => ({ path: [name], is })
const inData = (key: string, is: RowFault['is']): RowFault => ({ path: ['data', key], is })
const isNothing = (value: unknown): boolean => value === null || value === undefined

/** The first fault in what rows of this type have beside what every row has; null: there is none. */
export function faultIn(row: Row): RowFault | null {
  const data = row['data'] ?? {}
  if (!isRecord(data)) return column('data', 'record')
  switch (row['event_type']) {
    case 'queued': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isJobType(row['job_type'])) return column('job_type', 'jobType')
      if (!areTexts(row['models'])) return column('models', 'texts')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'kind':
          case 'fair_key':
          case 'schedule':
          case 'tag':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'priority':
          case 'run_at':
          case 'due':
          case 'next':
            if (!isInt(value)) return inData(key, 'int')
            break
          case 'attempts':
          case 'timeout_ms':
          case 'expire_ms':
          case 'submission':
          case 'nth':
          case 'retry_of':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'has_data':
          case 'intake':
          case 'named':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'payload_hash':
          case 'once':
          case 'after':
          case 'body':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          case 'dedupe':
            if (!isDedupe(value)) return inData(key, 'dedupe')
            break
          case 'whole':
            if (!areTexts(value)) return inData(key, 'texts')
            break
          case 'asks':
            if (!areAsks(value)) return inData(key, 'asks')
            break
          case 'uses':
            if (!areUses(value)) return inData(key, 'uses')
            break
          case 'asked':
            if (!isBoolean(value)) return inData(key, 'boolean')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'deduplicated': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'stands_for':
          case 'key':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'once':
          case 'body':
          case 'payload_hash':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          case 'has_data':
          case 'intake':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'submission':
            if (!isCount(value)) return inData(key, 'count')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['stands_for'] === undefined) return inData('stands_for', 'text')
      if (data['key'] === undefined) return inData('key', 'text')
      return null
    }
    case 'debounced': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'run_at':
            if (!isInt(value)) return inData(key, 'int')
            break
          case 'has_data':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'payload_hash':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'started': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isText(row['worker_id'])) return column('worker_id', 'text')
      if (!areTexts(row['models'])) return column('models', 'texts')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'attempt':
          case 'batch':
          case 'expects':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'places':
            if (!arePlaces(value)) return inData(key, 'places')
            break
          case 'warm':
            if (!isReal(value)) return inData(key, 'real')
            break
          case 'without':
            if (!areTexts(value)) return inData(key, 'texts')
            break
          case 'virtual_time':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'completed': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'used':
            if (!areUses(value)) return inData(key, 'uses')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['token'] === undefined) return inData('token', 'count')
      return null
    }
    case 'blocked':
    case 'conflict': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'reason':
            if (!isReason(value)) return inData(key, 'reason')
            break
          case 'blocked_by':
          case 'model':
            if (!isText(value)) return inData(key, 'text')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['reason'] === undefined) return inData('reason', 'reason')
      return null
    }
    case 'failed': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'code':
            if (!isFailure(value)) return inData(key, 'failure')
            break
          case 'final':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'cause':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'used':
            if (!areUses(value)) return inData(key, 'uses')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['code'] === undefined) return inData('code', 'failure')
      return null
    }
    case 'cancel_requested':
    case 'expired':
    case 'due': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'cancelled': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'used':
            if (!areUses(value)) return inData(key, 'uses')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'lease_expired': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isText(row['worker_id'])) return column('worker_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'final':
            if (!isTrue(value)) return inData(key, 'true')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['token'] === undefined) return inData('token', 'count')
      return null
    }
    case 'detached': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'until':
            if (!isInt(value)) return inData(key, 'int')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['token'] === undefined) return inData('token', 'count')
      if (data['until'] === undefined) return inData('until', 'int')
      return null
    }
    case 'model_released': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isModel(row['models'])) return column('models', 'model')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'token':
            if (!isCount(value)) return inData(key, 'count')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['token'] === undefined) return inData('token', 'count')
      return null
    }
    case 'requeued': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isNothing(row['models']) && !areTexts(row['models'])) return column('models', 'texts')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'reason':
            if (!isRequeue(value)) return inData(key, 'requeue')
            break
          case 'run_at':
            if (!isInt(value)) return inData(key, 'int')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['reason'] === undefined) return inData('reason', 'requeue')
      return null
    }
    case 'asked': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'asker':
            if (!isText(value)) return inData(key, 'text')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'bypassed': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      if (!isJobType(row['job_type'])) return column('job_type', 'jobType')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'reprioritized': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'priority':
          case 'order':
            if (!isInt(value)) return inData(key, 'int')
            break
          case 'level':
          case 'tie':
            if (!isReal(value)) return inData(key, 'real')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['priority'] === undefined) return inData('priority', 'int')
      if (data['level'] === undefined) return inData('level', 'real')
      if (data['order'] === undefined) return inData('order', 'int')
      if (data['tie'] === undefined) return inData('tie', 'real')
      return null
    }
    case 'policy_changed': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'policy':
            if (!isRecord(value)) return inData(key, 'policy')
            break
          case 'passes_stay':
            if (!isTrue(value)) return inData(key, 'true')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['policy'] === undefined) return inData('policy', 'policy')
      return null
    }
    case 'model_paused': {
      if (!isModel(row['models'])) return column('models', 'model')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'reason':
            if (!isPause(value)) return inData(key, 'pause')
            break
          case 'until':
            if (!isInt(value)) return inData(key, 'int')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['reason'] === undefined) return inData('reason', 'pause')
      return null
    }
    case 'model_resumed': {
      if (!isModel(row['models'])) return column('models', 'model')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'drain_requested':
    case 'drained':
    case 'resumed': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'epoch_changed': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'epoch':
            if (!isCount(value)) return inData(key, 'count')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['epoch'] === undefined) return inData('epoch', 'count')
      return null
    }
    case 'voided': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'of':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'as':
            if (!isRecord(value)) return inData(key, 'record')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['of'] === undefined) return inData('of', 'count')
      return null
    }
    case 'schedule_set': {
      if (!isJobType(row['job_type'])) return column('job_type', 'jobType')
      if (!areTexts(row['models'])) return column('models', 'texts')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'schedule':
          case 'owner':
          case 'cron':
          case 'tz':
          case 'kind':
          case 'fair_key':
          case 'tag':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'revision':
          case 'up_to':
          case 'payload_hash':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          case 'next':
          case 'since':
          case 'priority':
            if (!isInt(value)) return inData(key, 'int')
            break
          case 'every_ms':
          case 'within_ms':
          case 'attempts':
          case 'timeout_ms':
          case 'expire_ms':
            if (!isCount(value)) return inData(key, 'count')
            break
          case 'overlap':
            if (!isOverlap(value)) return inData(key, 'overlap')
            break
          case 'has_data':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'whole':
            if (!areTexts(value)) return inData(key, 'texts')
            break
          case 'asks':
            if (!areAsks(value)) return inData(key, 'asks')
            break
          case 'uses':
            if (!areUses(value)) return inData(key, 'uses')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['schedule'] === undefined) return inData('schedule', 'text')
      if (data['owner'] === undefined) return inData('owner', 'text')
      return null
    }
    case 'schedule_removed': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'schedule':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'revision':
            if (!isWhole(value)) return inData(key, 'whole')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['schedule'] === undefined) return inData('schedule', 'text')
      return null
    }
    case 'schedule_paused': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'schedule':
            if (!isText(value)) return inData(key, 'text')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['schedule'] === undefined) return inData('schedule', 'text')
      return null
    }
    case 'schedule_resumed': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'schedule':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'next':
            if (!isInt(value)) return inData(key, 'int')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['schedule'] === undefined) return inData('schedule', 'text')
      return null
    }
    case 'schedule_skipped': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'schedule':
            if (!isText(value)) return inData(key, 'text')
            break
          case 'due':
          case 'next':
            if (!isInt(value)) return inData(key, 'int')
            break
          case 'reason':
            if (!isSkip(value)) return inData(key, 'skip')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['schedule'] === undefined) return inData('schedule', 'text')
      if (data['due'] === undefined) return inData('due', 'int')
      if (data['reason'] === undefined) return inData('reason', 'skip')
      return null
    }
    case 'linked': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'after':
            if (!areTexts(value)) return inData(key, 'texts')
            break
          case 'goes_on':
            if (!isTrue(value)) return inData(key, 'true')
            break
          case 'outcome':
            if (!isOutcome(value)) return inData(key, 'outcome')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['after'] === undefined) return inData('after', 'texts')
      return null
    }
    case 'released': {
      if (!isText(row['job_id'])) return column('job_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'run_at':
            if (!isInt(value)) return inData(key, 'int')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'end_propagated': {
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'parent':
            if (!isText(value)) return inData(key, 'text')
            break
          default:
            return inData(key, null)
        }
      }
      if (data['parent'] === undefined) return inData('parent', 'text')
      return null
    }
    case 'worker_serves': {
      if (!isText(row['worker_id'])) return column('worker_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'places':
            if (!areTexts(value)) return inData(key, 'texts')
            break
          case 'keeps':
            if (!isCount(value)) return inData(key, 'count')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    case 'worker_gone': {
      if (!isText(row['worker_id'])) return column('worker_id', 'text')
      for (const key in data) {
        const value = data[key]
        switch (key) {
          case 'offers':
            if (!areOffers(value)) return inData(key, 'offers')
            break
          case 'left':
            if (!isTrue(value)) return inData(key, 'true')
            break
          default:
            return inData(key, null)
        }
      }
      return null
    }
    default:
      return column('event_type', 'text')
  }
}

/** False for an event that is not frequent, or has something unusual about it: it has to be written and read back. */
export function isPlain(event: RecordedEvent): boolean {
  switch (event.type) {
    case 'queued':
      return (
        isSoundText(event.jobId) &&
        event.spec?.jobId === event.jobId &&
        isJobType(event.spec?.jobType) &&
        isSoundText(event.spec?.kind) &&
        areSoundTexts(event.spec?.models) &&
        isInt(event.spec?.priority) &&
        (event.spec?.runAt === null || isInt(event.spec?.runAt)) &&
        isCount(event.spec?.attempts) &&
        isCount(event.spec?.timeoutMs) &&
        (event.spec?.expireMs === null || isCount(event.spec?.expireMs)) &&
        (event.spec?.fairKey === null || isSoundText(event.spec?.fairKey)) &&
        (event.spec?.hasData === undefined || isTrue(event.spec?.hasData)) &&
        (event.spec?.payloadHash === undefined || isWhole(event.spec?.payloadHash)) &&
        (event.spec?.once === undefined || isWhole(event.spec?.once)) &&
        (event.spec?.dedupe === undefined || isSoundDedupe(event.spec?.dedupe)) &&
        (event.spec?.schedule === undefined || isSoundText(event.spec?.schedule)) &&
        (event.spec?.after === undefined || isWhole(event.spec?.after)) &&
        (event.spec?.tag === undefined || isSoundText(event.spec?.tag)) &&
        (event.spec?.whole === undefined || areSoundTexts(event.spec?.whole)) &&
        (event.spec?.asks === undefined || areAsks(event.spec?.asks)) &&
        (event.spec?.uses === undefined || areSoundUses(event.spec?.uses)) &&
        (event.body === undefined || isWhole(event.body)) &&
        (event.asked === undefined || isBoolean(event.asked)) &&
        (event.intake === undefined || isTrue(event.intake)) &&
        (event.submission === undefined || isCount(event.submission)) &&
        (event.named === undefined || isTrue(event.named)) &&
        (event.due === undefined || isInt(event.due)) &&
        (event.next === undefined || isInt(event.next)) &&
        (event.nth === undefined || isCount(event.nth)) &&
        (event.retryOf === undefined || isCount(event.retryOf))
      )
    case 'started':
      return (
        isSoundText(event.jobId) &&
        isSoundText(event.workerId) &&
        isCount(event.attempt) &&
        areSoundTexts(event.models) &&
        (event.places === undefined || areSoundPlaces(event.places)) &&
        (event.batch === undefined || isCount(event.batch)) &&
        (event.warm === undefined || isReal(event.warm)) &&
        (event.without === undefined || areSoundTexts(event.without)) &&
        (event.expects === undefined || isCount(event.expects)) &&
        (event.virtualTime === undefined || isWhole(event.virtualTime))
      )
    case 'completed':
      return (
        isSoundText(event.jobId) &&
        isCount(event.token) &&
        (event.used === undefined || areSoundUses(event.used))
      )
    case 'blocked':
    case 'conflict':
      return (
        isSoundText(event.jobId) &&
        isReason(event.reason) &&
        (event.blockedBy === null || isSoundText(event.blockedBy)) &&
        (event.model === null || isSoundText(event.model))
      )
    default:
      return false
  }
}
