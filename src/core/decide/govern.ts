import type { CommandBody, CommandResult } from '../command.ts'
import { grant } from '../grant.ts'
import { bounds, MICROS_PER_MS } from '../job.ts'
import { isSameRule } from '../policy.ts'
import type { Scribe } from '../scribe.ts'
import { afterEnd } from './end.ts'
import { accepted } from './result.ts'

type Body<T extends CommandBody['type']> = CommandBody & { readonly type: T }

/** New rules for all starts to come; leases that were given stay. */
export function setPolicy(scribe: Scribe, { policy }: Body<'set_policy'>): CommandResult {
  if (isSameRule(policy, scribe.draft.policy)) return accepted(scribe)
  scribe.record({ type: 'policy_changed', policy, workerId: scribe.command.workerId })
  grant(scribe)
  return accepted(scribe)
}

/** Nothing starts any more; `drained` is recorded when the last active job has ended. */
export function drain(scribe: Scribe): CommandResult {
  if (scribe.draft.draining) return accepted(scribe)
  scribe.record({ type: 'drain_requested', workerId: scribe.command.workerId })
  return afterEnd(scribe)
}

/**
 * The log goes on from a backup: what came after it is lost, and with it perhaps the end of jobs that it shows as active.
 * A new epoch makes the tokens of before void; the queue is held until somebody has said what became of those jobs, and
 * they stay as they are until then: their leases are long over, and who expired them would start them again.
 */
export function recover(scribe: Scribe, { ended }: Body<'recover'>): CommandResult {
  const { draft, now } = scribe
  const { workerId } = scribe.command
  if (ended !== undefined && draft.epoch > ended) return accepted(scribe)
  scribe.record({ type: 'epoch_changed', epoch: draft.epoch + 1, workerId })
  const until = now + bounds.durationMs * MICROS_PER_MS
  for (const place of [...draft.active]) {
    const job = draft.jobs.get(place)
    if (job !== undefined)
      scribe.record({ type: 'detached', jobId: job.jobId, token: job.token, until, workerId })
  }
  return drain(scribe)
}

export function resume(scribe: Scribe): CommandResult {
  if (!scribe.draft.draining) return accepted(scribe)
  scribe.record({ type: 'resumed', workerId: scribe.command.workerId })
  grant(scribe)
  return accepted(scribe)
}
