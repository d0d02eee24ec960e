/** What a server said of its failure. */
interface OfServer {
  /** SQLSTATE, or a code of PostgREST. */
  readonly sqlstate?: string
  /** The HTTP status; 0: there was no answer. */
  readonly status?: number
  /** After how many milliseconds the server wants to be asked again. */
  readonly retryAfterMs?: number
}

interface DetailsOfJob {
  readonly jobId?: string
}

interface OfMigration extends OfServer {
  /** The migration that the database has (null: none), and the one that this release needs. */
  readonly version?: string | null
  readonly needed?: string
}

interface OfEvent {
  /** The number of the event, or of the snapshot. */
  readonly seq?: number
}

type None = Readonly<Record<never, never>>

/** What a program is told of a failure, by its code: paths, numbers, ids. Never a secret, never a payload. */
export interface ErrorDetails {
  readonly invalid_input: OfServer & {
    /** Where it is wrong: `jobs[0].models`, the name of an option, or the file. */
    readonly path?: string
    /** In which line of the file. */
    readonly line?: number
    readonly bytes?: number
    /** The type of the event that the command would have made. */
    readonly type?: string
  }
  readonly job_exists: DetailsOfJob
  readonly job_not_live: DetailsOfJob
  readonly job_not_active: DetailsOfJob
  readonly stale_token: DetailsOfJob
  readonly not_holder: DetailsOfJob
  readonly job_ending: DetailsOfJob
  readonly models_required: DetailsOfJob
  readonly unknown_model: DetailsOfJob
  readonly fits_no_place: DetailsOfJob
  readonly use_over_limit: DetailsOfJob
  readonly parent_unknown: DetailsOfJob
  readonly parents_too_large: DetailsOfJob & { readonly bytes?: number }
  readonly flow_cycle: DetailsOfJob
  readonly fair_share_limit: DetailsOfJob
  readonly schedule_owned: None
  readonly schedule_unknown: None
  readonly command_reused: { readonly commandId?: string | undefined }
  readonly corrupt_log: OfEvent & {
    readonly path?: string
    readonly type?: string
    /** In which state of the machine the event came. */
    readonly state?: string
    /** The SQL function that gave an answer which nobody can read. */
    readonly function?: string
    /** False: that the log cannot be used could not be recorded. */
    readonly isHeld?: boolean
  }
  readonly archived: OfEvent & { readonly isHeld?: boolean | undefined }
  readonly log_went_back: {
    /** The event up to which this process had read, and the last one that is there now. */
    readonly known: number
    readonly version: number
    /** False: the new epoch could not be written; run `interlock recover --begin` before any process joins. */
    readonly isHeld?: boolean
  }
  readonly unknown_event: OfEvent & {
    readonly type?: string
    readonly version?: number
    readonly isHeld?: boolean
  }
  readonly unknown_queue: {
    readonly queue: string
    /** Those that exist. */
    readonly queues: readonly string[]
  }
  readonly not_migrated: OfMigration
  readonly database_older: OfMigration
  readonly database_newer: OfMigration &
    OfEvent & {
      /** The shape of snapshots or events that the database has, the least that is needed, and what this release reads. */
      readonly shape?: number
      readonly minReader?: number
      readonly reads?: number
      readonly isHeld?: boolean
    }
  readonly first_coordinator_active: OfServer
  readonly store_in_use: {
    readonly pid?: number
    readonly directory?: string
    readonly host?: string
  }
  readonly store_unavailable: OfServer & {
    /**
     * `not_joined`: this process has not reached the database yet. `unanswered`: no answer came in time. `unconfirmed`: no standby has the
     * commit. `no_primary`: no server takes writes.
     */
    readonly cause?: 'not_joined' | 'unanswered' | 'unconfirmed' | 'no_primary'
    readonly directory?: string
  }
  readonly store_unwritable: OfServer & { readonly directory?: string | undefined }
  readonly embedded_in_production: None
  readonly clock_unsteady: OfServer & { readonly queue?: string | undefined }
  readonly contention: OfServer & { readonly queue?: string | undefined }
  readonly workflow_queued: {
    readonly executionId: string
    /** A reason code, or `running`. */
    readonly reason: string
    readonly blockedBy: readonly string[]
    /** How many jobs stand ahead of it in line. */
    readonly ahead: number
    /** The same as `ahead`, by its former name. */
    readonly position: number
  }
  readonly submitted: {
    readonly requestId: string
    /** How many of the jobs are in line, as far as this process knows, and how many there are. */
    readonly inLine: number
    readonly of: number
  }
  readonly aborted: None
  readonly closed: None
}
