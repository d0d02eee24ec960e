import type { JobOutcome, JobSpec, Micros, Places, Uses } from './job.ts'
import type { Policy } from './policy.ts'
import type { ScheduleRule, SkipReason } from './schedule.ts'

/**
 * The events of `job_queue_log`. A name is a fact that happened; the set is closed: a reader that meets another
 * name stops (`unknown_event`) and never guesses.
 */
export const eventTypes = [
  /**
   * A job came into the queue, with its spec and the hash of its payload. `named`: somebody asked for this life of it, by its id. `once`: for how many
   * milliseconds its id stays taken (0: for ever), with `body`, the hash of its spec. `dedupe`: the digest of its key, and for how long it
   * has it. `due`: its schedule fired it for this time, and is due again at `next`; `nth`: other jobs had its id, so it has another.
   * `submission`: the number under which a transaction submitted it. `whole`: the models of which it takes all places. `retryOf`: a retry
   * of a dead job, whose first life began with this event.
   */
  'queued',
  /** A job did not come into the queue: another one, `standsFor`, has its key and stands for it. */
  'deduplicated',
  /** A waiting job has another payload or starts later, since another one came with its key. */
  'debounced',
  /**
   * An attempt began. The number of this event is its fencing token. `places`: the places that it got. `batch`: it began together with
   * others, for one handler; the number of the first start among them. They share their models and a slot until the last has ended.
   * `warm`: how many seconds of loading were saved by passing jobs ahead. `without`: kinds of jobs ahead that the process does not run.
   */
  'started',
  /** The job is done. */
  'completed',
  /** The job had to wait when it came, for another reason than a model in use. */
  'blocked',
  /** The job had to wait when it came: a model that it needs is in use. */
  'conflict',
  /**
   * An attempt failed or was given back. `final: true`: the job has failed; `false`: `requeued` follows in the same append. Without a
   * token: a job failed before its first attempt, since one that it comes after did not complete; `cause`: the one where that began.
   */
  'failed',
  /** Somebody asked an active job to stop. It keeps its models until its attempt ends. */
  'cancel_requested',
  /** Somebody ended the job. */
  'cancelled',
  /** The job waited longer than `expireMs`. */
  'expired',
  /** An attempt was lost with the lease of its worker process. `final` means the same as in `failed`. */
  'lease_expired',
  /** An attempt no longer depends on the lease of its worker process. It ends at its deadline at the latest. */
  'detached',
  /** The running attempt gave back one of its models, with its place. It cannot take it again. */
  'model_released',
  /** Another attempt follows: with the reason, when it is due, and its models if they have changed. */
  'requeued',
  /** The time of a waiting job has come. It is in line now. */
  'due',
  /** A process waits at the gate for the job, or no longer does. */
  'asked',
  /** A job without models ran outside the queue. */
  'bypassed',
  /** A waiting job has another priority or position. */
  'reprioritized',
  /** The policy changed, for all starts to come. `passesStay`: counts of how often jobs were passed for loaded models are kept. */
  'policy_changed',
  /** No job that needs the model starts: with a reason, and the time at which the pause ends. */
  'model_paused',
  /** Jobs that need the model may start again. */
  'model_resumed',
  /** No job starts any more. */
  'drain_requested',
  /** The last active job of a draining queue has ended. */
  'drained',
  /** Jobs may start again. */
  'resumed',
  /** Somebody restored the database, or declared events void. Tokens of earlier epochs are void. */
  'epoch_changed',
  /** An earlier event that nobody can read is void. It is read as a similar event, or counts as nothing. */
  'voided',
  /**
   * An owner declared a schedule, or changed it: with what its jobs get, and the next due time. `since`: due times after that fire, since
   * it was declared before its first one came; absent: those after the event.
   */
  'schedule_set',
  /** A schedule is gone. Its jobs are not. */
  'schedule_removed',
  /** A schedule fires nothing until it is resumed. */
  'schedule_paused',
  /** A schedule fires again, from this due time on. */
  'schedule_resumed',
  /** The due times from `due` until before `next` were not fired: with the reason. */
  'schedule_skipped',
  /**
   * A waiting job comes after these, 500 at most. `goesOn`: it runs even if one of them does not complete. `outcome`: how they had ended
   * before; absent: they were live.
   */
  'linked',
  /** All jobs that it comes after have ended. It is in line now, or waits for its time. */
  'released',
  /** The end of a job with many children was taken into account for the next of them. */
  'end_propagated',
  /**
   * A process serves these places, by names or patterns, and gets no others. As long as a live process has named places, a place that
   * none of them serves is given to nobody. No place: it takes jobs that need none. `keeps`: how many models it keeps loaded in each of its places. Without `places` it serves
   * everything that somebody serves.
   */
  'worker_serves',
  /** A process that has said which places it serves, or how many models it keeps, has `left`, or its lease was over. */
  'worker_gone',
] as const
export type EventType = (typeof eventTypes)[number]

/** Why a job waits, by precedence: the first one that applies is reported. */
export const reasonCodes = [
  /** The queue is draining. */
  'draining',
  /** Jobs that it comes after have not ended. */
  'waits_for_parents',
  /** Its time has not come. */
  'not_due',
  /** No place of its model has as much as it asks, even when nobody is there. */
  'fits_no_place',
  /** A model that it needs is paused. */
  'model_paused',
  /** It asks for more of a resource than its limit ever allows. */
  'use_over_limit',
  /** A model that it needs has reached its rate, or a resource that it uses its limit. */
  'rate_limited',
  /** Its fair key has used up its share. */
  'fair_share_limit',
  /** A model that it needs is in use. */
  'model_in_use',
  /** Jobs ahead in line have a right to a model that it needs. */
  'behind_in_line',
  /** Another job runs, and the queue runs one job at a time. */
  'serialized',
  /** As many jobs run as the policy allows. */
  'at_capacity',
  /** No live worker has a free slot and a handler for its kind, or none serves places for it. `doctor` and `status` say `busy` if only a slot is missing. */
  'no_worker',
  /** It may start, and no worker has taken it yet. */
  'offered',
] as const
export type ReasonCode = (typeof reasonCodes)[number]

/**
 * Why an attempt failed (`released`: it was given back, see {@link requeueReasons}). The text of the error is in
 * `job_queue_data`, never in the log.
 */
export const failureCodes = [
  /** The handler failed. */
  'handler_error',
  /** The attempt took longer than `timeoutMs`, or a detached one passed its deadline. */
  'timed_out',
  /** The thread of the handler ended before the handler did: `process.exit`, most likely (`inThread`). */
  'thread_exited',
  /** The handler reached the memory limit of its thread (`inThread`). */
  'out_of_memory',
  /** The handler said that another attempt is useless. */
  'non_retryable',
  /** The handler cannot use the payload: its schema refuses it, or nobody can read it. */
  'invalid_payload',
  /** The handler has said its end in a transaction of its own (`completeIn`), which was not committed when it returned. */
  'completion_rolled_back',
  /** The attempt was given back. */
  'released',
  /** A job that it comes after did not complete. */
  'parent_failed',
  /** A backup was restored, and somebody decided that the attempt counts as failed (`interlock recover --fail`). */
  'unknown_end',
] as const
export type FailureCode = (typeof failureCodes)[number]

/** Why a job went back into the line. */
export const requeueReasons = [
  /** It failed, and attempts are left. */
  'retry',
  /** Its worker process lost its lease. */
  'lease_expired',
  /** It was started for a caller at the gate that did not take it within 5 s. */
  'unacknowledged',
  /** Its handler asked for another time, or for other models. */
  'later',
  /** Its worker stopped before it was done. */
  'drained',
] as const
export type RequeueReason = (typeof requeueReasons)[number]

/** False for an attempt that was given back before it could do anything wrong. */
export function costsAttempt(reason: RequeueReason): boolean {
  return reason === 'retry' || reason === 'lease_expired'
}

/**
 * The position of a job in line: compared by `level`, then `order`, then `tie`; smaller goes first.
 * `level` is 0 unless priority is strict; `order` is `queued_at − priority × ageSeconds` in microseconds;
 * `tie` is the sequence number of the event that gave the position (fractions only after a `move`).
 */
export interface Position {
  readonly level: number
  readonly order: number
  readonly tie: number
}

/**
 * `final: false` on an end: another attempt follows, with the `requeued` of the same append.
 * `models` of `requeued`: what the job needs from now on; absent: what its last attempt had at its end.
 * `asked`: the enqueuing process waits for this job (`worker_id`). `intake`: it came as a row of `jobs`.
 *
 * `voided`: the event `of` could not be read by anybody; `as`: what to read in the place of its data; absent: it counts as nothing.
 * In its own place such an event reads as `voided` with its own number.
 *
 * `used` on an end: how much of which resources the attempt has used; of those that it does not name, what it had reserved.
 *
 * `debounced`: what differs from before: `runAt`, when it is due (null: as before), and the hash of its payload.
 *
 * Facts every event may carry.
 */
interface Fact {
  /** The process that did it; absent: the log does not say. */
  readonly workerId?: string
  /** Jobs that may start since this event, and that nobody has taken yet; absent: none. */
  readonly offers?: readonly string[]
}

/** An event of this type, with its fields. */
type EventOf<Type extends EventType, Said extends object> = { readonly type: Type } & Readonly<Said>
/** An event of this type that names a job, with its fields. */
type OfJob<Type extends EventType, Said extends object = object> = EventOf<Type, { jobId: string } & Said>
/** An event of this type that names a schedule, with its fields. */
type OfSchedule<Type extends EventType, Said extends object = object> = EventOf<
  Type,
  { schedule: string } & Said
>

export type Event = Fact &
  (
    | OfJob<'queued', Queued>
    | OfJob<'deduplicated', Deduplicated>
    | OfJob<'debounced', { runAt: Micros | null; hasData?: true; payloadHash?: number }>
    | OfJob<'blocked' | 'conflict', { reason: ReasonCode; blockedBy: string | null; model: string | null }>
    | OfJob<'started', AttemptStart>
    | OfJob<'completed', { token: number; used?: Uses }>
    | OfJob<
        'failed',
        { token: number | null; code: FailureCode; final: boolean; cause?: string; used?: Uses }
      >
    | OfJob<'cancel_requested'>
    | OfJob<'cancelled', { token: number | null; used?: Uses }>
    | OfJob<'expired'>
    | OfJob<'lease_expired', { token: number; workerId: string; final: boolean }>
    | OfJob<'detached', { token: number; until: Micros }>
    | OfJob<'model_released', { token: number; model: string }>
    | OfJob<'requeued', { reason: RequeueReason; runAt: Micros | null; models?: readonly string[] }>
    | OfJob<'due'>
    | OfJob<'asked', { asker: string | null }>
    | OfJob<'bypassed', { jobType: JobSpec['jobType'] }>
    | OfJob<'reprioritized', { priority: number; position: Position }>
    | EventOf<'policy_changed', { policy: Policy; passesStay?: true }>
    | EventOf<'model_paused', { model: string; reason: string; until: Micros | null }>
    | EventOf<'model_resumed', { model: string }>
    | EventOf<'drain_requested' | 'drained' | 'resumed', object>
    | EventOf<'epoch_changed', { epoch: number }>
    | EventOf<'voided', { of: number; as?: { readonly [key: string]: unknown } }>
    | OfSchedule<
        'schedule_set',
        { owner: string; revision?: number; next: Micros | null; since?: Micros } & ScheduleRule
      >
    | OfSchedule<'schedule_removed', { revision?: number }>
    | OfSchedule<'schedule_paused'>
    | OfSchedule<'schedule_resumed', { next: Micros | null }>
    | OfSchedule<'schedule_skipped', { due: Micros; next: Micros | null; reason: SkipReason }>
    | OfJob<'linked', { after: readonly string[]; goesOn?: true; outcome?: JobOutcome }>
    | OfJob<'released', { runAt: Micros | null }>
    | EventOf<'end_propagated', { parent: string }>
    | EventOf<'worker_serves', { workerId: string; places?: readonly string[]; keeps?: number }>
    | EventOf<'worker_gone', { workerId: string; left?: true }>
  )

interface AttemptStart {
  workerId: string
  attempt: number
  models: readonly string[]
  places?: Places
  batch?: number
  warm?: number
  without?: readonly string[]
  /** What it is expected to use, in microseconds of a model, where the policy has weights. */
  expects?: number
  /** It was chosen among the first jobs of all fair keys: what its key had used by then, over its weight. */
  virtualTime?: number
}

/** With `once`: what the store remembers of it, as of a job that came into line. */
interface Deduplicated extends Partial<Pick<JobSpec, 'once' | 'hasData' | 'payloadHash'>> {
  standsFor: string
  key: string
  body?: number
  intake?: true
  submission?: number
}

interface Queued {
  spec: JobSpec
  /** With `once`: {@link bodyOf} the spec, which the store remembers in its place. */
  body?: number
  asked?: boolean
  intake?: true
  /** It was committed in a transaction of its submitter, under this number: job_queue_submissions. */
  submission?: number
  /** For every life that somebody asked for by naming its job. */
  named?: true
  /** For a job that its schedule fired: the due time. */
  due?: Micros
  /** With `due`: the next one; absent: there is none. */
  next?: Micros
  /** With `due`: others had the ids before this one, which ends with `~2`, `~3`, … */
  nth?: number
  /** The number of the `queued` event of the life that is tried again, or of the one that that one tried again. */
  retryOf?: number
}

/** A release that reads only shapes below does not know `retryOf`. */
export const RETRY_OF_SINCE = 7
/** One of before knows only one id for each due time. */
export const NTH_SINCE = 7
/** `since` of `schedule_set`: one of before refuses what such a schedule fires. */
export const SET_LATE_SINCE = 7

/** A row of `jobs` was taken in: its job came into line, or another stands for it. */
export const isOfRow = (event: Event): event is Event & { readonly type: 'queued' | 'deduplicated' } =>
  (event.type === 'queued' || event.type === 'deduplicated') && event.intake === true

/** An event as it is in the log: its number, its time, and the command that caused it. */
export type RecordedEvent = Event & {
  /** 1..n per queue, without gaps, in commit order; a safe integer. */
  readonly seq: number
  /** Its time; strictly rising within a queue. */
  readonly at: Micros
  /** The command that caused it. */
  readonly commandId: string
  /** {@link hash} of the command's body: it shows that an id is used again for something else. */
  readonly commandHash: number
}
