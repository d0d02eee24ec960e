import type { JobRecord, Micros } from '../core/index.ts'

/** How many there are, of each way in: commands by SQL, and rows of `jobs`. Counted up to 10,001. */
export interface WaysIn {
  readonly commands: number
  readonly rows: number
}

/** A job that somebody submitted, and that is not in the queue. */
export interface SubmittedJob {
  /** Null: its row of `jobs` has no id, or an impossible one. */
  readonly jobId: string | null
  readonly state: 'submitted' | 'refused'
  /** `undecided` or `arrived`; of a refused one `not_taken_in`, or the code of the refusal. */
  readonly code: string
  /** When it was submitted, or refused. */
  readonly at: Micros
  /** Of the command; null for a row. */
  readonly requestId: string | null
  /** Why it was refused; null: nobody has decided. */
  readonly message: string | null
}

/** What came in by SQL and as rows of `jobs`, and is not in the queue. */
export interface Submitted {
  /** What nobody has decided yet, and since when the oldest of it waits. Commands of any kind count. */
  readonly undecided: WaysIn & { readonly oldestAt: Micros | null }
  /**
   * What was refused and has not come in since: commands that would have put jobs in line, for a day; rows until they come in.
   */
  readonly refused: WaysIn
  /** Undecided ones, the oldest first; then refused ones, the newest first. */
  readonly jobs: readonly SubmittedJob[]
}

/** What the database knows of one job, at this version of the log and this time of its clock. */
export interface KeptOfJob extends JobRecord {
  readonly version: number
  readonly now: Micros
}

/** Role "submissions": what the log does not say of a job. Reads only. */
export interface SubmissionRole {
  /** What the database knows of one job beside the ledger. */
  ofJob(queue: string, jobId: string): Promise<KeptOfJob>
  /** @param limit how many jobs of each state at most: 0 to 1,000 */
  submitted(queue: string, limit: number): Promise<Submitted>
}
