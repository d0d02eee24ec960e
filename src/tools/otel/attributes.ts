import type { Attributes } from '@opentelemetry/api'
import { isInterlockError, type JobSpec, type Started } from '../../engine/core/index.ts'
import type { Sending } from '../../engine/store/index.ts'

/** In one attribute. A job may name 100. */
const MOST_MODELS = 16
/** Longer, or of other characters, it is data that somebody took for a name. */
const CLASS = /^[\w$.]{1,80}$/u

/** What a span says. Each comment: on which spans, and its value. */
export interface SpanAttributes {
  /** all: `interlock`. */
  readonly 'messaging.system'?: 'interlock'
  /** all: the queue. */
  readonly 'messaging.destination.name'?: string
  /** all: `send`, `wait` or `process`; `process` for a step. */
  readonly 'messaging.operation.name'?: string
  /** all but `wait`: `send` or `process`. */
  readonly 'messaging.operation.type'?: string
  /** all but `send` of several jobs: the job. */
  readonly 'messaging.message.id'?: string
  /** `send` of several jobs: how many jobs it sends. */
  readonly 'messaging.batch.message_count'?: number
  /** `send` of one job, `wait`, `process`: `normal` or `workflow`. */
  readonly 'interlock.job.type'?: string
  /** `send` of one job, `wait`, `process`: the kind of the job. */
  readonly 'interlock.job.kind'?: string
  /** `send` of one job, `wait`, `process`: the first 16 of its models. */
  readonly 'interlock.job.models'?: string[]
  /** `wait`, `process`: the worker process. */
  readonly 'messaging.client.id'?: string
  /** `wait`, `process`: which attempt it is, from 1. */
  readonly 'interlock.attempt'?: number
  /** `wait`, `process`: how many attempts the job may have. */
  readonly 'interlock.attempts'?: number
  /** `wait`, `process`: how often the job was postponed. */
  readonly 'interlock.postponed'?: number
  /** `wait`, `process`: the fencing token of the attempt. */
  readonly 'interlock.fencing_token'?: number
  /** `wait`, `process`: the epoch of the queue. */
  readonly 'interlock.epoch'?: number
  /** `wait`: the seconds for each cause (docs/reference/telemetry.md#causes-of-waiting). With `unseen` they add up to the length of the span. */
  readonly 'interlock.wait.<cause>.seconds'?: number
  /** `wait`: the seconds before this process joined. */
  readonly 'interlock.wait.unseen.seconds'?: number
  /** `process`: `completed`, `failed`, `postponed`, `cancelled`, `given_back`, `detached` or `lost`. */
  readonly 'interlock.outcome'?: string
  /** `process` that failed: the failure code. */
  readonly 'interlock.reason'?: string
  /** spans that failed: the class of the error, the failure code, or an error code of Interlock. */
  readonly 'error.type'?: string
  /** `step`: the number of the step, from 0. */
  readonly 'interlock.step.index'?: number
  /** `step`: how many steps the workflow has. */
  readonly 'interlock.step.count'?: number
  /** `step`: the name of the step. */
  readonly 'interlock.step.name'?: string
  /** links: `sender`, `attempt` (the one before), or `job` (a context that a job brought along). */
  readonly 'interlock.link'?: string
}

function jobAttributes({ jobId, jobType, kind, models }: JobSpec) {
  return {
    'messaging.message.id': jobId,
    'interlock.job.type': jobType,
    'interlock.job.kind': kind,
    'interlock.job.models': models.slice(0, MOST_MODELS),
  } satisfies SpanAttributes
}

/** Of one job, which it is; of several, how many. */
export function sentAttributes(jobs: Sending['jobs']): Attributes {
  const [only] = jobs
  return jobs.length === 1 && only !== undefined
    ? jobAttributes(only.spec)
    : ({ 'messaging.batch.message_count': jobs.length } satisfies SpanAttributes)
}

export function attemptAttributes({
  lease,
  spec,
  attempt,
  attempts,
  postponed,
  workerId,
}: Started): Attributes {
  return {
    ...jobAttributes(spec),
    'messaging.client.id': workerId,
    'interlock.attempt': attempt,
    'interlock.attempts': attempts,
    'interlock.postponed': postponed,
    'interlock.fencing_token': lease.fencingToken,
    'interlock.epoch': lease.epoch,
  } satisfies SpanAttributes
}

/** The class of what was thrown, or the code of our own errors; a name that is none is `_OTHER`. */
export function errorType(error: unknown): string {
  try {
    if (isInterlockError(error)) return error.code
    const name = error instanceof Error ? error.name : undefined
    return name !== undefined && CLASS.test(name) ? name : '_OTHER'
  } catch {
    return '_OTHER'
  }
}
