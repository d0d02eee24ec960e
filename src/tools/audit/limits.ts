import type { Policy } from '../../engine/core/index.ts'
import { ruleFor } from './rules.ts'

/** Of what there is a limited amount. */
export type Sort = 'model' | 'place' | 'rate' | 'use' | 'share' | 'tier' | 'slot'

/** All that there is of a thing, however much that is. */
export const ALL = 'all'
export type ByUnit = Readonly<Record<string, number>>
/** So much of a thing; of a place so much of each unit. */
export type AuditedAmount = number | ByUnit | typeof ALL

/** What a start takes of one thing. */
export interface AuditedNeed {
  readonly sort: Sort
  readonly name: string
  readonly amount: AuditedAmount
  /** A place: for which model. */
  readonly model?: string
  /** A model: in which of its places, if it has some. */
  readonly place?: string | undefined
}

/** How much there is of a thing: at any moment, or in any window of so many seconds. */
export interface AuditedLimit {
  readonly most: number
  /** Of a place: how much it has of each. */
  readonly units?: ByUnit | undefined
  /** Those who are in the same place count once. */
  readonly byPlace?: boolean
  readonly perSeconds?: number
  /** In its window counts what was taken at the start. Else what is held, and what was used by those who gave it back. */
  readonly counted?: 'atStart'
}

/** The policy of a queue that was never given one, as the documentation states it. Not taken from the core. */
export const firstPolicy: Policy = {
  maxActive: 1,
  capacity: {},
  maxOvertakes: 0,
  ageSeconds: 60,
  offerMs: 2_000,
  emptySet: 'bypass',
  holdAfterLossSeconds: {},
  rate: {},
  fairShare: null,
  retentionDays: 30,
  archive: 'keep',
}

/** The places that the policy gives a model; undefined: it has none. Names of models are anything. */
export function placesOf({ capacity }: Policy, model: string): readonly string[] | undefined {
  const rule = ruleFor(capacity, model)
  return typeof rule === 'object' ? rule : undefined
}

/** How many places it has. */
export function capacityOf({ capacity }: Policy, model: string): number {
  const rule = ruleFor(capacity, model) ?? 1
  return typeof rule === 'object' ? rule.length : rule
}

const unitsOf = ({ units = {} }: Policy, place: string): ByUnit | undefined => ruleFor(units, place)

export const hasUnits = (policy: Policy, model: string): boolean =>
  placesOf(policy, model)?.some((place) => unitsOf(policy, place) !== undefined) === true

/** What a key has before its first `/`. */
export const tierOf = (key: string): string | undefined => /^([^/]*)\//.exec(key)?.[1]

const tierRule = ({ tiers = {} }: Policy, tier: string | undefined) =>
  tier !== undefined && Object.hasOwn(tiers, tier) ? tiers[tier] : undefined

const atMost = (most: number | null | undefined): readonly AuditedLimit[] => (most == null ? [] : [{ most }])

/** What the policy says of each sort of things, by name; none: there is any amount. */
export const limitsOf: Readonly<Record<Sort, (policy: Policy, name: string) => readonly AuditedLimit[]>> = {
  // Where places have units, only these say how many can have it.
  model: (policy, name) =>
    hasUnits(policy, name)
      ? []
      : [{ most: capacityOf(policy, name), byPlace: placesOf(policy, name) !== undefined }],
  place: (policy, name) => [{ most: 1, units: unitsOf(policy, name) }],
  rate({ rate }, name) {
    const own = ruleFor(rate, name)
    return own === undefined ? [] : [{ most: own.starts, perSeconds: own.perSeconds, counted: 'atStart' }]
  },
  use({ uses = {} }, name) {
    const own = ruleFor(uses, name) ?? []
    return ('limit' in own ? [own] : own).map(({ limit, ...window }) => ({ most: limit, ...window }))
  },
  share: (policy, key) => atMost(tierRule(policy, tierOf(key))?.maxActive ?? policy.fairShare?.maxActive),
  tier: (policy, tier) => atMost(tierRule(policy, tier)?.maxTogether),
  slot: ({ maxActive }) => atMost(maxActive),
}
