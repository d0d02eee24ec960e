/** How many jobs of each fair key, and of whatever else is counted, wait and are active. */
import type { Draft } from '../state/draft.ts'
import { type Job, usesSlot } from '../state/job.ts'
import type { LedgerView, Share } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import type { Micros } from '../values/job.ts'
import { isMeter, type Policy } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { limitedAs, shareOf } from './counted.ts'
import { counts } from './limits/index.ts'
import { share, shares } from './limits/share.ts'
import { lacking } from './need.ts'

/** What is counted beside fair keys, among the shares, under names that no key has: those have no control characters. */
const tallies = counts.filter((count) => count !== share)
const isTally = (name: string): boolean => name !== '' && name < ' '

/** How many jobs with its key were waiting when a job came: each of them puts it `spacingSeconds` back. */
export function fairRankOf(ledger: LedgerView, key: string | null): number {
  return key === null ? 0 : shareOf(ledger, key).waiting
}

/** A job came, started, ended or left. */
export function moveShare(draft: Draft, job: Job, change: { waiting?: 1 | -1; active?: 1 | -1 }): void {
  const { fairKey } = job.spec
  if (!usesSlot(job)) return
  const { waiting = 0, active = 0 } = change
  if (fairKey !== null)
    changeShare(draft, fairKey, (own) => ({
      ...own,
      waiting: own.waiting + waiting,
      active: own.active + active,
    }))
  if (active !== 0) moveTallies(draft, job, active)
  if (active < 0) freeShare(draft, job)
}

function moveTallies(draft: Draft, job: Job, active: number): void {
  for (const { name } of tallies.flatMap((tally) => tally.needs(draft.policy, job)))
    changeShare(draft, name, (tally) => ({ ...tally, active: tally.active + active }))
}

/** Keeps `ready` of the draft to the first ready job of each share. */
function changeShare(draft: Draft, key: string, change: (share: Share) => Share): void {
  const before = shareOf(draft, key)
  const head = headOf(draft.policy, before)
  const own = change(before)
  const isEmpty = own.waiting === 0 && own.active === 0 && own.ready.size === 0
  draft.shares = isEmpty ? draft.shares.remove(own, draft.owner) : draft.shares.insert(own, draft.owner)
  replaceHead(draft, head, headOf(draft.policy, own))
}

/** Limits have changed: jobs whose share was full may be looked at again, and others no longer. */
export function limitShares(draft: Draft, before: Policy): void {
  for (const own of draft.shares) replaceHead(draft, headOf(before, own), headOf(draft.policy, own))
  for (const own of [...draft.shares].filter(({ key }) => isTally(key)))
    draft.shares = draft.shares.remove(own, draft.owner)
  for (const position of draft.active) {
    const job = draft.jobs.get(position)
    if (job !== undefined) moveTallies(draft, job, 1)
  }
}

/**
 * Of all ready jobs with one key only the first is looked at, and none while the share is full. So a decision costs the same
 * however many jobs of one customer wait.
 */
function headOf(policy: Policy, { key, active, ready }: Share): LinePosition | undefined {
  if (policy.fairShare === null && policy.tiers === undefined) return ready.min()
  const most = share.most(policy, key)
  return most !== null && active >= most ? undefined : ready.min()
}

function replaceHead(draft: Draft, before: LinePosition | undefined, after: LinePosition | undefined): void {
  if (before === after) return
  if (before !== undefined) draft.ready = draft.ready.remove(before, draft.owner)
  if (after !== undefined) draft.ready = draft.ready.insert(after, draft.owner)
}

/** Jobs with the same key may stand in any line. */
export function freeShare(draft: Draft, job: Job): void {
  if (counts.some((count) => limitedAs(count, draft.policy, job) !== null)) draft.wide = true
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
  else changeShare(draft, spec.fairKey, (own) => ({ ...own, ready: change(own.ready) }))
}

/** The next ready job with the same fair key: behind the one that `ready` has. */
function readyBehind(ledger: LedgerView, { position, spec }: Job): LinePosition | undefined {
  return spec.fairKey === null ? undefined : shareOf(ledger, spec.fairKey).ready.after(position)
}

/** The next ready job of its key takes its turn, unless the key or its tier is full. */
export function passOver(
  draft: Draft,
  job: Job,
  passed: Tree<LinePosition>,
  now: Micros,
): Tree<LinePosition> {
  const owner = {}
  const others = passed.remove(job.position, owner)
  const next = lacking({ ledger: draft, now }, job, shares, 'kept') ? undefined : readyBehind(draft, job)
  return next === undefined ? others : others.insert(next, owner)
}
