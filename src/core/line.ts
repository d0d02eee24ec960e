import type { Draft } from './draft.ts'
import { usesSlot } from './ledger.ts'
import { withdrawOffer } from './offers.ts'
import type { OwnJob } from './own-job.ts'
import { setReady } from './ready.ts'
import { reserves } from './reservation.ts'

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

/** The opposite: it starts, ends, moves or is put off. One that starts stays ahead of all behind it. */
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
