import type { JobSpec } from '../../core/index.ts'
import type { StartAnswer } from '../api/calls.ts'
import type { Logger } from '../base/logger.ts'

/** People search logs for these lines, so their wording does not change. */
export function tellStart(
  logger: Logger,
  { jobId, jobType, models }: JobSpec,
  answer: StartAnswer,
  wasIdle: boolean,
): void {
  const job = { job_id: jobId, job_type: jobType, models }
  if (!answer.allowed) {
    const { code, reason } = answer
    const why = { ...job, code, blocked_by: answer.blockedBy[0] }
    if (code === 'model_in_use')
      logger.info(`[COORDINATOR] Job ${jobId} conflict detected: ${reason}`, {
        event: 'job.conflict',
        ...why,
      })
    logger.info(`[COORDINATOR] Job ${jobId} blocked: ${reason}`, { event: 'job.blocked', ...why })
  } else if (answer.lease === null) {
    logger.warn(`[COORDINATOR] Job ${jobId} (${jobType}) names no models: it bypasses the queue`, {
      event: 'job.bypassed',
      ...job,
    })
  } else {
    if (wasIdle)
      logger.info(`[COORDINATOR] No active job - ${jobId} can start immediately`, {
        event: 'job.immediate',
        ...job,
      })
    logger.info(`[COORDINATOR] Set active job: ${jobId} (${jobType}) - Models: [${models.join(', ')}]`, {
      event: 'job.active',
      ...job,
      fencing_token: answer.lease.fencingToken,
    })
  }
}
