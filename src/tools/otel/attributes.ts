import type { Attributes } from '@opentelemetry/api'
import { isInterlockError, type JobSpec, type Started } from '../../engine/core/index.ts'
import type { Sending } from '../../engine/store/index.ts'

/** In one attribute. A job may name 100. */
const MOST_MODELS = 16
/** Longer, or of other characters, it is data that somebody took for a name. */
const CLASS = /^[\w$.]{1,80}$/u

function jobAttributes({ jobId, jobType, kind, models }: JobSpec): Attributes {
  return {
    'messaging.message.id': jobId,
    'interlock.job.type': jobType,
    'interlock.job.kind': kind,
    'interlock.job.models': models.slice(0, MOST_MODELS),
  }
}

/** Of one job, which it is; of several, how many. */
export function sentAttributes(jobs: Sending['jobs']): Attributes {
  const [only] = jobs
  return jobs.length === 1 && only !== undefined
    ? jobAttributes(only.spec)
    : { 'messaging.batch.message_count': jobs.length }
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
  }
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
