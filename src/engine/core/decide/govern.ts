import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import type { CommandResult } from '../values/command.ts'
import { bounds, MICROS_PER_MS, MICROS_PER_SECOND } from '../values/job.ts'
import { isSameRule, isWarm } from '../values/policy.ts'
import { PASSES_STAY_SINCE } from '../values/policy-table.ts'
import { afterEnd } from './end.ts'
import { accepted, type Body } from './result.ts'

/** New rules for all future starts. Leases that were given stay. */
export function setPolicy(scribe: Scribe, { policy }: Body<'set_policy'>): CommandResult {
  if (isSameRule(policy, scribe.draft.policy)) return accepted(scribe)
  const stay = isWarm(policy) && scribe.mayWrite(PASSES_STAY_SINCE) && ({ passesStay: true } as const)
  scribe.record({ type: 'policy_changed', policy, ...stay, workerId: scribe.command.workerId })
  dispatch(scribe)
  return accepted(scribe)
}

/** Nothing starts any more; `drained` is recorded when the last active job has ended. */
export function drain(scribe: Scribe): CommandResult {
  if (scribe.draft.draining) return accepted(scribe)
  scribe.record({ type: 'drain_requested', workerId: scribe.command.workerId })
  return afterEnd(scribe)
}

/** The most attempts that one command detaches. */
const MOST_DETACHED = 10_000

/** An attempt that is already detached for about as long needs no other deadline. */
const ABOUT = 86_400 * MICROS_PER_SECOND

/**
 * The log goes on from a backup. What came after it is lost, perhaps also the end of jobs that it shows as active. A new epoch
 * makes earlier tokens void, and the queue is held until somebody has said how those jobs ended. Until then they stay as they
 * are: their leases are long over, and expiring them would start them again. With very many jobs, one command detaches some and
 * drains the queue; its sender sends it again until the epoch has changed.
 */
export function recover(scribe: Scribe, { ended }: Body<'recover'>): CommandResult {
  const { draft, now } = scribe
  const { workerId } = scribe.command
  if (ended !== undefined && draft.epoch > ended) return accepted(scribe)
  const until = now + bounds.durationMs * MICROS_PER_MS
  const open = [...draft.active].flatMap((position) => {
    const job = draft.jobs.get(position)
    return job === undefined || (job.detachedUntil ?? 0) > until - ABOUT || scribe.isEnding(job.jobId)
      ? []
      : [job]
  })
  const left = open.splice(MOST_DETACHED)
  if (left.length === 0) scribe.record({ type: 'epoch_changed', epoch: draft.epoch + 1, workerId })
  for (const { jobId, token } of open) scribe.record({ type: 'detached', jobId, token, until, workerId })
  return drain(scribe)
}

export function resume(scribe: Scribe): CommandResult {
  if (!scribe.draft.draining) return accepted(scribe)
  scribe.record({ type: 'resumed', workerId: scribe.command.workerId })
  dispatch(scribe)
  return accepted(scribe)
}
