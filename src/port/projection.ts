import type { JobRow, RecordedEvent, StateRow } from '../core/index.ts'
import type { TurnView } from './append.ts'

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

/** Role "inner projection": the rows that the appends keep, for those who compare them with the log or write them again. */
export interface ProjectionRole {
  /** The whole inner projection of one moment, for a queue that is not too long for it. Null when the queue has never been opened. */
  projection(queue: string): Promise<Projection | null>
  /**
   * A part of it: the row of the queue, and rows of jobs of the same moment. The next page is of another moment, which the version of
   * its state tells. Null when the queue has never been opened.
   */
  projectionPage(queue: string, filter: ProjectionFilter): Promise<Projection | null>
  /**
   * Makes rows of the inner projection again: under the lock, `rowsAt` is shown what was missed since `since` and gives the rows
   * of the log at that version, all of them or those of some jobs. One transaction; workers wait for it, and go on as if
   * nothing had happened.
   */
  rebuild(queue: string, since: number, rowsAt: (view: TurnView) => RebuildRows): Promise<RebuildAnswer>
}

/** Role "the user's tables": their coordination columns follow the log, after the appends. */
export interface UserTablesRole {
  /**
   * Brings the coordination columns of the user's `jobs` and `workflow_executions` up to date with the log, following at
   * most `batch` (1..10,000) events, in a transaction of its own. A store without such tables answers `targets: 0`.
   */
  project(queue: string, batch: number): Promise<ProjectStep>
  /** Starts the outer projection again: {@link UserTablesRole.project} then walks the whole log again. */
  reproject(queue: string): Promise<void>
}
