import type { JobSpec, Micros } from './job.ts'
import type { Policy } from './policy.ts'

/**
 * The events of `job_queue_log`. A name is a fact that happened; the set is closed: a reader that meets another
 * name stops (`unknown_event`) and never guesses.
 */
export const eventTypes = [
  'queued',
  'started',
  'completed',
  'blocked',
  'conflict',
  'failed',
  'cancel_requested',
  'cancelled',
  'expired',
  'lease_expired',
  'detached',
  'requeued',
  'due',
  'asked',
  'bypassed',
  'reprioritized',
  'policy_changed',
  'model_paused',
  'model_resumed',
  'drain_requested',
  'drained',
  'resumed',
  'epoch_changed',
  'voided',
] as const
export type EventType = (typeof eventTypes)[number]

/** Why a job waits, by precedence: the first one that applies is reported. */
export const reasonCodes = [
  'draining',
  'not_due',
  'model_paused',
  'rate_limited',
  'fair_share_limit',
  'model_in_use',
  'behind_in_line',
  'serialized',
  'at_capacity',
  'no_worker',
  'offered',
] as const
export type ReasonCode = (typeof reasonCodes)[number]

/**
 * Why an attempt failed (`released`: it was given back, see {@link requeueReasons}). The text of the error is in
 * `job_queue_data`, never in the log.
 */
export const failureCodes = [
  'handler_error',
  'timed_out',
  'non_retryable',
  'invalid_payload',
  'released',
  'unknown_end',
] as const
export type FailureCode = (typeof failureCodes)[number]

/** Why a job went back into the line. */
export const requeueReasons = ['retry', 'lease_expired', 'unacknowledged', 'later', 'drained'] as const
export type RequeueReason = (typeof requeueReasons)[number]

/** False for an attempt that was given back before it could do anything wrong. */
export function costsAttempt(reason: RequeueReason): boolean {
  return reason === 'retry' || reason === 'lease_expired'
}

/**
 * The place of a job in line: compared by `level`, then `order`, then `tie`; smaller goes first.
 * `level` is 0 unless priority is strict; `order` is `queued_at − priority × ageSeconds` in microseconds;
 * `tie` is the sequence number of the event that gave the place (fractions only after a `move`).
 */
export interface Position {
  readonly level: number
  readonly order: number
  readonly tie: number
}

/**
 * `final: false` on an end: another attempt follows, with the `requeued` of the same append.
 * `models` of `requeued`: what the job needs from now on; absent: the same as before.
 * `asked`: the enqueuing process waits for this job (`worker_id`). `intake`: it came as a row of `jobs`.
 *
 * `voided`: the event `of` could not be read by anybody; `as`: what to read in the place of its data; absent: it counts as nothing.
 * In its own place such an event reads as `voided` with its own number.
 *
 * Facts every event may carry. `offers`: jobs that this event made startable and that nobody has taken yet.
 */
interface Fact {
  readonly workerId?: string
  readonly offers?: readonly string[]
}

/** An event of this type, with its fields. */
type EventOf<Type extends EventType, Said extends object> = { readonly type: Type } & Readonly<Said>
/** An event of this type that names a job, with its fields. */
type OfJob<Type extends EventType, Said extends object = object> = EventOf<Type, { jobId: string } & Said>

export type Event = Fact &
  (
    | OfJob<'queued', Queued>
    | OfJob<'blocked' | 'conflict', { reason: ReasonCode; blockedBy: string | null; model: string | null }>
    | OfJob<'started', { workerId: string; attempt: number; models: readonly string[] }>
    | OfJob<'completed', { token: number }>
    | OfJob<'failed', { token: number; code: FailureCode; final: boolean }>
    | OfJob<'cancel_requested'>
    | OfJob<'cancelled', { token: number | null }>
    | OfJob<'expired'>
    | OfJob<'lease_expired', { token: number; workerId: string; final: boolean }>
    | OfJob<'detached', { token: number; until: Micros }>
    | OfJob<'requeued', { reason: RequeueReason; runAt: Micros | null; models?: readonly string[] }>
    | OfJob<'due'>
    | OfJob<'asked', { asker: string | null }>
    | OfJob<'bypassed', { jobType: JobSpec['jobType'] }>
    | OfJob<'reprioritized', { priority: number; position: Position }>
    | EventOf<'policy_changed', { policy: Policy }>
    | EventOf<'model_paused', { model: string; reason: string; until: Micros | null }>
    | EventOf<'model_resumed', { model: string }>
    | EventOf<'drain_requested' | 'drained' | 'resumed', object>
    | EventOf<'epoch_changed', { epoch: number }>
    | EventOf<'voided', { of: number; as?: { readonly [key: string]: unknown } }>
  )

interface Queued {
  spec: JobSpec
  asked?: boolean
  intake?: true
  /** For every life that somebody asked for by naming its job. */
  named?: true
}

/** An event as it is in the log: its number, its time, and the command that caused it. */
export type RecordedEvent = Event & {
  /** 1..n per queue, without gaps, in commit order; a safe integer. */
  readonly seq: number
  /** The time of the event; strictly rising within a queue. */
  readonly at: Micros
  readonly commandId: string
  /** {@link hash} of the command's body: it shows that an id is used again for something else. */
  readonly commandHash: number
}
