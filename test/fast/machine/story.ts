/** Small logs written by hand: events without what every record has, put in order. */
import {
  defaultPolicy,
  type Event,
  hash,
  type JobOutcome,
  type JobSpec,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'

/** Records events one after the other: `seq` from `from` on, a millisecond apart. */
export function story(events: readonly Event[], from = 1): readonly RecordedEvent[] {
  return events.map((event, i) => ({
    ...event,
    seq: from + i,
    at: (from + i) * 1_000,
    commandId: `c${from + i}`,
    commandHash: hash(`c${from + i}`),
  }))
}

/** A job on one model, by its id; every other field is the default. */
export function specOf(jobId: string, model = 'flux-dev', over: Partial<JobSpec> = {}): JobSpec {
  return {
    jobId,
    jobType: 'normal',
    kind: 'normal',
    models: [model],
    priority: 0,
    runAt: null,
    attempts: 3,
    timeoutMs: 60_000,
    expireMs: null,
    fairKey: null,
    ...over,
  }
}

/** As many jobs at once as there are models. */
export const manyAtOnce: Event = { type: 'policy_changed', policy: { ...defaultPolicy, maxActive: null } }

export const queued = (jobId: string, model?: string, over?: Partial<JobSpec>): Event => ({
  type: 'queued',
  jobId,
  spec: specOf(jobId, model, over),
})

export const started = (jobId: string, model = 'flux-dev', attempt = 1): Event => ({
  type: 'started',
  jobId,
  workerId: 'w1',
  attempt,
  models: [model],
})

export const failed = (jobId: string, token: number, final: boolean): Event => ({
  type: 'failed',
  jobId,
  token,
  code: 'handler_error',
  final,
})

export const leaseExpired = (jobId: string, token: number, final: boolean): Event => ({
  type: 'lease_expired',
  jobId,
  token,
  workerId: 'w1',
  final,
})

/** It comes after these. */
export const linked = (jobId: string, after: readonly string[], outcome?: JobOutcome): Event => ({
  type: 'linked',
  jobId,
  after,
  ...(outcome === undefined ? {} : { outcome }),
})

/** It fails, since `cause` did. */
export const withParent = (jobId: string, cause: string): Event => ({
  type: 'failed',
  jobId,
  token: null,
  code: 'parent_failed',
  final: true,
  cause,
})

export const requeued = (jobId: string, runAt: number | null = null): Event => ({
  type: 'requeued',
  jobId,
  reason: 'retry',
  runAt,
})

export const waits = (type: 'blocked' | 'conflict', jobId: string): Event => ({
  type,
  jobId,
  reason: type === 'conflict' ? 'model_in_use' : 'serialized',
  blockedBy: null,
  model: null,
})

export const doubled = (jobId: string): Event => ({ type: 'deduplicated', jobId, standsFor: 'w', key: 'k' })

export const debounced = (jobId: string, runAt: number | null = null): Event => ({
  type: 'debounced',
  jobId,
  runAt,
  hasData: true,
  payloadHash: 1,
})

export const moved = (jobId: string): Event => ({
  type: 'reprioritized',
  jobId,
  priority: 1,
  position: { level: 0, order: 1, tie: 1 },
})

/** It is due at 1 s, and every second from then on. */
export const scheduleSet = (schedule: string): Event => ({
  type: 'schedule_set',
  schedule,
  owner: 'billing',
  next: 1_000_000,
  everyMs: 1_000,
  tz: 'UTC',
  upTo: 1,
  withinMs: null,
  overlap: 'allow',
  job: {
    ...{ jobType: 'normal', kind: 'normal', models: ['sora'], priority: 0 },
    ...{ attempts: 3, timeoutMs: 60_000, expireMs: null, fairKey: null },
  },
})
