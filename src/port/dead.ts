import type { FailureCode, JobSpec, Json, Micros } from '../core/index.ts'

/** Which dead letters; what is absent restricts nothing. */
export interface DeadFilter {
  readonly jobIds?: readonly string[]
  /** One of the models that the job needed. */
  readonly model?: string
  /** Those that ended then or later. */
  readonly since?: Micros
  /** Those whose end has a smaller sequence number: to page on. */
  readonly before?: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** A job whose last life ended without success. */
export interface DeadJob {
  readonly jobId: string
  /** Of the event that ended it. */
  readonly seq: number
  readonly at: Micros
  /** Why the last attempt failed; or it was lost with its lease, or the job waited too long. */
  readonly code: FailureCode | 'lease_expired' | 'expired'
  /** How many attempts were started. */
  readonly attempts: number
  /** What it was asked to be; the models are those that it needed last. */
  readonly spec: JobSpec
  /** `{ name, message, stack? }` of the last attempt that failed; null when nothing was told, or it was deleted. */
  readonly error: Json
}

/** Role "dead letters": jobs that ended without success and that nobody has dealt with. */
export interface DeadLetterRole {
  /**
   * Jobs whose last life ended without success (a final `failed`, a final `lease_expired`, `expired`), that are not in line again
   * and were not dropped: the newest first.
   */
  dead(queue: string, filter: DeadFilter): Promise<readonly DeadJob[]>
  /** Takes dead letters off that list and deletes what is kept of them. Returns how many; twice does nothing more. */
  drop(queue: string, jobIds: readonly string[]): Promise<number>
}
