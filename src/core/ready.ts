import type { Draft } from './draft.ts'
import { changeShare, isShareFull, shareOf } from './fair-share.ts'
import type { Micros } from './job.ts'
import type { Job, LedgerView } from './ledger.ts'
import type { OwnJob } from './own-job.ts'
import type { Place } from './place.ts'
import type { Tree } from './tree.ts'

/** Notes whether the models of a job in line are free for it. */
export function setReady(draft: Draft, job: OwnJob, ready: boolean): void {
  if (job.ready === ready) return
  job.ready = ready
  const { place, spec } = job
  const change = (places: Tree<Place>) =>
    ready ? places.insert(place, draft.owner) : places.remove(place, draft.owner)
  if (spec.fairKey === null) draft.ready = change(draft.ready)
  else changeShare(draft, spec.fairKey, (share) => ({ ...share, ready: change(share.ready) }))
}

/** The next ready job with the same fair key: it stands behind the one that `ready` has of them. */
function readyBehind(ledger: LedgerView, { place, spec }: Job): Place | undefined {
  return spec.fairKey === null ? undefined : shareOf(ledger, spec.fairKey).ready.after(place)
}

/** A job with the same fair key stands behind it in turn, and may start where only a rate keeps this one back. */
export function passOver(draft: Draft, job: Job, passed: Tree<Place>, now: Micros): Tree<Place> {
  const owner = {}
  const others = passed.remove(job.place, owner)
  const next = isShareFull(draft, job, now) ? undefined : readyBehind(draft, job)
  return next === undefined ? others : others.insert(next, owner)
}
