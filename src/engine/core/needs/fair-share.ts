import type { Draft } from '../state/draft.ts'
import { type Job, type LedgerView, noPositions, type Share, usesSlot } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import { hash } from '../values/hash.ts'
import type { Micros } from '../values/job.ts'
import { activeLimits, isMeter, type Policy, tierOf } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { isOfferLive } from './offer-expiry.ts'

/** How many jobs with this key wait, and how many are active. Jobs that bypass are not counted. */
export function shareOf(ledger: LedgerView, key: string): Share {
  const own = { hash: hash(key), key }
  return ledger.shares.get(own) ?? { ...own, waiting: 0, active: 0, ready: noPositions }
}

/** How many jobs with its key were waiting when a job came: each of them puts it `spacingSeconds` back. */
export function fairRankOf(ledger: LedgerView, key: string | null): number {
  return key === null ? 0 : shareOf(ledger, key).waiting
}

/** Jobs of all keys of a tier are counted in a share of their own. No fair key begins with this: names have no control characters. */
const TIER_MARK = '\u0004'
/** Any text is a tier, `null` too; null: a key without a tier is in no such share. */
function tierShareOf(key: string): string | null {
  const tier = tierOf(key)
  return tier === null ? null : `${TIER_MARK}${tier}`
}

/** True if the policy allows no more jobs with the key of this one, or of its tier, active and offered ahead of it together. */
export function isShareFull(ledger: LedgerView, job: Job, now: Micros): boolean {
  const { fairShare, tiers } = ledger.policy
  const { fairKey } = job.spec
  if ((fairShare === null && tiers === undefined) || fairKey === null || !usesSlot(job)) return false
  const { own, together } = activeLimits(ledger.policy, fairKey)
  return isFull(ledger, job, now, fairKey, own) || isTierFull(ledger, job, now, fairKey, together)
}

/** Whether it is the tier of the job that is full, and not the share of its key alone. */
export const waitsForTier = (ledger: LedgerView, job: Job, now: Micros): boolean => {
  const key = job.spec.fairKey ?? ''
  return isTierFull(ledger, job, now, key, activeLimits(ledger.policy, key).together)
}

function isTierFull(ledger: LedgerView, job: Job, now: Micros, key: string, most: number | null): boolean {
  return isFull(ledger, job, now, tierShareOf(key), most)
}

function isFull(
  ledger: LedgerView,
  job: Job,
  now: Micros,
  share: string | null,
  most: number | null,
): boolean {
  if (most === null || share === null) return false
  const { active } = shareOf(ledger, share)
  return active >= most || active + offersAhead(ledger, job, now, share) >= most
}

/** Whether the share of a key, or its tier, has as many active jobs as it may. */
export function isUsedUp(ledger: LedgerView, key: string): { readonly own: boolean; readonly tier: boolean } {
  const { own, together } = activeLimits(ledger.policy, key)
  const isAt = (share: string | null, most: number | null) =>
    share !== null && most !== null && shareOf(ledger, share).active >= most
  return { own: isAt(key, own), tier: isAt(tierShareOf(key), together) }
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
  if (active !== 0) moveTier(draft, fairKey, active)
  if (active < 0) freeShare(draft, job)
}

function moveTier(draft: Draft, key: string, active: number): void {
  const tier = tierShareOf(key)
  if (tier === null || activeLimits(draft.policy, key).together === null) return
  changeShare(draft, tier, (share) => ({ ...share, active: share.active + active }))
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
  for (const share of [...draft.shares].filter(({ key }) => key.startsWith(TIER_MARK)))
    draft.shares = draft.shares.remove(share, draft.owner)
  if (draft.policy.tiers === undefined) return
  for (const position of draft.active) {
    const job = draft.jobs.get(position)
    if (job !== undefined && job.spec.fairKey !== null && usesSlot(job)) moveTier(draft, job.spec.fairKey, 1)
  }
}

/**
 * Of all ready jobs with one key only the first is looked at, and none while the share is full. So a decision costs the same
 * however many jobs of one customer wait.
 */
function headOf(policy: Policy, { key, active, ready }: Share): LinePosition | undefined {
  if (policy.fairShare === null && policy.tiers === undefined) return ready.min()
  const { own } = activeLimits(policy, key)
  return own !== null && active >= own ? undefined : ready.min()
}

function replaceHead(draft: Draft, before: LinePosition | undefined, after: LinePosition | undefined): void {
  if (before === after) return
  if (before !== undefined) draft.ready = draft.ready.remove(before, draft.owner)
  if (after !== undefined) draft.ready = draft.ready.insert(after, draft.owner)
}

/** Jobs with the same key may stand in any line. */
export function freeShare(draft: Draft, { spec }: Job): void {
  if (spec.fairKey === null) return
  const { own, together } = activeLimits(draft.policy, spec.fairKey)
  if (own !== null || together !== null) draft.wide = true
}

function offersAhead(ledger: LedgerView, job: Job, now: Micros, share: string): number {
  let count = 0
  const isOfTier = share.startsWith(TIER_MARK)
  for (const position of ledger.offered) {
    if (byPosition(position, job.position) >= 0) break
    const other = ledger.jobs.get(position)
    const key = other?.spec.fairKey ?? null
    if (other === undefined || key === null || (isOfTier ? tierShareOf(key) : key) !== share) continue
    if (usesSlot(other) && isOfferLive(ledger, other, now)) count++
  }
  return count
}

/** Notes whether the models of a job in line are free for it. */
export function setReady(draft: Draft, job: OwnJob, ready: boolean): void {
  if (job.ready === ready) return
  job.ready = ready
  const { position, spec } = job
  const change = (positions: Tree<LinePosition>) =>
    ready ? positions.insert(position, draft.owner) : positions.remove(position, draft.owner)
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
function readyBehind(ledger: LedgerView, { position, spec }: Job): LinePosition | undefined {
  return spec.fairKey === null ? undefined : shareOf(ledger, spec.fairKey).ready.after(position)
}

/** A job with the same fair key stands behind it, and may start if only a rate holds this one back. */
export function passOver(
  draft: Draft,
  job: Job,
  passed: Tree<LinePosition>,
  now: Micros,
): Tree<LinePosition> {
  const owner = {}
  const others = passed.remove(job.position, owner)
  const next = isShareFull(draft, job, now) ? undefined : readyBehind(draft, job)
  return next === undefined ? others : others.insert(next, owner)
}
