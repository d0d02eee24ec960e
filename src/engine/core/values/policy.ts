import type { Units } from './job-parts.ts'
import { patternFor, patternsIn, ruleFor } from './pattern.ts'
import { AT_START_SINCE, type PolicyField, policyFields } from './policy-table.ts'

type ValueOf<Of> =
  | (Of extends { readonly of: infer Each }
      ? Readonly<Record<string, ValueOf<Each>>>
      : Of extends { readonly words: readonly (infer Word)[] }
        ? Word
        : Of extends { readonly is: 'places' }
          ? number | readonly string[]
          : Of extends { readonly is: 'units' }
            ? Units
            : Of extends { readonly each: infer Each }
              ? ValueOf<Each> | readonly ValueOf<Each>[]
              : Of extends { readonly fields: infer Fields }
                ? {
                    readonly [Key in keyof Fields as Fields[Key] extends
                      | { readonly in: string }
                      | { readonly optional: true }
                      ? never
                      : Key]: ValueOf<Fields[Key]>
                  } & {
                    readonly [Key in keyof Fields as Fields[Key] extends { readonly optional: true }
                      ? Key
                      : never]?: ValueOf<Fields[Key]>
                  }
                : number)
  | (Of extends { readonly orNull: unknown } ? null : never)

type Fields = typeof policyFields
/** The fields that the logs of before do not have. */
type Later = {
  [Key in keyof Fields]: Fields[Key] extends { readonly since: number } ? Key : never
}[keyof Fields]

/** The rules of one queue. A change holds back new starts only; it never takes a lease away. */
export type Policy = { readonly [Key in Exclude<keyof Fields, Later>]: ValueOf<Fields[Key]> } & {
  readonly [Key in Later]?: ValueOf<Fields[Key]>
}
/** At most `starts` starts from a model in any window of `perSeconds`. */
export type Rate = Policy['rate'][string]
/** At most `limit` of a resource in any window of `perSeconds`. */
export interface Window {
  readonly limit: number
  readonly perSeconds: number
  /** What a job asks for counts at its start, for as long as the window is. Absent: to its end, and from there on. */
  readonly counted?: 'atStart'
}
/** How jobs with one `fairKey` (a customer, say) share a queue with those of others. */
export type FairShare = NonNullable<Policy['fairShare']>

/** The same, to go through. */
export const policyEntries = Object.entries(policyFields) as readonly (readonly [keyof Policy, PolicyField])[]

/** All jobs one after the other, as first specified. */
export const defaultPolicy = Object.fromEntries(
  policyEntries.flatMap(([name, { usual, since }]) => (since === undefined ? [[name, usual]] : [])),
) as unknown as Policy

/** The version of the shape of `policy_changed` that has all of its fields: releases that read lower ones only are kept out. */
export const policyVersion = (policy: Policy): number =>
  Math.max(
    Object.values(policy.capacity).some((value) => typeof value === 'object') ? PLACES_SINCE : 1,
    byPattern(policy).some((rules) => patternsIn(rules).length > 0) ? PATTERNS_SINCE : 1,
    countsAtStart(policy) ? AT_START_SINCE : 1,
    ...policyEntries.map(([name, { since = 1 }]) => (policy[name] === undefined ? 1 : since)),
  )

const countsAtStart = ({ uses = {} }: Policy): boolean =>
  Object.values(uses)
    .flat()
    .some(({ counted }) => counted !== undefined)

/** Releases that read lower ones would take a list of places for no capacity at all. */
export const PLACES_SINCE = 5

/** Releases that read lower ones would take a pattern for the name of one model. */
const PATTERNS_SINCE = 6

/** The maps of a policy whose keys may be patterns. */
const byPattern = ({ capacity, rate, holdAfterLossSeconds, models = {}, units = {}, uses = {} }: Policy) =>
  [capacity, rate, holdAfterLossSeconds, models, units, uses] as const

/** Whether a job may need the model: the policy declares it, or declares none. */
export const isDeclared = ({ models }: Policy, model: string): boolean =>
  models === undefined || ruleFor(models, model) !== undefined

/** The patterns from which the rules of a model come, by rule; those of its own name and of all others are left out. */
export function patternsFor(policy: Policy, model: string): Readonly<Record<string, string>> {
  const { capacity, rate, holdAfterLossSeconds } = policy
  const maps = Object.entries({ capacity, rate, holdAfterLossSeconds })
  return Object.fromEntries(
    maps.flatMap(([name, rules]) => {
      const pattern = Object.hasOwn(rules, model) ? undefined : patternFor(rules, model)
      return pattern === undefined ? [] : [[name, pattern]]
    }),
  )
}

/** No name of a model begins with one of these: names have no control characters. */
export const SITE_MARK = '\u0002'
export const METER_MARK = '\u0003'

/** Whether a name among the models of the ledger is that of a resource (meter.ts). */
export const isMeter = (name: string): boolean => name.startsWith(METER_MARK)

/** What stands before the first `/` of a fair key: `paid` of `paid/customer-17`; null: it has no tier. */
export function tierOf(key: string): string | null {
  const end = key.indexOf('/')
  return end < 0 ? null : key.slice(0, end)
}

/** How many jobs of a fair key may be active, and of all keys of its tier together; null: any number. */
export function activeLimits({ fairShare, tiers }: Policy, key: string) {
  const name = tiers === undefined ? null : tierOf(key)
  const tier = name !== null && tiers !== undefined && Object.hasOwn(tiers, name) ? tiers[name] : undefined
  return {
    own: tier?.maxActive ?? fairShare?.maxActive ?? null,
    together: tier?.maxTogether ?? null,
  }
}

/** How many leases a model can have at once under this policy; of a model that has places, how many these are. */
export function capacityOf({ capacity }: Policy, model: string): number {
  if (model.startsWith(SITE_MARK)) return 1
  if (isMeter(model)) return Number.POSITIVE_INFINITY
  const value = valueFor(capacity, model) ?? 1
  return typeof value === 'number' ? value : value.length
}

/** Whether it counts what fair keys use. In strict order nobody may be passed. */
export const countsUse = ({ weights, maxOvertakes }: Policy): boolean =>
  weights !== undefined && maxOvertakes !== 0

/** Whether jobs are grouped by the models that processes have loaded. */
export const isWarm = ({ warm }: Policy): boolean => warm !== undefined && warm.maxPassed > 0

/** Whether it limits how many jobs of one key, or of one tier, are active. */
export const limitsShares = ({ fairShare, tiers }: Policy): boolean =>
  tiers !== undefined || (fairShare?.maxActive ?? null) !== null

/** The places of a model; undefined: it has a number of them, and no names. */
export function placesOf({ capacity }: Policy, model: string): readonly string[] | undefined {
  const value = valueFor(capacity, model)
  return typeof value === 'object' ? value : undefined
}

/** For how many seconds the model is paused after an attempt that had it was lost. */
export function holdAfterLossOf(policy: Policy, model: string): number {
  return valueFor(policy.holdAfterLossSeconds, model) ?? 0
}

export const rateOf = ({ rate }: Policy, model: string): Rate | undefined => ruleFor(rate, model)

/** What jobs may use of a resource, window by window; undefined: there is no limit. */
export function windowsOf({ uses }: Policy, resource: string): readonly Window[] | undefined {
  const own = uses === undefined ? undefined : ruleFor(uses, resource)
  return own === undefined ? undefined : 'limit' in own ? [own] : own
}

/** Under which key of the policy a resource has its limits: its own name, or a pattern; undefined: it has none. */
export const limitKeyOf = ({ uses = {} }: Policy, resource: string): string | undefined =>
  Object.hasOwn(uses, resource) ? resource : patternFor(uses, resource)

/**
 * The map's value for the model, else for the pattern that says most of it, else for all (`*`). Users choose the names: `constructor` may be one, which every object has,
 * but not as a number. (`Object.hasOwn` costs a fold 3 %.)
 */
export function valueFor<Value extends number | readonly string[]>(
  values: Readonly<Record<string, Value>>,
  model: string,
): Value | undefined {
  const own = values[model]
  return typeof own === 'number' || Array.isArray(own) ? own : values[patternFor(values, model) ?? '*']
}

/** True if two policies, or parts of them, say the same. The order of fields does not matter. */
export function isSameRule(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const ofA = new Map(Object.entries(a))
  const ofB = Object.entries(b)
  return (
    ofA.size === ofB.length && ofB.every(([name, value]) => ofA.has(name) && isSameRule(ofA.get(name), value))
  )
}
