import type { Scribe } from '../dispatch/scribe.ts'
import { jobOf } from '../state/ledger.ts'
import type { CommandBody, CommandResult } from '../values/command.ts'
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
