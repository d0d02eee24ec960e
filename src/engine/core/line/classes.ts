/**
 * Waiting jobs that are alike: a claim that may take one of them may take the first, and where that may not start, none may. Kept while the policy
 * groups jobs by loaded models (docs/inside/decisions/turns.md), or jobs may overtake many that are limited (scan.ts), so that a decision
 * looks at classes and not at the line.
 */
import type { Draft } from '../state/draft.ts'
import { isInLine, type Job } from '../state/job.ts'
import {
  type JobClass,
  type LedgerParts,
  type LedgerView,
  noClasses,
  noHeads,
  noPositions,
} from '../state/ledger.ts'
import type { Writable } from '../state/own-job.ts'
import { isWarm, limitsShares, type Policy } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import type { Owner } from '../values/tree-node.ts'
import { classKeyOf } from './alike.ts'
import { passesOf, withPasses } from './passes.ts'

export const classOf = (ledger: Pick<LedgerView, 'policy' | 'classes'>, job: Job): JobClass | undefined =>
  ledger.classes.size === 0 ? undefined : ledger.classes.get(classKeyOf(ledger.policy, job))

/** Only with a limit beside those of models may many jobs wait whose models are free, and be passed. */
const hasClasses = (policy: Policy): boolean =>
  isWarm(policy) || (policy.maxOvertakes !== 0 && (policy.uses !== undefined || limitsShares(policy)))

/** What has classes of jobs, and may be written to. */
type Classes = Pick<LedgerParts, 'policy' | 'jobs' | 'classes' | 'heads'>

/** A job comes into line, with the starts that have passed it. */
export function joinClass(ledger: Classes, job: Writable<Job>, owner: Owner): void {
  if (!hasClasses(ledger.policy)) return
  const key = classKeyOf(ledger.policy, job)
  const { members, passes } = ledger.classes.get(key) ?? { members: noPositions, passes: [] }
  const first = members.min()
  const own = { ...key, members: members.insert(job.position, owner), passes: withPasses(passes, job) }
  replaceClass(ledger, own, first, owner)
  if (job.passes !== null) job.passes = null
}

/** It leaves the line, and takes along which starts have passed it: until it starts, they count wherever it is. */
export function quitClass(ledger: Classes, job: Writable<Job>, owner: Owner): void {
  const own = classOf(ledger, job)
  if (own?.members.get(job.position) === undefined) return
  const first = own.members.min()
  replaceClass(ledger, { ...own, members: own.members.remove(job.position, owner) }, first, owner)
  job.passes = passesOf(own, job.position)
}

/** Of each class the first one is known, in line order. One that nobody is in is forgotten. */
function replaceClass(ledger: Classes, own: JobClass, before: LinePosition | undefined, owner: Owner): void {
  const first = own.members.min()
  const { classes } = ledger
  ledger.classes = first === undefined ? classes.remove(own, owner) : classes.insert(own, owner)
  if (first === before) return
  if (before !== undefined) ledger.heads = ledger.heads.remove(before, owner)
  const of = { hash: own.hash, classKey: own.classKey }
  const job = first && ledger.jobs.get(first)
  if (job !== undefined) ledger.heads = ledger.heads.insert({ ...job.position, of, spec: job.spec }, owner)
}

/** The rules change, and with them who is alike: all leave their classes. */
export function leaveClasses(draft: Draft): void {
  for (const own of draft.classes)
    for (const position of own.members) {
      const passes = passesOf(own, position)
      if (passes === null) break
      const job = draft.jobs.get(position)
      if (job !== undefined) draft.edit(job, true).passes = passes
    }
  draft.classes = noClasses
  draft.heads = noHeads
}

/** Under other rules. This costs as much as the queue is long. */
export function joinClasses(draft: Draft): void {
  if (!hasClasses(draft.policy)) return
  for (const job of draft.jobs)
    if (isInLine(job)) joinClass(draft, job.passes === null ? job : draft.edit(job, true), draft.owner)
}
