/** What a job with an empty set of models does: runs outside the queue, is refused, or runs alone. */
export const emptySetRules = ['bypass', 'reject', 'exclusive'] as const
export type EmptySetRule = (typeof emptySetRules)[number]

/** The rules of one queue. A change holds back new starts only; it never takes a lease away. */
export interface Policy {
  /** How many jobs may be active at once; 1 serialises all; null: no limit. */
  readonly maxActive: number | null
  /** Places per model; `*` sets the default, which is 1. */
  readonly capacity: Readonly<Record<string, number>>
  /** After how many overtakings a waiting job reserves its models: 0 strict order, null never (greedy). */
  readonly maxOvertakes: number | null
  /** Seconds of waiting that one level of priority is worth; null: priority always goes first. */
  readonly ageSeconds: number | null
  /** How long a startable job that nobody has taken keeps its place, in milliseconds. */
  readonly offerMs: number
  readonly emptySet: EmptySetRule
}

/** All jobs one after the other, as first specified. */
export const defaultPolicy: Policy = {
  maxActive: 1,
  capacity: {},
  maxOvertakes: 0,
  ageSeconds: 60,
  offerMs: 2_000,
  emptySet: 'bypass',
}

/** How many leases a model can have at once under this policy. */
export function capacityOf(policy: Policy, model: string): number {
  const own = Object.hasOwn(policy.capacity, model) ? policy.capacity[model] : undefined
  return own ?? (Object.hasOwn(policy.capacity, '*') ? policy.capacity['*'] : undefined) ?? 1
}
