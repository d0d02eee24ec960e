/**
 * When two jobs are alike: they need the same. Then a process that may take one may take the other, and where the first in line may not start none
 * may. Each use adds what else counts for it, or says what does not.
 */
import type { Job } from '../state/job.ts'
import { amountsText, asksText } from '../state/units.ts'
import { hash } from '../values/hash.ts'
import type { JobSpec } from '../values/job.ts'
import { countsUse, isSameRule, isWarm, limitsShares, type Policy } from '../values/policy.ts'
import type { ClassKey } from '../values/position.ts'

/** What makes them alike, as texts, by which tables find them again: amounts have no order. */
const likenessOf = ({ kind, whole, asks, uses }: JobSpec, models: readonly string[]) =>
  [kind, models, whole, asks && asksText(asks), uses && amountsText(uses)] as const

/** Of the jobs of one fair key those have the same text that are alike, and name their models in the same order. */
export const textInKey = (spec: JobSpec): string => JSON.stringify(likenessOf(spec, spec.models))

/**
 * The class of a job: jobs that are alike, whatever the order of their models, and for which the same process waits. Where keys are limited
 * or take turns, also of one key: some owners' jobs may start, and others' not.
 */
export function classKeyOf(policy: Policy, { spec, asker }: Job): ClassKey {
  const owner = limitsShares(policy) || (isWarm(policy) && countsUse(policy)) ? spec.fairKey : null
  const classKey = JSON.stringify([...likenessOf(spec, spec.models.toSorted()), owner, asker])
  return { hash: hash(classKey), classKey }
}

/**
 * One call of a handler may have both: they are alike, in whatever order they name their models, and take none as a whole. What each uses of a
 * resource is its own.
 */
export function fitsBatch(one: JobSpec, other: JobSpec): boolean {
  if (one.kind !== other.kind || other.whole !== undefined || !isSameRule(one.asks, other.asks)) return false
  const [a, b] = [one.models, other.models]
  return a === b || (a.length === b.length && a.every((name) => b.includes(name)))
}
