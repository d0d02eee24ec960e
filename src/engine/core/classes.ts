/**
 * Waiting jobs that are alike: a claim that may take one of them may take the first, and where that may not start, none may. Kept while the policy
 * groups jobs by loaded models (docs/inside/decisions/0029-warm.md), or jobs may overtake many that are limited (scan.ts), so that a decision
 * looks at classes and not at the line.
 */
import type { Draft } from './draft.ts'
import { hash } from './hash.ts'
import { MICROS_PER_SECOND, type Micros } from './job.ts'
import {
  isInLine,
  type Job,
  type JobClass,
  type LedgerParts,
  type LedgerView,
  noClasses,
  noHeads,
  noPlaces,
  type Pass,
} from './ledger.ts'
import { byPlace, type ClassKey, type Place } from './place.ts'
import { countsUse, isWarm, type Policy } from './policy.ts'
import type { Owner } from './tree.ts'
import { amountsText, asksText } from './units.ts'

/** Where keys are limited or take turns, the key is a part of it: some owners' jobs may start, and others' not. So is who waits for it. */
function keyOf(policy: Policy, { spec, asker }: Job): ClassKey {
  const { fairShare, tiers } = policy
  const { kind, models, whole, asks, uses, fairKey } = spec
  const isLimited = tiers !== undefined || (fairShare?.maxActive ?? null) !== null
  const owner = isLimited || (isWarm(policy) && countsUse(policy)) ? fairKey : null
  const units = asks === undefined ? null : asksText(asks)
  const used = uses === undefined ? null : amountsText(uses)
  const classKey = JSON.stringify([kind, models.toSorted(), whole ?? null, units, used, owner, asker])
  return { hash: hash(classKey), classKey }
}

export const classOf = (ledger: Pick<LedgerView, 'policy' | 'classes'>, job: Job): JobClass | undefined =>
  ledger.classes.size === 0 ? undefined : ledger.classes.get(keyOf(ledger.policy, job))

/** Only with a limit beside those of models may many jobs wait whose models are free, and be passed. */
export const hasClasses = (policy: Policy): boolean =>
  isWarm(policy) ||
  (policy.maxOvertakes !== 0 && (policy.uses !== undefined || (policy.fairShare?.maxActive ?? null) !== null))

/** What has classes of jobs, and may be written to. */
type Classes = Pick<LedgerParts, 'policy' | 'jobs' | 'classes' | 'heads'>

/** A job comes into line. */
export function joinClass(ledger: Classes, job: Job, owner: Owner): void {
  if (!hasClasses(ledger.policy)) return
  const key = keyOf(ledger.policy, job)
  const { members, passes } = ledger.classes.get(key) ?? { members: noPlaces, passes: [] }
  const first = members.min()
  change(ledger, { ...key, members: members.insert(job.place, owner), passes }, first, owner)
}

/** It leaves the line. */
export function quitClass(ledger: Classes, job: Job, owner: Owner): void {
  const own = classOf(ledger, job)
  if (own === undefined) return
  const first = own.members.min()
  change(ledger, { ...own, members: own.members.remove(job.place, owner) }, first, owner)
}

/** Of each class the first one is known, in line order. One that nobody is in is forgotten. */
function change(ledger: Classes, own: JobClass, before: Place | undefined, owner: Owner): void {
  const first = own.members.min()
  const { classes } = ledger
  ledger.classes = first === undefined ? classes.remove(own, owner) : classes.insert(own, owner)
  if (first === before) return
  if (before !== undefined) ledger.heads = ledger.heads.remove(before, owner)
  const of = { hash: own.hash, classKey: own.classKey }
  const job = first && ledger.jobs.get(first)
  if (job !== undefined) ledger.heads = ledger.heads.insert({ ...job.place, of, spec: job.spec }, owner)
}

/** Under other rules all counts begin again. This costs as much as the queue is long. */
export function rebuildClasses(draft: Draft, before: Policy): void {
  if (!hasClasses(draft.policy) && !hasClasses(before)) return
  draft.classes = noClasses
  draft.heads = noHeads
  for (const job of draft.jobs) if (isInLine(job)) joinClass(draft, job, draft.owner)
}

/** A job from behind starts although the claim could have taken one of the class. Starts that came from ahead of all that wait count no more. */
export function addPass(draft: Draft, own: JobClass, pass: Pass): void {
  const { members, passes } = own
  const first = members.min()
  const counted = first === undefined ? [] : passes.slice(indexOf(passes, first))
  const next = counted.toSpliced(indexOf(counted, pass.place), 0, pass)
  draft.classes = draft.classes.insert({ ...own, passes: next }, draft.owner)
}

/** Of the starts that passed a class, in line order: the first that came from behind this place. */
function indexOf(passes: readonly Pass[], place: Place): number {
  let [low, high] = [0, passes.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (byPlace((passes[middle] as Pass).place, place) > 0) high = middle
    else low = middle + 1
  }
  return low
}

/** How often one of a class was passed. */
interface Passed {
  readonly times: number
  /** Since when; 0: it was not. */
  readonly since: Micros
  /** How often it may be passed yet. */
  readonly left: number
}

/** Never too few: also the starts from before it came count. @param of one of the class; the first, unless named */
export function passedBy(own: JobClass, { warm }: Policy, at: Micros, of = own.members.min()): Passed {
  const { passes } = own
  const from = of === undefined ? passes.length : indexOf(passes, of)
  const times = passes.length - from
  let since = 0
  for (let i = from; i < passes.length; i++) {
    const pass = passes[i] as Pass
    if (since === 0 || pass.at < since) since = pass.at
  }
  const isOver = since > 0 && since + (warm?.maxPassedSeconds ?? 0) * MICROS_PER_SECOND <= at
  return { times, since, left: isOver ? 0 : Math.max(0, (warm?.maxPassed ?? 0) - times) }
}
