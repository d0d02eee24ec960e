import type { JobType } from '../../core/index.ts'
import type { StartAnswer } from '../api/start.ts'
import type { Logger } from '../base/logger.ts'

/** The lines that people grep, kept word for word. */
export function tellStart(
  logger: Logger,
  job: { readonly jobId: string; readonly jobType: JobType; readonly models: readonly string[] },
  answer: StartAnswer,
  wasIdle: boolean,
): void {
  const { jobId, jobType, models } = job
  if (!answer.allowed) {
    if (answer.code === 'model_in_use')
      logger.info(`[COORDINATOR] Job ${jobId} conflict detected: ${answer.reason}`)
    logger.info(`[COORDINATOR] Job ${jobId} blocked: ${answer.reason}`)
  } else if (answer.lease === null) {
    logger.warn(`[COORDINATOR] Job ${jobId} (${jobType}) names no models: it bypasses the queue`)
  } else {
    if (wasIdle) logger.info(`[COORDINATOR] No active job - ${jobId} can start immediately`)
    logger.info(`[COORDINATOR] Set active job: ${jobId} (${jobType}) - Models: [${models.join(', ')}]`)
  }
}
