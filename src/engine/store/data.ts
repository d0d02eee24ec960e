import type { JobTrace, Json } from '../core/index.ts'

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

/** A payload that is kept beside the log, and what its `queued` event says of it. */
export interface KeptPayload {
  readonly jobId: string
  readonly payload: Json
  /** The number of the event; null: it is in neither log nor archive any more. */
  readonly seq: number | null
  /** The hash of the payload as it was enqueued; null: the event has none. */
  readonly hash: number | null
}

/** Role "side data": what is kept of jobs beside the log. It may be deleted. */
export interface DataRole {
  /**
   * What is kept of these jobs (1,000 at most) beside the log: one entry for each id, in the order given. For a job that was
   * enqueued again, only the data of its present life.
   */
  data(queue: string, jobIds: readonly string[]): Promise<readonly JobData[]>
  /**
   * A page of the payloads that are kept, of jobs whose ids come after this one in the order of the store, `''` for the first page: some
   * 4 MB at most. Empty: there are no more.
   */
  payloads(queue: string, after: string): Promise<readonly KeptPayload[]>
  /** Keeps a note of a running attempt. False: the token is not the running attempt's, and nothing was written. */
  note(queue: string, note: AttemptNote): Promise<boolean>
  /** Deletes what is kept of these jobs beside the log; the log stays. You may call it twice. */
  forget(queue: string, jobIds: readonly string[]): Promise<void>
}
