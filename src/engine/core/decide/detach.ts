import type { Scribe } from '../dispatch/scribe.ts'
import type { CommandResult } from '../values/command.ts'
import { bounds, MICROS_PER_MS } from '../values/job.ts'
import { heldJob } from './fencing.ts'
import { accepted, type Body, refused } from './result.ts'

/**
 * Binds the attempt to a deadline instead of its worker's lease. The first process that notices the deadline ends it as
 * `timed_out`.
 */
export function detach(scribe: Scribe, body: Body<'detach'>): CommandResult {
  const { jobId, token, until } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  if (until <= scribe.now || until > scribe.now + bounds.durationMs * MICROS_PER_MS) {
    return refused('invalid_input', 'until: must be in the future, at most 365 days ahead')
  }
  if (job.detachedUntil === until) return accepted(scribe)
  scribe.record({ type: 'detached', jobId, token, until, workerId: scribe.command.workerId })
  return accepted(scribe)
}
