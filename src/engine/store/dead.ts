import type { FailureCode, JobSpec, Json, Micros } from '../core/index.ts'

/** Which dead letters; absent fields restrict nothing. */
export interface DeadFilter {
  readonly jobIds?: readonly string[]
  /** One of the models that the job needed. */
  readonly model?: string
  /** Jobs that ended at this time or later. */
  readonly since?: Micros
  /** Jobs whose end has a smaller sequence number: for the next page. */
  readonly before?: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** A job whose last life ended without success. */
export interface DeadJob {
  readonly jobId: string
  /** The number of the event that ended it. */
  readonly seq: number
  readonly at: Micros
  /** Why the last attempt failed; or that its lease expired, or that the job waited too long. */
  readonly code: FailureCode | 'lease_expired' | 'expired'
  /** How many attempts were started. */
  readonly attempts: number
  /** What it was enqueued with; the models are those that it needed last. */
  readonly spec: JobSpec
  /** `{ name, message, stack? }` of the last attempt that failed; null if it gave none, or it was deleted. */
  readonly error: Json
}

/** Role "dead letters": jobs that ended without success and that nobody has handled. */
export interface DeadLetterRole {
  /**
   * Jobs whose last life ended without success (a final `failed`, a final `lease_expired`, `expired`), except those that are in
   * line again or were dropped. The newest first.
   */
  dead(queue: string, filter: DeadFilter): Promise<readonly DeadJob[]>
  /** Takes dead letters off the list and deletes what is kept of them. Returns how many. You may call it twice. */
  drop(queue: string, jobIds: readonly string[]): Promise<number>
}
