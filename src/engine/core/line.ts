import type { Draft } from './draft.ts'
import { setReady } from './fair-share.ts'
import type { Micros } from './job.ts'
import { idleModel, type Job, usesSlot } from './ledger.ts'
import { endOffersFor, freeSlot, withdrawOffer } from './offers.ts'
import type { OwnJob } from './own-job.ts'
import { capacityOf } from './policy.ts'
import { countStart } from './rate.ts'

/** A waiting job that is due joins the lines it belongs to. */
export function enterLine(draft: Draft, job: OwnJob): void {
  const { owner } = draft
  const { place, spec } = job
  draft.arrive(place)
  if (!usesSlot(job)) {
    draft.unbound = draft.unbound.insert(place, owner)
    return
  }
  draft.line = draft.line.insert(place, owner)
  if (job.exclusive) draft.exclusives = draft.exclusives.insert(place, owner)
  for (const name of spec.models) {
    const model = draft.model(name)
    model.line = model.line.insert(place, owner)
    if (reserves(draft, job)) model.reserved = model.reserved.insert(place, owner)
    draft.unsettleBehind(model, place)
  }
  draft.unsettle(place)
  draft.unsettleAfter(draft.line, place)
}

/** The opposite: it starts, ends, moves or is put off. A job that starts stays ahead of all behind it. */
export function leaveLine(draft: Draft, job: OwnJob, starts: boolean): void {
  const { owner } = draft
  const { place, spec } = job
  withdrawOffer(draft, job, starts)
  setReady(draft, job, false)
  job.blockedBy = null
  job.blockedOn = null
  if (!usesSlot(job)) {
    draft.unbound = draft.unbound.remove(place, owner)
    return
  }
  draft.line = draft.line.remove(place, owner)
  if (job.exclusive) draft.exclusives = draft.exclusives.remove(place, owner)
  for (const name of spec.models) {
    const model = draft.model(name)
    model.line = model.line.remove(place, owner)
    if (reserves(draft, job)) model.reserved = model.reserved.remove(place, owner)
    if (starts) continue
    draft.free(name)
    draft.unsettleBehind(model, place)
    draft.forget(model)
  }
  draft.unsettled.delete(place)
  if (starts) return
  if (job.exclusive) draft.wide = true
  draft.unsettleAfter(draft.line, place)
}

/** A job in line takes its models: it is ahead of the same jobs as before, but no longer waits. */
export function takeModels(draft: Draft, job: Job, at: Micros): void {
  const { owner } = draft
  draft.active = draft.active.insert(job.place, owner)
  if (usesSlot(job)) {
    draft.slots = draft.slots.insert(job.place, owner)
    // The first job in line has no job ahead of it, but may wait for this one, which passed it.
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
  for (const name of own.spec.models) {
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
      if (job !== undefined && reserves(draft, job)) own.reserved = own.reserved.insert(place, draft.owner)
    }
  }
}
