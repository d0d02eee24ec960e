import type { Scribe } from '../dispatch/scribe.ts'
import type { Job } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import type { Refusal } from '../values/command.ts'
import type { JobType } from '../values/job.ts'
import { operand } from '../values/safe-text.ts'
import { refused } from './result.ts'

/** What a caller says about an attempt. */
interface FencedAttempt {
  readonly jobId: string
  readonly token: number | null
  readonly epoch?: number
  readonly jobType?: JobType
  readonly committed?: true
}

/** The active job with this token. Without a token only the process that holds the job may act for it. */
export function heldJob(
  scribe: Scribe,
  { jobId, token, epoch, jobType, committed }: FencedAttempt,
): Job | Refusal {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined || !job.active) {
    return refused(
      'job_not_active',
      `job ${jobId} is not active: it ended, was lost with its lease, or never started`,
    )
  }
  if (epoch !== undefined && epoch !== scribe.draft.epoch) {
    return refused(
      'stale_token',
      `job ${jobId}: the token is of epoch ${epoch}, and the database was restored since (epoch ${scribe.draft.epoch}); discard what this attempt did`,
    )
  }
  if (token === null && job.workerId !== scribe.command.workerId) {
    return refused(
      'not_holder',
      `job ${jobId} is active in another process; pass its fencing token to act for it`,
    )
  }
  if (token !== null && token !== job.token) {
    return refused(
      'stale_token',
      `job ${jobId} runs under fencing token ${job.token}, not ${token}: ${token < job.token ? 'a newer attempt runs, so discard what this one did' : 'no attempt of it ever had that token; check what you passed'}`,
    )
  }
  if (jobType !== undefined && jobType !== job.spec.jobType) {
    return refused(
      'invalid_input',
      `jobType: job ${jobId} is of the type ${job.spec.jobType}, not ${jobType}`,
    )
  }
  if (scribe.isEnding(jobId) && committed === undefined) return endsItself(jobId)
  return job
}

/** Its handler ends it in a transaction of its own. */
export const endsItself = (jobId: string): Refusal =>
  refused(
    'job_ending',
    `job ${jobId} is ended by its handler in a transaction of its own (completeIn), which is committed or about to be; see what came of it: \`npx interlock-queue explain ${operand(jobId)}\``,
  )
