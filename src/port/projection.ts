import type { JobRow, RecordedEvent, StateRow } from '../core/index.ts'

/** The inner projection as it is stored, for `verify`: must equal the fold of the log at `state.version`. */
export interface Projection {
  /** With the policy in force. */
  readonly state: StateRow
  /** By `job_id`, in the order of JavaScript's `<`. */
  readonly jobs: readonly JobRow[]
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
