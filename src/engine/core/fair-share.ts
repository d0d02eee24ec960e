import type { Draft } from './draft.ts'
import { hash } from './hash.ts'
import type { Micros } from './job.ts'
import { type Job, type LedgerView, noPlaces, type Share, usesSlot } from './ledger.ts'
import { isOfferLive } from './offer-expiry.ts'
import type { OwnJob } from './own-job.ts'
import { byPlace, type Place } from './place.ts'
import { isMeter, type Policy } from './policy.ts'
import type { Tree } from './tree.ts'

/** How many jobs with this key wait, and how many are active. Jobs that bypass are not counted. */
export function shareOf(ledger: LedgerView, key: string): Share {
  const own = { hash: hash(key), key }
  return ledger.shares.get(own) ?? { ...own, waiting: 0, active: 0, ready: noPlaces }
}

/** How many jobs with its key were waiting when a job came: each of them puts it `spacingSeconds` back. */
export function fairRankOf(ledger: LedgerView, key: string | null): number {
  return key === null ? 0 : shareOf(ledger, key).waiting
}

/** True if the policy allows no more jobs with the key of this one, active and offered ahead of it together. */
export function isShareFull(ledger: LedgerView, job: Job, now: Micros): boolean {
  const maxActive = ledger.policy.fairShare?.maxActive ?? null
  const { fairKey } = job.spec
  if (maxActive === null || fairKey === null || !usesSlot(job)) return false
  const { active } = shareOf(ledger, fairKey)
  return active >= maxActive || active + offersAhead(ledger, job, now) >= maxActive
}

/** A job came, started, ended or left. */
export function moveShare(draft: Draft, job: Job, change: { waiting?: 1 | -1; active?: 1 | -1 }): void {
  const { fairKey } = job.spec
  if (fairKey === null || !usesSlot(job)) return
  const { waiting = 0, active = 0 } = change
  changeShare(draft, fairKey, (share) => ({
    ...share,
    waiting: share.waiting + waiting,
    active: share.active + active,
  }))
  if (active < 0) freeShare(draft, job)
}

/** Also of `ready`, which holds one job of each share at most. */
function changeShare(draft: Draft, key: string, change: (share: Share) => Share): void {
  const before = shareOf(draft, key)
  const head = headOf(draft.policy, before)
  const share = change(before)
  const isEmpty = share.waiting === 0 && share.active === 0 && share.ready.size === 0
  draft.shares = isEmpty ? draft.shares.remove(share, draft.owner) : draft.shares.insert(share, draft.owner)
  replaceHead(draft, head, headOf(draft.policy, share))
}

/** Limits have changed: jobs whose share was full may be looked at again, and others no longer. */
export function limitShares(draft: Draft, before: Policy): void {
  for (const share of draft.shares) replaceHead(draft, headOf(before, share), headOf(draft.policy, share))
}

/**
 * Of all ready jobs with one key only the first is looked at, and none while the share is full. So a decision costs the same
 * however many jobs of one customer wait.
 */
function headOf({ fairShare }: Policy, { active, ready }: Share): Place | undefined {
  const maxActive = fairShare?.maxActive ?? null
  return maxActive !== null && active >= maxActive ? undefined : ready.min()
}

function replaceHead(draft: Draft, before: Place | undefined, after: Place | undefined): void {
  if (before === after) return
  if (before !== undefined) draft.ready = draft.ready.remove(before, draft.owner)
  if (after !== undefined) draft.ready = draft.ready.insert(after, draft.owner)
}

/** Jobs with the same key may stand in any line. */
export function freeShare(draft: Draft, { spec }: Job): void {
  if (spec.fairKey !== null && (draft.policy.fairShare?.maxActive ?? null) !== null) draft.wide = true
}

function offersAhead(ledger: LedgerView, job: Job, now: Micros): number {
  let count = 0
  for (const place of ledger.offered) {
    if (byPlace(place, job.place) >= 0) break
    const other = ledger.jobs.get(place)
    if (other?.spec.fairKey !== job.spec.fairKey) continue
    if (usesSlot(other) && isOfferLive(ledger, other, now)) count++
  }
  return count
}

/** Notes whether the models of a job in line are free for it. */
export function setReady(draft: Draft, job: OwnJob, ready: boolean): void {
  if (job.ready === ready) return
  job.ready = ready
  const { place, spec } = job
  const change = (places: Tree<Place>) =>
    ready ? places.insert(place, draft.owner) : places.remove(place, draft.owner)
  // In strict order it keeps what it uses from those behind it.
  if (spec.uses !== undefined && draft.policy.maxOvertakes === 0) {
    for (const name of job.needs.filter(isMeter)) {
      const model = draft.model(name)
      model.reserved = change(model.reserved)
    }
  }
  if (spec.fairKey === null) draft.ready = change(draft.ready)
  else changeShare(draft, spec.fairKey, (share) => ({ ...share, ready: change(share.ready) }))
}

/** The next ready job with the same fair key: behind the one that `ready` has. */
function readyBehind(ledger: LedgerView, { place, spec }: Job): Place | undefined {
  return spec.fairKey === null ? undefined : shareOf(ledger, spec.fairKey).ready.after(place)
}

/** A job with the same fair key stands behind it, and may start if only a rate holds this one back. */
export function passOver(draft: Draft, job: Job, passed: Tree<Place>, now: Micros): Tree<Place> {
  const owner = {}
  const others = passed.remove(job.place, owner)
  const next = isShareFull(draft, job, now) ? undefined : readyBehind(draft, job)
  return next === undefined ? others : others.insert(next, owner)
}
