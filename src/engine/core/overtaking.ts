import type { Draft } from './draft.ts'
import { idleModel, type Job } from './ledger.ts'
import { isMeter } from './policy.ts'

/** True if the job keeps its models free because it was overtaken often enough. 0 is handled by the line itself. */
export function reserves(draft: Draft, job: Job): boolean {
  const limit = draft.policy.maxOvertakes
  return limit !== null && limit > 0 && job.overtaken >= limit
}

/** Another job with a shared model started before this one. Counted under any policy: it may change later. */
export function overtake(draft: Draft, job: Job): void {
  const own = draft.edit(job, true)
  draft.overtakes++
  own.overtaken++
  if (own.overtaken !== draft.policy.maxOvertakes) return
  for (const name of own.needs) {
    const model = draft.model(name)
    model.reserved = model.reserved.insert(own.place, draft.owner)
  }
}

/** Builds the reservations of every model again, after `maxOvertakes` changed. */
export function rebuildReservations(draft: Draft): void {
  for (const model of [...draft.models]) {
    const own = draft.model(model.model)
    own.reserved = idleModel(model.model).reserved
    for (const place of own.line) {
      const job = draft.jobs.get(place)
      const isKept = isMeter(own.model) && draft.policy.maxOvertakes === 0 && job?.ready === true
      if (job !== undefined && (isKept || reserves(draft, job)))
        own.reserved = own.reserved.insert(place, draft.owner)
    }
  }
}
