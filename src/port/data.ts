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
