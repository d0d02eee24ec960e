import { errorText } from '../coordinator/base/logger.ts'
import type { Logger } from '../coordinator/index.ts'
import type { Started } from '../core/index.ts'
import type { Attempt } from './attempt.ts'
import type { Outcome } from './outcome.ts'

export function tellStart(logger: Logger, { lease, attempt, attempts, spec }: Started): void {
  const tries = attempts === 1 ? '' : `, attempt ${attempt} of ${attempts}`
  logger.info(
    `[WORKER] Job ${lease.jobId} started (${spec.kind}${tries}) - Models: [${spec.models.join(', ')}]`,
  )
}

/** The text of an error is the program's own and stays in its log. The log of the queue has the code. */
export function tellEnd(logger: Logger, { lease: { jobId } }: Attempt, outcome: Outcome): void {
  switch (outcome.type) {
    case 'failed':
      return logger.error(`[WORKER] Job ${jobId} failed (${outcome.code}): ${errorText(outcome.error)}`)
    case 'postponed':
      return logger.info(`[WORKER] Job ${jobId} postponed by ${outcome.later.seconds} s`)
    case 'lost':
      return logger.warn(`[WORKER] Job ${jobId} no longer belongs to this worker`)
    default:
      return logger.info(`[WORKER] Job ${jobId} ${outcome.type.replace('_', ' ')}`)
  }
}

/** The outcome is known here, but the report got no answer. */
export function tellUntold(logger: Logger, { lease: { jobId } }: Attempt): void {
  logger.error(
    `[WORKER] Job ${jobId}: its end could not be reported; it ends when the lease of this process runs out`,
  )
}
