import type { Draft } from './draft.ts'
import type { Micros } from './job.ts'
import { type Job, usesSlot } from './ledger.ts'
import { endOffersFor, freeSlot } from './offers.ts'
import { capacityOf } from './policy.ts'
import { countStart } from './rate.ts'

/** A job in line takes its models: it is ahead of the same jobs as before, only no longer waiting. */
export function takeModels(draft: Draft, job: Job, at: Micros): void {
  const { owner } = draft
  draft.active = draft.active.insert(job.place, owner)
  if (usesSlot(job)) {
    draft.slots = draft.slots.insert(job.place, owner)
    // The job that stands first in line has nobody ahead but may wait for this one, which passed it.
    draft.unsettleAt(draft.line, 0)
  }
  if (job.exclusive) draft.alone++
  for (const name of job.spec.models) {
    const model = draft.model(name)
    model.holders = model.holders.insert(job.place, owner)
    countStart(draft, model, at)
    const free = capacityOf(draft.policy, name) - model.holders.size
    draft.unsettleAt(model.line, free)
  }
  endOffersFor(draft, job, at)
}

export function giveBackModels(draft: Draft, job: Job): void {
  const { owner } = draft
  freeSlot(draft)
  draft.active = draft.active.remove(job.place, owner)
  if (usesSlot(job)) draft.slots = draft.slots.remove(job.place, owner)
  if (job.exclusive) {
    draft.alone--
    draft.wide = true
  }
  for (const name of job.spec.models) {
    const model = draft.model(name)
    model.holders = model.holders.remove(job.place, owner)
    draft.free(name)
    draft.unsettleBehind(model, job.place)
    draft.unsettleAt(model.line, 0)
    draft.forget(model)
  }
  draft.unsettleAfter(draft.line, job.place)
  draft.unsettleAt(draft.line, 0)
}
