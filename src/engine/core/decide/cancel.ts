import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { lastAfter } from '../state/flow.ts'
import type { Job } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import type { CommandResult } from '../values/command.ts'
import { operand } from '../values/safe-text.ts'
import { afterEnd } from './end.ts'
import { endsItself, heldJob } from './fencing.ts'
import { accepted, type Body, refused, usedIn } from './result.ts'

/** How many jobs that come after another one are cancelled by one command: no append is long. */
const MOST_CANCELLED = 500

/**
 * Ends a waiting job at once. An active one is asked to stop and keeps its models until its worker confirms or its
 * lease is over; `force` frees them now, although the work may still be going on. With `descendants` those go first that no other job comes
 * after, and the job itself last: so none of them starts on the way, or fails with it.
 */
export function cancel(scribe: Scribe, { jobId, force, descendants }: Body<'cancel'>): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined)
    return refused(
      'job_not_live',
      `job ${jobId} is neither waiting nor active; see whether it was there, and how it ended: \`npx interlock-queue explain ${operand(jobId)}\``,
    )
  if (job.active && scribe.isEnding(jobId)) return endsItself(jobId)
  if (descendants === true && !cancelAfter(scribe, job)) {
    dispatch(scribe)
    return accepted(scribe)
  }
  return cancelOne(scribe, job, force)
}

/** Jobs that come after one that is live all wait. @returns whether none is left */
function cancelAfter(scribe: Scribe, job: Job): boolean {
  const { workerId } = scribe.command
  const { found, isAll } = lastAfter(scribe.draft, job, MOST_CANCELLED)
  for (const { jobId } of found) scribe.record({ type: 'cancelled', jobId, token: null, workerId })
  return isAll
}

function cancelOne(scribe: Scribe, job: Job, force: boolean): CommandResult {
  const { jobId } = job
  const { workerId } = scribe.command
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
  const { workerId } = scribe.command
  scribe.record({ type: 'cancelled', jobId, token: job.token, workerId, ...usedIn(body) })
  return afterEnd(scribe)
}
