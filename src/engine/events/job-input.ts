import type { JobSpec, JobType, Uses } from '../core/index.ts'
import type { DedupeInput, DurationText } from './dedupe.ts'

/** A job that another one comes after. */
export interface AfterInput {
  /** Its id: live, in the same call, or one that has ended; or its `ref`. */
  readonly job: string
  /** What becomes of the job if that one fails, expires or is cancelled: it fails too, or runs all the same. @defaultValue `fail` */
  readonly ifFailed?: 'fail' | 'continue' | undefined
}

/** What any job says of itself, also one of a schedule. Missing fields get their defaults. */
export interface JobShape {
  /** `normal` or `workflow`. @defaultValue `normal` */
  readonly jobType?: JobType | undefined
  /**
   * The models that it needs: at most 100, in the order given, without duplicates.
   * @defaultValue those of its kind (`defineQueue`; through a worker, those of its handler), else none: it runs beside all other jobs
   */
  readonly models?: readonly string[] | undefined
  /**
   * How it has a model: `shared`, it takes one place of it; `exclusive`, it takes all places, so that no other job has the model meanwhile. By
   * the name of one of its models.
   * @defaultValue `shared`
   */
  readonly modes?: Readonly<Record<string, 'shared' | 'exclusive'>> | null | undefined
  /** −1,000 to 1,000. One level is worth `ageSeconds` of waiting (the policy: 60 s). @defaultValue 0 */
  readonly priority?: number | undefined
  /** How many attempts it has, at most 1,000. @defaultValue 3; 1 through the gate */
  readonly attempts?: number | undefined
  /**
   * How long an attempt may run, in milliseconds. Then its worker ends it, or 5 s later any process does.
   * @defaultValue one hour
   */
  readonly timeoutMs?: number | undefined
  /** How long it may wait since it last became waiting, in milliseconds. @defaultValue no limit */
  readonly expireMs?: number | null | undefined
  /** Who owns it (a customer, say), for `fairShare` in the policy: 1 to 200 characters. @defaultValue nobody */
  readonly fairKey?: string | null | undefined
  /**
   * A word to find it by, with others that have the same (`jobs`, `interlock jobs --tag`): 1 to 200 characters. It has no effect on when it
   * starts.
   * @defaultValue none
   */
  readonly tag?: string | null | undefined
  /**
   * By one of its models: what it takes of one place of that model, such as `{ 'flux-dev': { vram: 20 } }`: whole numbers from 1, of the units
   * that the policy says the places have (`units`). More than any of them has is refused (`fits_no_place`).
   * @defaultValue all of each place
   */
  readonly asks?: JobSpec['asks'] | null
  /**
   * How much of which resources each of its attempts is expected to use (`{ 'openai-tpm': 1800 }`), at most 20: whole numbers from 1 to
   * 100,000,000. It starts when the limits of the policy (`uses`) have room for all of it; what it did use counts from its end on. A job that
   * uses something needs a model.
   * @defaultValue nothing
   */
  readonly uses?: Uses | null | undefined
}

/** What one job says of itself. */
export interface JobFields extends JobShape {
  /**
   * 1 to 200 characters, no control characters. Give one to put the same job in line only once.
   * @defaultValue a new one (UUID v7), which the answer says
   */
  readonly jobId?: string | undefined
  /** A name for it in this call: `after` of the other jobs may say it instead of an id, and the answer says its id (`ids`). @defaultValue none */
  readonly ref?: string | undefined
  /**
   * It must not start before this time: a Date, or a text with a time zone such as `2026-11-24T15:00:00Z`.
   * @defaultValue at once
   */
  readonly runAt?: Date | string | null | undefined
  /**
   * How long its id is taken, from when it is put in line: a whole number of `s`, `m`, `h` or `d` such as `24h` (at most `365d`), or
   * `for ever`. Enqueued `once` again, the same job is `known`, also when it has ended; another one is refused (`job_exists`).
   * @defaultValue while it is live
   */
  readonly once?: DurationText | 'for ever' | null | undefined
  /**
   * Its key, and for how long it has it. While another job has that key, this one is not put in line: that one stands for it, and the answer
   * says which.
   * @defaultValue no other job stands for it
   */
  readonly dedupe?: DedupeInput | null | undefined
  /**
   * The jobs that have to end before it: ids or names of this call (`ref`), or `{ job, ifFailed }`; at most 10,000, each once. They are live,
   * come in the same call (in any order), or have ended. Until then it stands in no line; its place and `expireMs` count from when the last of them has ended.
   * @defaultValue none
   */
  readonly after?: readonly (string | AfterInput)[] | null | undefined
  /**
   * The W3C's trace context to which it belongs, as the header has it: kept beside the log, for `telemetry`. One that is not valid
   * is ignored.
   * @defaultValue the context of the call, if `telemetry` propagates it
   */
  readonly traceparent?: string | null | undefined
  /** The rest of that trace context. @defaultValue the context of the call */
  readonly tracestate?: string | null | undefined
}

/** A job that a program asks for. Missing fields get their defaults. */
export interface EnqueueInput extends JobFields {
  /** Which handler runs it. @defaultValue the job type */
  readonly kind?: string | undefined
  /**
   * What its handler gets: any JSON value, 1 MB at most, 16 MB in one call. Kept in `job_queue_data`, never in the log. If the job
   * is live with another payload, the call fails with `job_exists`; without a payload, the job keeps the one it has.
   * @defaultValue none
   */
  readonly payload?: unknown
}
