import type { Scribe } from '../dispatch/scribe.ts'
import type { CommandBody, CommandResult } from '../values/command.ts'
import { wholeSetOf } from './end.ts'
import { accepted } from './result.ts'

/**
 * Declares unreadable events void. The ledger is of the log without them. If one of them was the `requeued` of a job whose
 * attempt had ended, the job is nowhere: it comes back into the line, at no cost of an attempt.
 */
export function voidEvents(scribe: Scribe, { seqs }: CommandBody & { readonly type: 'void' }): CommandResult {
  const { workerId } = scribe.command
  for (const of of seqs) scribe.record({ type: 'voided', of, workerId })
  for (const job of [...scribe.draft.jobs]) {
    if (job.active || job.dueAt !== Number.POSITIVE_INFINITY) continue
    const models = wholeSetOf(job)
    const event = { type: 'requeued', jobId: job.jobId, reason: 'drained', runAt: null, workerId } as const
    scribe.record(models === undefined ? event : { ...event, models })
  }
  return accepted(scribe)
}
