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

/** Role "the user's tables": their coordination columns follow the log, after the appends. */
export interface UserTablesRole {
  /**
   * Brings the coordination columns of the user's `jobs` and `workflow_executions` up to date: follows at most `batch`
   * (1..10,000) events, in a transaction of its own. A store without such tables answers `targets: 0`.
   */
  project(queue: string, batch: number): Promise<ProjectStep>
}
