import type { FailureCode, JobRecord, JobSpec, JobTrace, Json, Micros, ParentChoice } from '../core/index.ts'

/** What is kept of a job beside the log; null for what is not there. */
export interface JobData {
  readonly jobId: string
  readonly payload: Json
  readonly result: Json
  /** The error of the last attempt that failed: `{ name, message, stack? }`. */
  readonly error: Json
  /** What the last attempt noted for the next one. */
  readonly checkpoint: Json
  readonly progress: Json
  /** Where its trace comes from: as it was enqueued with, or as its row of `jobs` says. */
  readonly trace: JobTrace | null
  /** The user's row of `jobs` as JSON, by column name. Numbers beyond 2^53 lose digits. */
  readonly row: { readonly [column: string]: Json } | null
}

/** The progress and checkpoint of a running attempt. */
export interface AttemptNote {
  readonly jobId: string
  /** The fencing token of the attempt. */
  readonly token: number
  /** The next attempt gets it, and it is on disk when the call returns. Absent: unchanged; null: emptied. */
  readonly checkpoint?: Json
  /** For people. A crash of the server may lose it. */
  readonly progress?: Json
}

/** What a running attempt has noted as its progress. */
export interface NotedProgress {
  readonly jobId: string
  /** Absent: it is too long for a message. */
  readonly progress?: Json
}

/** Role "side data": what is kept of jobs beside the log. It may be deleted. */
export interface DataRole {
  /**
   * What is kept of these jobs (1,000 at most) beside the log: one entry for each id, in the order given. For a job that was
   * enqueued again, only the data of its present life.
   */
  data(queue: string, jobIds: readonly string[]): Promise<readonly JobData[]>
  /**
   * The results that are kept of these ended jobs, 10,000 at most, by id; or how many bytes they have, if that is more than 16 MB. Those of a
   * job that a live one comes after stay when the log is cut.
   */
  results(queue: string, jobIds: readonly string[]): Promise<ReadonlyMap<string, Json> | number>
  /** Keeps a note of a running attempt. False: the token is not the running attempt's, and nothing was written. */
  note(queue: string, note: AttemptNote): Promise<boolean>
  /**
   * The progress that is noted of these jobs (1,000 at most). `isAnnounced`: for `ms` from now on, those who listen at this store (`WakeRole`)
   * are told of each note. Otherwise ask again.
   */
  watch(
    queue: string,
    jobIds: readonly string[],
    ms: number,
  ): Promise<{ readonly isAnnounced: boolean; readonly notes: readonly NotedProgress[] }>
  /** Deletes what is kept of these jobs beside the log; the log stays. You may call it twice. */
  forget(queue: string, jobIds: readonly string[]): Promise<void>
}

/** Which dead letters; absent fields restrict nothing. */
export interface DeadQuery {
  readonly jobIds?: readonly string[]
  /** One of the models that the job needed. */
  readonly model?: string
  /** Jobs that ended at this time or later. */
  readonly since?: Micros
  /** Jobs that failed because of one of these. */
  readonly causes?: readonly string[]
  /** Also says what each job came after. */
  readonly links?: true
  /** Jobs whose end has a smaller sequence number: for the next page. */
  readonly before?: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** A job whose last life ended without success. */
export interface DeadJob {
  /** Which job. */
  readonly jobId: string
  /** The number of the event that ended it. */
  readonly seq: number
  /** When it ended. */
  readonly at: Micros
  /** Why the last attempt failed; or `lease_expired`: its worker was lost; `expired`: the job waited too long. */
  readonly code: FailureCode | 'lease_expired' | 'expired'
  /** How many attempts it had, without those that were given back. */
  readonly attempts: number
  /** What it was enqueued with; the models are those that it needed last. */
  readonly spec: JobSpec
  /** The number of the event with which its first life began. It stays the same when it is put in line again. */
  readonly life: number
  /** What the last attempt that failed threw, as `{ name, message, stack? }`; null: it gave none, or it was deleted. */
  readonly error: Json
  /** What it came after, if that was asked for; absent: no other job. */
  readonly after?: readonly ParentChoice[]
}

/** Role "dead letters": jobs that ended without success and that nobody has handled. */
export interface DeadLetterRole {
  /**
   * Jobs whose last life ended without success (a final `failed`, a final `lease_expired`, `expired`), except those that are in
   * line again or were dropped. The newest first.
   */
  dead(queue: string, filter: DeadQuery): Promise<readonly DeadJob[]>
  /** Takes dead letters off the list and deletes what is kept of them. Returns how many. You may call it twice. */
  drop(queue: string, jobIds: readonly string[]): Promise<number>
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
}
