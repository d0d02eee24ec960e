import type { ErrorCode } from '../../core/index.ts'

/**
 * The SQLSTATEs of Interlock's own functions and migrations, each with the error code that a process makes of it; null: no process meets it.
 * Each comment: when it is raised. docs/reference/errors.md lists them: `npm run generate -- reference`.
 */
export const sqlstates = {
  /** an argument of a function is out of bounds */
  JQ001: 'invalid_input',
  /** events or state do not follow the expected version */
  JQ002: 'invalid_input',
  /** a command that no queue can carry out; the message names the field */
  JQ003: 'invalid_input',
  /** the attempt that a transaction was to end (`job_queue_complete_in`) no longer runs: roll back. At the commit, your driver throws its own error */
  JQ004: 'stale_token',
  /** a submitted job is live with another spec or payload; also the name of the error's constraint */
  JQ005: 'job_exists',
  /** submitted jobs would wait for each other */
  JQ006: 'flow_cycle',
  /** a submitted job needs a model that the policy does not declare */
  JQ007: 'unknown_model',
  /** a submitted job names no model, and the policy refuses such jobs */
  JQ008: 'models_required',
  /** `job_queue_log` and `job_queue_log_archive` are append-only, for their owner too: no UPDATE, DELETE or TRUNCATE, and no INSERT into the archive by hand */
  JQ101: null,
  /** `anon` or `authenticated` wrote a coordination column */
  JQ102: null,
  /** a migration: a column of your table is in its way (docs/guides/migration-guide.md#a-database-with-tables-of-yours) */
  JQ103: 'not_migrated',
  /** a migration: the first coordinator is running a job */
  JQ104: 'first_coordinator_active',
  /** a migration: a table or schema that is not Interlock's has its name */
  JQ105: 'not_migrated',
  /** a migration: the database has a later one */
  JQ106: 'database_newer',
  /** `migrate --undo`: there is no first coordinator to go back to, or jobs are running */
  JQ107: 'invalid_input',
  /** the runtime role does not exist */
  JQ108: 'invalid_input',
  /** in `job_queue_set_aside` only: the call had no time left for this row; the next one has */
  JQ109: null,
  /** a migration: `--follow` or `--column` names something that cannot be used */
  JQ110: 'invalid_input',
  /** the log was cut at this snapshot: no UPDATE, DELETE or TRUNCATE, for its owner too */
  JQ111: null,
  /** rows arrived in `jobs`, and row level security hides them all from the owner of Interlock; they are kept */
  JQ112: 'store_unwritable',
  /** there is no table `jobs`, or Interlock does not follow it (`npx interlock-queue migrate --follow jobs`, or `--make-jobs`) */
  JQ113: 'not_migrated',
} as const satisfies Readonly<Record<string, ErrorCode | null>>

/** Null: it is none of them, or no process meets it. */
export const ownCode = (sqlstate: string): ErrorCode | null =>
  (sqlstates as Readonly<Record<string, ErrorCode | null>>)[sqlstate] ?? null
