import type { Draft } from '../state/draft.ts'
import type { FairQueue } from '../state/fair-use.ts'
import type { Job } from '../state/job.ts'
import { idleModel, modelOf, placesLeft } from '../state/ledger.ts'
import { isSite, mayUse, placeOf } from '../state/site.ts'
import { isMeter } from '../values/policy.ts'
import { byPosition } from '../values/position.ts'
import { firstsIn } from './fair-queue.ts'

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
    model.reserved = model.reserved.insert(own.position, draft.owner)
  }
}

/**
 * Where jobs are taken by what their keys have used, of alike jobs of one key only the first can be passed: it is not the turn of the others.
 * It is if it needs the same, or if it lacks nothing but the last slot, which the other one takes.
 */
export function overtakeFirsts(
  draft: Draft,
  { live }: FairQueue,
  job: Job,
  needs: readonly string[],
  takesSlot: boolean,
): void {
  const { maxActive } = draft.policy
  const isLastSlot = takesSlot && maxActive !== null && draft.slots.size + 1 >= maxActive
  for (const other of [...live].flatMap((use) => firstsIn(draft, use))) {
    const isPassed = needsAny(draft, other, needs) || (isLastSlot && lacksNothing(draft, other))
    if (isPassed && byPosition(other.position, job.position) < 0) overtake(draft, other)
  }
}

const needsAny = ({ policy }: Draft, other: Job, needs: readonly string[]): boolean =>
  needs.some((name) => other.needs.includes(name) || (isSite(name) && mayUse(policy, other, placeOf(name))))

/** All its models have room. Where one has places, only the line says who could be in which. */
const lacksNothing = (draft: Draft, { needs }: Job): boolean =>
  needs.every((name) => !isSite(name) && placesLeft(draft.policy, modelOf(draft, name)) > 0)

/** Builds the reservations of every model again, after `maxOvertakes` changed. */
export function rebuildReservations(draft: Draft): void {
  for (const model of [...draft.models]) {
    const own = draft.model(model.model)
    own.reserved = idleModel(model.model).reserved
    for (const position of own.line) {
      const job = draft.jobs.get(position)
      const isKept = isMeter(own.model) && draft.policy.maxOvertakes === 0 && job?.ready === true
      if (job !== undefined && (isKept || reserves(draft, job)))
        own.reserved = own.reserved.insert(position, draft.owner)
    }
  }
}
