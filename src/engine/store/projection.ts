import type { JobRow, RecordedEvent, StateRow } from '../core/index.ts'
import type { TurnView } from './append.ts'

/** The inner projection as it is stored. It must equal the fold of the log at `state.version`. */
export interface Projection {
  /** Includes the policy in force. */
  readonly state: StateRow
  /** By `job_id`, in the order of JavaScript's `<`. */
  readonly jobs: readonly JobRow[]
}

/** Which rows of the inner projection. */
export type ProjectionFilter =
  | {
      /** Jobs after this one, in the store's own order; null: from the first one. */
      readonly after: string | null
      /** 1..10,000. A page with fewer rows is the last one. */
      readonly limit: number
      /** Those that run alone. */
      readonly isActive?: true
    }
  | {
      /** These jobs: 10,000 at most. */
      readonly jobIds: readonly string[]
    }

/** Rows to write in place of the present ones. */
export interface RebuildRows extends Projection {
  /** The jobs to rebuild: one that has no row in `jobs` gets none. Absent: every job of the queue. */
  readonly jobIds?: readonly string[]
}

/** Rows that a trigger, a CHECK or a type of the user's table refuses. */
export interface RefusedRows {
  readonly target: string
  readonly sqlstate: string
  readonly rows: number
  /** The id of one of them. */
  readonly example: string
}

/** One step of the outer projection: how far the user's tables now follow the log. */
export interface ProjectStep {
  readonly projectedSeq: number
  readonly version: number
  readonly written: number
  /** Rows that could not be written (locked, or refused by a trigger or CHECK of the user) and will be tried again. */
  readonly setAside: number
  /** The rows of these that the user's tables refuse, by table and SQLSTATE. */
  readonly refused?: readonly RefusedRows[]
  /** Another process is at work, or a table is locked: nothing moved. */
  readonly busy: boolean
  /** How many of the user's tables there are to write. */
  readonly targets: number
  /** How long the database took, in milliseconds. */
  readonly tookMs?: number | undefined
}

/** The result of rebuilding the inner projection. `ok: false`: more was missed than one turn reads; nothing was changed. */
export type RebuildAnswer =
  | {
      readonly ok: true
      readonly version: number
      /** Rows that were wrong or superfluous, and rows that were written. */
      readonly removed: number
      readonly written: number
    }
  | { readonly ok: false; readonly version: number; readonly missed: readonly RecordedEvent[] }

/** Role "inner projection": the rows that appends maintain, to compare with the log or to write again. */
export interface ProjectionRole {
  /** The whole inner projection of one moment, for a queue that is not too long. Null if the queue was never opened. */
  projection(queue: string): Promise<Projection | null>
  /**
   * A part of it: the row of the queue, and rows of jobs of the same moment. The next page is of another moment: see the version
   * of its state. Null if the queue was never opened.
   */
  projectionPage(queue: string, filter: ProjectionFilter): Promise<Projection | null>
  /**
   * Makes rows of the inner projection again. Under the lock, `rowsAt` is called with what was missed since `since` and returns
   * the rows at that version, all of them or those of some jobs. It is one transaction; workers wait for it, then go on.
   */
  rebuild(queue: string, since: number, rowsAt: (view: TurnView) => RebuildRows): Promise<RebuildAnswer>
}

/** Role "the user's tables": their coordination columns follow the log, after the appends. */
export interface UserTablesRole {
  /**
   * Brings the coordination columns of the user's `jobs` and `workflow_executions` up to date: follows at most `batch`
   * (1..10,000) events, in a transaction of its own. A store without such tables answers `targets: 0`.
   */
  project(queue: string, batch: number): Promise<ProjectStep>
  /** Starts the outer projection again: {@link UserTablesRole.project} then follows the whole log once more. */
  reproject(queue: string): Promise<void>
}
