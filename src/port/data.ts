import type { Json } from '../core/index.ts'

/** What is kept of a job beside the log. Null where there is nothing. */
export interface JobData {
  readonly jobId: string
  readonly payload: Json
  readonly result: Json
  /** Of the last attempt that failed: `{ name, message, stack? }`. */
  readonly error: Json
  /** What the last attempt noted for the next one. */
  readonly checkpoint: Json
  readonly progress: Json
  /** The user's row of `jobs` as JSON, by the names of its columns; numbers beyond 2^53 lose digits. */
  readonly row: { readonly [column: string]: Json } | null
}

/** How far a running attempt has come. */
export interface AttemptNote {
  readonly jobId: string
  /** The fencing token of the attempt. */
  readonly token: number
  /** Given to the next attempt; on the disk when the call returns. Absent: stays; null: emptied. */
  readonly checkpoint?: Json
  /** For people; may be lost with a crash of the server. */
  readonly progress?: Json
}

/** Role "side data": what is kept of jobs beside the log, and may be deleted. */
export interface DataRole {
  /**
   * What is kept of these jobs (1,000 at most) beside the log: one entry for each id, in the order given. Of a job that was
   * enqueued again only what its present life has.
   */
  data(queue: string, jobIds: readonly string[]): Promise<readonly JobData[]>
  /** Keeps a note of a running attempt. False, and nothing written: the token is not that of the running attempt. */
  note(queue: string, note: AttemptNote): Promise<boolean>
  /** Deletes what is kept of these jobs beside the log; the log stays. Twice does nothing more. */
  forget(queue: string, jobIds: readonly string[]): Promise<void>
}
