/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * What an append writes to `job_queue_data` beside its events: what the append-only log must not hold, since people may
 * have to erase it. A field that is present is set (`null` empties it); one that is absent stays as it is. Whatever an
 * earlier life of the job left goes with the first change of a later one.
 */
export interface DataChange {
  readonly jobId: string
  readonly payload?: Json
  readonly result?: Json
  readonly error?: Json
  /** Given back with the payload when a dead job is tried again. */
  readonly checkpoint?: Json
}

/** Data that went ahead of the append: it is in the store under the id of its command, and the append takes it over. */
export interface StagedData {
  readonly commandId: string
  readonly jobId: string
}
