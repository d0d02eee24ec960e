import type { JobRow, RecordedEvent, StateRow } from '../core/index.ts'

/** The inner projection as it is stored, for `verify`: must equal the fold of the log at `state.version`. */
export interface Projection {
  /** With the policy in force. */
  readonly state: StateRow
  /** By `job_id`, in the order of JavaScript's `<`. */
  readonly jobs: readonly JobRow[]
}

/** Which rows of the inner projection are wanted. */
export type ProjectionFilter =
  | {
      /** Those that come after this job, in an order of the store's; null: from the first one. */
      readonly after: string | null
      /** 1..10,000; fewer rows than that: this page is the last one. */
      readonly limit: number
      /** Those that run alone. */
      readonly isActive?: true
    }
  | {
      /** Those of these jobs: 10,000 at most. */
      readonly jobIds: readonly string[]
    }

/** Rows to write in the place of those that are there. */
export interface RebuildRows extends Projection {
  /** Which jobs are meant: those of them without a row in `jobs` get none. Absent: every job of the queue. */
  readonly jobIds?: readonly string[]
}

/** Rows that a trigger, a CHECK or a type of the user refuses. */
export interface RefusedRows {
  readonly target: string
  readonly sqlstate: string
  readonly rows: number
  /** The id of one of them. */
  readonly example: string
}

/** One step of the outer projection: how far the user's tables follow the log now. */
export interface ProjectStep {
  readonly projectedSeq: number
  readonly version: number
  readonly written: number
  /** Rows that could not be written (locked, or refused by a trigger or CHECK of the user), to be tried again. */
  readonly setAside: number
  /** Of these, those that the user's tables refuse: by table and SQLSTATE. */
  readonly refused?: readonly RefusedRows[]
  /** Somebody else is at it, or a table is locked: nothing was moved. */
  readonly busy: boolean
  /** How many of the user's tables there are to write to. */
  readonly targets: number
}

/** What a rebuild of the inner projection did. `ok: false`: more was missed than one turn reads; nothing was changed. */
export type RebuildAnswer =
  | {
      readonly ok: true
      readonly version: number
      /** Rows that were wrong or too many, and rows written in their place. */
      readonly removed: number
      readonly written: number
    }
  | { readonly ok: false; readonly version: number; readonly missed: readonly RecordedEvent[] }
