/**
 * What lines of the log tell of, by names that stay. The words of a line may change (but for those that people grep); its name does
 * not. docs/reference/telemetry.md lists them.
 */
export const logEvents = [
  ...(['job.check', 'job.immediate', 'job.active', 'job.conflict', 'job.blocked', 'job.bypassed'] as const),
  ...([
    'job.covered',
    'job.ended',
    'job.observed',
    'job.unguarded',
    'job.end_delayed',
    'job.ends_dropped',
  ] as const),
  ...(['job.started', 'job.completed', 'job.failed', 'job.postponed', 'job.cancelled'] as const),
  ...(['job.given_back', 'job.detached', 'job.lost', 'job.untold'] as const),
  ...(['lease.lost', 'lease.left', 'coordinator.failed', 'coordinator.left', 'coordinator.deaf'] as const),
  ...([
    'database.awaited',
    'database.reached',
    'database.back',
    'store.chosen',
    'store.warning',
    'log.skipped',
  ] as const),
  ...(['queue.held', 'queue.not_held', 'rows.refused', 'workflow.no_model'] as const),
  ...(['submission.refused', 'submission.held'] as const),
  ...(['worker.failed', 'intake.failed', 'model.paused', 'model.not_paused'] as const),
  ...(['model.near', 'model.not_declared', 'said.no_effect'] as const),
  ...(['dashboard.lever', 'dashboard.refused', 'dashboard.failed'] as const),
] as const
export type LogEvent = (typeof logEvents)[number]

/** What a line says, for programs. Ids and numbers, no payloads. */
export interface LogFields {
  readonly event: LogEvent
  readonly queue?: string | undefined
  readonly job_id?: string | undefined
  readonly kind?: string | undefined
  readonly job_type?: string | undefined
  readonly models?: readonly string[] | undefined
  readonly attempt?: number | undefined
  readonly attempts?: number | undefined
  readonly postponed?: number | undefined
  readonly fencing_token?: number | undefined
  readonly worker_id?: string | undefined
  /** A reason or failure code. */
  readonly code?: string | undefined
  /** The job in the way. */
  readonly blocked_by?: string | undefined
  readonly model?: string | undefined
  readonly seconds?: number | undefined
  /** The text of an error: the program's own. */
  readonly error?: string | undefined
  readonly actor?: string | undefined
  readonly trace_id?: string | undefined
  readonly span_id?: string | undefined
  readonly trace_flags?: string | undefined
}
