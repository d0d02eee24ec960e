/**
 * What lines of the log tell of, by names that stay. The words of a line may change (but for those that people grep); its name does
 * not. docs/reference/telemetry.md lists them, each with its level: `npm run generate -- reference`.
 */
export const logEvents = [
  /** info: a program asks whether a job may start */
  'job.check',
  /** info: no job is active, so it can start at once */
  'job.immediate',
  /** info: the job started for the program that asked */
  'job.active',
  /** info: a model that it needs is held by another job; `job.blocked` follows */
  'job.conflict',
  /** info: the job has to wait; `code` says why */
  'job.blocked',
  /** warn: the job names no models, so it runs beside the queue */
  'job.bypassed',
  /** info: the job runs under the lease of its workflow */
  'job.covered',
  /** info: the program has reported its end; `code` is the outcome */
  'job.ended',
  /** info: under `mode: 'observe'`, the job runs although it would wait */
  'job.observed',
  /** error: the database is away, and the job runs without the coordinator (`onUnavailable: 'bypass'`) */
  'job.unguarded',
  /** error: the database is away, and the end is reported later */
  'job.end_delayed',
  /** error: the database has been away for so long that the ends of further jobs are not noted */
  'job.ends_dropped',
  /** info: a worker begins an attempt */
  'job.started',
  /** info: the attempt is done */
  'job.completed',
  /** error: the attempt failed; `code` and `error` say why */
  'job.failed',
  /** info: the handler threw `RetryLater` */
  'job.postponed',
  /** info: the attempt stopped, since its job was cancelled */
  'job.cancelled',
  /** info: the worker gave the job back to the line */
  'job.given_back',
  /** info: the attempt goes on elsewhere */
  'job.detached',
  /** warn: others had ended the attempt, or the lease was lost */
  'job.lost',
  /** error: the end of an attempt could not be reported; the attempt ends when the lease of its process runs out */
  'job.untold',
  /** error: the lease of this process is over; others get its jobs */
  'lease.lost',
  /** warn: the lease could not be given up, and runs out by itself */
  'lease.left',
  /** error: an error that concerns no attempt; `error` has its text */
  'coordinator.failed',
  /** warn: closed without waiting for the database */
  'coordinator.left',
  /** warn: after an error that stopped it, a coordinator could not stop listening to its queue; it listens until the process ends */
  'coordinator.deaf',
  /** warn: the database does not answer yet */
  'database.awaited',
  /** info: the database answers */
  'database.reached',
  /** warn: the database answers and takes writes again, after `seconds` */
  'database.back',
  /** info: which store `getJobCoordinator()` took */
  'store.chosen',
  /** warn: something about the store that you should know */
  'store.warning',
  /** warn: events were archived before this process read them */
  'log.skipped',
  /** warn: a backup was restored: the queue is drained in a new epoch */
  'queue.held',
  /** error: the queue could not be drained after a restore; do it yourself: `interlock recover --begin` */
  'queue.not_held',
  /** error: rows of your tables cannot be written; `code` is the SQLSTATE */
  'rows.refused',
  /** warn: a job that was submitted by SQL cannot come into line yet; `code` says why */
  'submission.held',
  /** warn: jobs that were submitted by SQL are refused after the commit; `code` is the error code */
  'submission.refused',
  /** warn: steps without `default_model` */
  'workflow.no_model',
  /** error: a problem of a worker that concerns no attempt */
  'worker.failed',
  /** error: rows of `jobs` could not be taken in */
  'intake.failed',
  /** warn: the breaker of a worker paused a model */
  'model.paused',
  /** warn: a job, the policy or a pause names a model that differs from another one by case, blanks, `-` or `_` alone; logged once for each name */
  'model.near',
  /** warn: a live job, the policy or a pause names a model that the policy does not declare; logged once for each name */
  'model.not_declared',
  /** warn: a setting or command changes nothing, such as a pause of a model that nobody needs; logged once for each name */
  'said.no_effect',
  /** error: the breaker of a worker could not pause a model */
  'model.not_paused',
  /** info: somebody changed the queue from the dashboard */
  'dashboard.lever',
  /** error: `authorize` of the dashboard failed */
  'dashboard.refused',
  /** error: a request to the dashboard failed */
  'dashboard.failed',
] as const
export type LogEvent = (typeof logEvents)[number]

/** What a line says, for programs. Ids and numbers, no payloads. */
export interface LogFields {
  /** What happened, by its name in the table below. */
  readonly event: LogEvent
  /** The queue. */
  readonly queue?: string | undefined
  /** The job. */
  readonly job_id?: string | undefined
  /** The kind of the job. */
  readonly kind?: string | undefined
  /** `normal` or `workflow`. */
  readonly job_type?: string | undefined
  /** The models of the job. */
  readonly models?: readonly string[] | undefined
  /** Which attempt it is, from 1. */
  readonly attempt?: number | undefined
  /** How many attempts the job may have. */
  readonly attempts?: number | undefined
  /** How often the job was postponed. */
  readonly postponed?: number | undefined
  /** The fencing token of the attempt. */
  readonly fencing_token?: number | undefined
  /** The process. */
  readonly worker_id?: string | undefined
  /** A reason, failure or outcome code. */
  readonly code?: string | undefined
  /** The job in the way. */
  readonly blocked_by?: string | undefined
  /** The model that the line is about. */
  readonly model?: string | undefined
  /** How long it took, or will take. */
  readonly seconds?: number | undefined
  /** The text of an error, 1,000 characters at most. */
  readonly error?: string | undefined
  /** Who changed the queue. */
  readonly actor?: string | undefined
  /** The trace of the attempt, at its end, if it is sampled. */
  readonly trace_id?: string | undefined
  /** The span of the attempt. */
  readonly span_id?: string | undefined
  /** The flags of its trace. */
  readonly trace_flags?: string | undefined
}
