import type { CommandBody, CommandResult } from '../command.ts'
import { jobOf } from '../ledger.ts'
import type { Scribe } from '../scribe.ts'
import { accepted } from './result.ts'

/** Records that a job ran outside the queue. Records nothing for a job that the queue has: its own events do. */
export function bypass(
  scribe: Scribe,
  { jobId, jobType }: CommandBody & { readonly type: 'bypass' },
): CommandResult {
  if (jobOf(scribe.draft, jobId) !== undefined) return accepted(scribe)
  scribe.record({ type: 'bypassed', jobId, jobType, workerId: scribe.command.workerId })
  return accepted(scribe, [], [jobId])
}
