import type { JobSpec, JobType, Micros, Places, Tries } from '../values/job.ts'
import type { Policy } from '../values/policy.ts'

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** The W3C's trace context, as it comes with a job and goes on from it. */
export type TraceContext = {
  readonly traceparent: string
  readonly tracestate?: string
}

/** What is kept of a job's trace: the context that it came with, and the `traceparent` of its last attempt. */
export type JobTrace = {
  readonly traceparent?: string
  readonly tracestate?: string
  readonly last?: string
}

/**
 * What an append writes to `job_queue_data` beside its events: data that people may have to erase, so that the append-only log
 * must not hold it. A present field is set (`null` empties it); an absent one stays as it is. The first change of a later life
 * deletes what an earlier life left.
 */
export interface DataChange {
  readonly jobId: string
  readonly payload?: Json
  readonly result?: Json
  readonly error?: Json
  /** Given back with the payload when a dead job is tried again. */
  readonly checkpoint?: Json
  /** Where the trace of the job comes from. */
  readonly trace?: JobTrace
}

/**
 * Data that went ahead of the append: the store has it under the id of its command, and the append takes it over. `as`: its payload becomes
 * that of this job, which stands for the other.
 */
export interface StagedData {
  readonly commandId: string
  readonly jobId: string
  readonly as?: string
}

/** How a row says that nobody knows when its job is due: the last time that can be said, in 2255. The view of positions knows it (62_positions.sql). */
export const DUE_AFTER_PARENTS: Micros = Number.MAX_SAFE_INTEGER

/** A row of `job_queue_jobs`: one live job, as SQL shows it. Times are microseconds; the store turns them into dates. */
export interface JobRow extends Tries {
  readonly job_id: string
  readonly state: 'waiting' | 'active'
  readonly job_type: JobType
  readonly kind: string
  readonly models: readonly string[]
  readonly priority: number
  readonly place_level: number
  readonly place_order: number
  readonly place_tie: number
  readonly queued_at: Micros
  /** When it becomes due, if it is not due yet. {@link DUE_AFTER_PARENTS} while it waits for jobs that it comes after. */
  readonly due_at: Micros | null
  /** For a waiting job: when its waiting ends (queue expiry). For an active one: when its attempt times out. */
  readonly expires_at: Micros | null
  readonly timeout_ms: number
  /** Null for a waiting job, and for an active one that is detached. */
  readonly worker_id: string | null
  readonly fencing_token: number | null
  readonly started_at: Micros | null
  /** What it asks of a place of one of its models; null: nothing, so it takes all of each place. */
  readonly asks: JobSpec['asks'] | null
  /** For an active job: the place of each of its models that has places. */
  readonly places: Places | null
  /** Those of its models of which it takes all places. */
  readonly whole: readonly string[] | null
  readonly cancel_requested: boolean
  readonly blocked_by_job_id: string | null
  /** The model for which it waits behind the blocker, or that is paused; null: it waits in the line of the whole queue. */
  readonly blocked_on: string | null
  readonly conflict_reason: string | null
}

/** The row of `job_queue_state`. `policy` only when it changed. */
export interface StateRow {
  readonly status: 'idle' | 'running' | 'draining'
  readonly version: number
  readonly active_job_id: string | null
  readonly active_job_type: JobType | null
  readonly active_models: readonly string[]
  readonly active_count: number
  readonly waiting_count: number
  readonly policy: Policy | null
  /** The processes that have said which places they serve; null: none has. */
  readonly servers: readonly string[] | null
  readonly drained_at: Micros | null
  readonly updated_at: Micros
}

/**
 * The inner projection's rows after an append: upserts, deletions, and the queue's state. `data`: payloads, results and errors
 * that belong to its events, each job once; absent if there are none. `staged`: the same for data that the store has already.
 */
export interface ProjectionChanges {
  readonly state: StateRow
  readonly jobs: readonly JobRow[]
  readonly gone: readonly string[]
  readonly data?: readonly DataChange[]
  readonly staged?: readonly StagedData[]
}
