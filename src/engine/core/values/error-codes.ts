/**
 * What an error means for the caller:
 *
 * - `refusal`: the queue does not carry out this command, now or later; it concerns nobody else
 * - `outage`: the database does not answer; it may be back in a moment
 * - `busy`: the database answers, but others were in the way, or the call was late; it may be different in a moment
 * - `unwritable`: the database answers but takes no writes; a person has to repair it, unless it is a fail-over ({@link isReadOnly})
 * - `log`: the log has something that cannot be folded, or lacks something
 * - `setup`: something was set up wrong: the schema, the address, another process
 * - `ended`: the call, or what it waited for, was ended
 */
export type FailureKind = 'refusal' | 'outage' | 'busy' | 'unwritable' | 'log' | 'setup' | 'ended'

/**
 * Every failure Interlock reports has one of these codes; programs branch on the code, people read the message.
 * The message always ends with what to do. The table of docs/reference/errors.md is made from these comments.
 */
export const failureKinds = {
  /** Something that you gave is out of bounds. The message names its path. To do: correct it. */
  invalid_input: 'refusal',
  /**
   * The id is live with another spec, or with another payload; or such a job was enqueued `once`. To do: wait for its end, or until
   * its time is over; cancel it; or use another id.
   */
  job_exists: 'refusal',
  /** The job is neither waiting nor active. To do: `interlock explain <job>` says how it ended. */
  job_not_live: 'refusal',
  /**
   * The attempt that you wanted to end does not run: it ended, was lost with its lease, or never began. To do: discard its result.
   */
  job_not_active: 'refusal',
  /**
   * The token is not that of the running attempt: a newer one runs, or none ever had it. The message says which. To do: discard the
   * result.
   */
  stale_token: 'refusal',
  /** The job is active in another process. To do: ask again when it has ended, or pass its fencing token. */
  not_holder: 'refusal',
  /**
   * The handler of the job ends the attempt in a transaction of its own (`completeIn`), which is committed and not written into the log
   * yet, or commits at this moment. To do: nothing; `interlock explain <job>` says what came of it. If it stays so, `interlock doctor` names
   * the session that keeps such a transaction open.
   */
  job_ending: 'refusal',
  /** The job names no model, and the policy refuses such jobs. To do: name its models, or set `emptySet`. */
  models_required: 'refusal',
  /**
   * The job needs a model that the policy does not declare. The message names the one that you probably meant. To do: correct the
   * name, or declare the model: `interlock policy set --models <model>`.
   */
  unknown_model: 'refusal',
  /**
   * What the job asks of one place (`asks`) is more than any place of that model has (`units`). To do: ask for less, or say in the policy that a place has more:
   * `interlock policy set --units <place=name:n>`.
   */
  fits_no_place: 'refusal',
  /**
   * The job asks for more of a resource (`uses`) than the policy allows in one of its windows. To do: ask for less, or raise the limit:
   * `interlock policy set --uses <resource=limit/seconds>`.
   */
  use_over_limit: 'refusal',
  /**
   * A job is to come after one that is not live and never ended, as far as the log and its archive say. The message names the path. To
   * do: enqueue that one in the same call or before, or correct its id.
   */
  parent_unknown: 'refusal',
  /** The results of a job's parents have more than 16 MB in all. To do: ask without results, and read those that you need. */
  parents_too_large: 'refusal',
  /** Jobs would wait for each other. The message names them. To do: leave out one of these links. */
  flow_cycle: 'refusal',
  /** As many jobs with its fair key wait as the policy allows (`--share-waiting`). To do: try again when some have started. */
  fair_share_limit: 'refusal',
  /**
   * Another owner has declared a schedule under this id: ids are unique in the queue. Or a job was submitted under an id that a schedule gives
   * to its own jobs (`<schedule>@<due time>`), and waits. To do: use another id, or remove that one first: `interlock schedule remove <schedule>`.
   */
  schedule_owned: 'refusal',
  /** There is no schedule with this id. To do: `interlock schedule list` has those that there are. */
  schedule_unknown: 'refusal',
  /** The command id is in the log with another body. To do: use a new id for a new command. */
  command_reused: 'refusal',
  /**
   * An event cannot be read, or cannot have happened. The message names its number. A process that reads it stops (`stopped$`) and
   * gives up its lease. To do: stop the workers, then `interlock verify`, which says whether to restore a backup or to run
   * `interlock recover`.
   */
  corrupt_log: 'log',
  /**
   * The events that you asked for were archived and not kept, or a command may be among them. To do: go on from a snapshot, as a
   * starting process does, or read their archive file (`--from-archive`). Check what the command did before you send it again.
   */
  archived: 'log',
  /**
   * The log is not the one that this process has read: a backup was restored, or a standby took over that lacked the last events.
   * The queue is drained. To do: run `interlock recover` and say how each job in doubt ended, then `interlock resume`; start the
   * process again.
   */
  log_went_back: 'log',
  /**
   * The log has an event, or a shape of one, that this release does not know. A process that reads it stops (`stopped$`) and gives
   * up its lease; newer processes go on with its jobs. To do: upgrade.
   */
  unknown_event: 'log',
  /**
   * A program that only reads named a queue that does not exist. The details list those that do. To do: name one of them
   * (`--queue`).
   */
  unknown_queue: 'setup',
  /** The database has no Interlock tables, or a table of yours is in their way. To do: `interlock migrate`. */
  not_migrated: 'setup',
  /** The database has an earlier migration than this release needs. To do: `interlock migrate`. */
  database_older: 'setup',
  /** The database has a later migration than this release knows, or begins at a snapshot that it cannot read. To do: upgrade. */
  database_newer: 'setup',
  /** The first coordinator is running a job (docs/reference/first-coordinator.md). To do: wait for its end, then migrate. */
  first_coordinator_active: 'setup',
  /** Another machine, or a process that does not answer, has the embedded database open. To do: end that process. */
  store_in_use: 'setup',
  /**
   * The database cannot be reached, or refuses the key or the login. Interlock tries calls again for 30 s, and for 3 s under
   * `onUnavailable: 'bypass'` (`patienceMs`). To do: check the server, the address, and the key or password.
   */
  store_unavailable: 'outage',
  /**
   * The database or directory takes no writes. If the server is a standby or was made read-only (SQLSTATE 25006), Interlock tries
   * again as for `store_unavailable`, since another server may be about to take over. To do: check the rights, the disk space, and
   * the address of the primary or of all servers (docs/reference/connections.md#addresses-of-several-servers).
   */
  store_unwritable: 'unwritable',
  /** Under `NODE_ENV=production` no database is named. To do: set `DATABASE_URL`, or ask for the embedded database. */
  embedded_in_production: 'setup',
  /**
   * What was sent came too late or too early by the database's clock, again and again, until the patience of the call was over. The
   * machine or its link is overloaded, or a clock is being set. To do: try again; give the machine fewer processes.
   */
  clock_unsteady: 'busy',
  /** The queue was busy for too long, or a lock did not come free. To do: try again. */
  contention: 'busy',
  /**
   * The workflow has to wait (`WORKFLOW_QUEUED`). The details say why, and for which job. To do: nothing: it stays in line. Any
   * worker with its kind goes on with it, or `resumeWorkflow` does.
   */
  workflow_queued: 'ended',
  /**
   * A call of many jobs is committed, and not all of them were in line when its time was over. The message says how many. To do: nothing, the
   * others follow by themselves. Do not repeat the call, or only under the same `requestId`.
   */
  submitted: 'ended',
  /** Work was stopped before its end. The message says by what. */
  aborted: 'ended',
  /** The coordinator or store is closed. To do: make a new one. */
  closed: 'ended',
} as const satisfies Readonly<Record<string, FailureKind>>

/** The stable name of a failure. */
export type ErrorCode = keyof typeof failureKinds

export const errorCodes = Object.keys(failureKinds) as readonly ErrorCode[]

/** The codes of one kind. */
export type CodeOf<Kind extends FailureKind> = {
  [Code in ErrorCode]: (typeof failureKinds)[Code] extends Kind ? Code : never
}[ErrorCode]

/** The codes with which the queue refuses a command. */
export type RefusalCode = CodeOf<'refusal'>
