import type { Draft } from '../draft.ts'
import type { RecordedEvent } from '../event.ts'
import { moveShare } from '../fair-share.ts'
import { giveBackModels } from '../holding.ts'
import type { Job } from '../ledger.ts'
import { startDeadline, stopDeadline } from '../timing.ts'

export function end(draft: Draft, job: Job, final: boolean): Job | undefined {
  stopDeadline(draft, job)
  giveBackModels(draft, job)
  moveShare(draft, job, final ? { active: -1 } : { active: -1, waiting: 1 })
  if (final) {
    draft.dropJob(job)
    return undefined
  }
  const own = draft.edit(job)
  own.active = false
  own.workerId = null
  own.detachedUntil = null
  own.cancelRequested = false
  own.dueAt = Number.POSITIVE_INFINITY
  return own
}

/** From now on the attempt is bound to a time, and no more to the process that started it. */
export function detach(draft: Draft, event: RecordedEvent & { readonly type: 'detached' }, active: Job): Job {
  const job = draft.edit(active)
  stopDeadline(draft, job)
  job.workerId = null
  job.detachedUntil = event.until
  startDeadline(draft, job)
  return job
}
