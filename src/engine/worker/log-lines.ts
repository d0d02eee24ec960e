import { errorText } from '../coordinator/base/logger.ts'
import type { Logger } from '../coordinator/index.ts'
import { attemptText, type Started } from '../core/index.ts'
import type { Attempt } from './attempt.ts'
import type { PlainOutcome } from './outcome.ts'

const attemptOf = ({ lease, attempt, attempts, postponed, spec }: Started) => ({
  job_id: lease.jobId,
  kind: spec.kind,
  models: spec.models,
  attempt,
  attempts,
  postponed,
  fencing_token: lease.fencingToken,
})

export function logStart(logger: Logger, started: Started): void {
  const { lease, attempts, postponed, spec } = started
  const tries = attempts === 1 && postponed === 0 ? '' : `, ${attemptText(started)}`
  logger.info(
    `[WORKER] Job ${lease.jobId} started (${spec.kind}${tries}) - Models: [${spec.models.join(', ')}]`,
    { event: 'job.started', ...attemptOf(started) },
  )
}

/** The text of an error is the program's own and stays in its log. The log of the queue has the code. */
export function logEnd(logger: Logger, { started, span }: Attempt, outcome: PlainOutcome): void {
  const { jobId } = started.lease
  const job = { ...attemptOf(started), ...span?.ids }
  switch (outcome.type) {
    case 'failed': {
      const [code, error] = [outcome.code, errorText(outcome.error)]
      const fields = { event: 'job.failed', ...job, code, error } as const
      return logger.error(`[WORKER] Job ${jobId} failed (${code}): ${error}`, fields)
    }
    case 'postponed': {
      const { seconds } = outcome.later
      const fields = { event: 'job.postponed', ...job, seconds } as const
      return logger.info(`[WORKER] Job ${jobId} postponed by ${seconds} s`, fields)
    }
    case 'lost':
      return logger.warn(`[WORKER] Job ${jobId} no longer belongs to this worker`, {
        event: 'job.lost',
        ...job,
      })
    default:
      return logger.info(`[WORKER] Job ${jobId} ${outcome.type.replace('_', ' ')}`, {
        event: `job.${outcome.type}`,
        ...job,
      })
  }
}

/** The outcome is known here, but the report got no answer. */
export function logUnreported(logger: Logger, { started, span }: Attempt): void {
  logger.error(
    `[WORKER] Job ${started.lease.jobId}: its end could not be reported; the attempt ends when the lease of this process runs out`,
    { event: 'job.untold', ...attemptOf(started), ...span?.ids },
  )
}

/** Something that concerns no attempt. */
export function logFailure(logger: Logger, error: unknown): void {
  const text = errorText(error)
  logger.error(`[WORKER] ${text}`, { event: 'worker.failed', error: text })
}
