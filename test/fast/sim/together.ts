import { defaultPolicy, type Policy, type Units } from '../../../src/engine/core/index.ts'
import type { SimJob } from './script.ts'

/** What one call of a handler has, or a program that was let through. */
export interface Had {
  readonly job: SimJob
  /** Those that it has not given back. */
  readonly models: readonly string[]
  /** Where they are, as it was told. */
  readonly places: Readonly<Record<string, string>>
  /** What it has in common with the others of its batch. */
  readonly batch: string
  /** When it was started. */
  readonly policy: Policy | undefined
}

/**
 * Why this one may not begin while the others run, by what programs asked for and the policy allows: of what the queue makes of that it reads
 * nothing. Undefined: it may.
 */
export function clashOf(
  one: Had,
  others: readonly Had[],
  policy: Policy = defaultPolicy,
): string | undefined {
  const beside = others.filter(({ batch }) => batch !== one.batch)
  const faults = [
    ...one.models.map((model) => modelClash(one, beside, model, policy)),
    ...placesOf(one).map((place) => placeClash(one, beside, place, policy)),
    usesClash(one, [one, ...others], policy),
  ]
  return faults.find((fault) => fault !== undefined)
}

/** A model of which it was told no place though it has some, or one that it has not; undefined: there is none. */
export const misplaced = (had: Had): string | undefined =>
  had.models.find((model) => {
    const listed = listOf(had.policy, model)
    const told = had.places[model]
    const hasNone = typeof listed === 'number' || hasAllOf(had, model)
    return hasNone ? told !== undefined : told === undefined || !listed.includes(told)
  })

const listOf = (policy: Policy = defaultPolicy, model: string): readonly string[] | number =>
  policy.capacity[model] ?? policy.capacity['*'] ?? 1
const placesOf = ({ models, places }: Had): readonly string[] => [
  ...new Set(models.flatMap((model) => places[model] ?? [])),
]
const hasAllOf = ({ job, models }: Had, model: string): boolean =>
  models.includes(model) && job.modes?.[model] === 'exclusive'
/** Jobs of a batch count once. */
const holders = (all: readonly Had[]): readonly Had[] => [
  ...new Map(all.map((each) => [each.batch, each])).values(),
]

function modelClash(one: Had, others: readonly Had[], model: string, policy: Policy): string | undefined {
  const listed = listOf(policy, model)
  const users = holders(others.filter(({ models }) => models.includes(model)))
  if (users.some((user) => hasAllOf(user, model) || hasAllOf(one, model)))
    return `one of them has all of ${model}`
  if (typeof listed === 'number')
    return users.length < listed ? undefined : `${model} is taken ${users.length} times`
  if (!hasAllOf(one, model)) return undefined
  const all = listOf(one.policy, model)
  const there = others.some((other) => placesOf(other).some((place) => isListed(all, place)))
  return there ? `somebody is in a place of ${model}` : undefined
}

function placeClash(one: Had, others: readonly Had[], place: string, policy: Policy): string | undefined {
  const isAllOf = (other: Had) =>
    other.models.some((model) => hasAllOf(other, model) && isListed(listOf(other.policy, model), place))
  if (others.some(isAllOf)) return `somebody has all of a model that ${place} is a place of`
  const there = holders(others.filter((other) => placesOf(other).includes(place)))
  if (there.length === 0) return undefined
  const units = policy.units?.[place]
  if (units === undefined) return `somebody is in ${place}`
  const asks = [one, ...there].map((each) => askAt(each, place) ?? units)
  const over = Object.keys(units).find((unit) => sum(asks.map((ask) => ask[unit] ?? 0)) > (units[unit] ?? 0))
  return over === undefined ? undefined : `${place} has no room for this: of ${over}`
}

const isListed = (listed: readonly string[] | number, place: string): boolean =>
  typeof listed !== 'number' && listed.includes(place)

/** Undefined: it asks nothing there, and takes all of the place. */
function askAt({ job, models, places }: Had, place: string): Units | undefined {
  const here = models.filter((model) => places[model] === place)
  return here.map((model) => job.asks?.[model]).find((ask) => ask !== undefined)
}

/** What runs at one time has reserved within every window that ends now. */
function usesClash({ job }: Had, all: readonly Had[], policy: Policy): string | undefined {
  for (const [resource, rule] of Object.entries(policy.uses ?? {})) {
    if (job.uses?.[resource] === undefined) continue
    const taken = sum(all.map(({ job }) => job.uses?.[resource] ?? 0))
    for (const { limit } of [rule].flat())
      if (taken > limit) return `${taken} of ${resource} at once, of ${limit}`
  }
  return undefined
}

const sum = (amounts: readonly number[]): number => amounts.reduce((all, each) => all + each, 0)
