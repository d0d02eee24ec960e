import type { CommandResult } from '../command.ts'
import { dispatch } from '../dispatch.ts'
import { jobOf } from '../ledger.ts'
import { operand } from '../safe-text.ts'
import type { Scribe } from '../scribe.ts'
import { afterEnd } from './end.ts'
import { endsItself, heldJob } from './fencing.ts'
import { accepted, type Body, refused } from './result.ts'

/**
 * Ends a waiting job at once. An active one is asked to stop and keeps its models until its worker confirms or its
 * lease is over; `force` frees them now, although the work may still be going on.
 */
export function cancel(scribe: Scribe, { jobId, force }: Body<'cancel'>): CommandResult {
  const { workerId } = scribe.command
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined)
    return refused(
      'job_not_live',
      `job ${jobId} is neither waiting nor active; see whether it was there, and how it ended: \`interlock explain ${operand(jobId)}\``,
    )
  if (job.active && scribe.isEnding(jobId)) return endsItself(jobId)
  if (job.active && !force) {
    if (!job.cancelRequested) scribe.record({ type: 'cancel_requested', jobId, workerId })
    return accepted(scribe)
  }
  scribe.record({ type: 'cancelled', jobId, token: job.active ? job.token : null, workerId })
  if (job.active) return afterEnd(scribe)
  dispatch(scribe)
  return accepted(scribe)
}

export function confirmCancel(scribe: Scribe, body: Body<'confirm_cancel'>): CommandResult {
  const { jobId } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  scribe.record({ type: 'cancelled', jobId, token: job.token, workerId: scribe.command.workerId })
  return afterEnd(scribe)
}
