/** What a job with an empty set of models does: runs outside the queue, is refused, or runs alone. */
export const emptySetRules = ['bypass', 'reject', 'exclusive'] as const
export type EmptySetRule = (typeof emptySetRules)[number]

/** Where events go when `retentionDays` takes them out of the log: into its archive, or nowhere. */
export const archiveRules = ['keep', 'drop'] as const
export type ArchiveRule = (typeof archiveRules)[number]

/** At most `starts` starts from a model in any window of `perSeconds`. */
export interface Rate {
  readonly starts: number
  readonly perSeconds: number
}

/** How jobs with one `fairKey` (a customer, say) share a queue with those of others. */
export interface FairShare {
  /** How many seconds a job stands further back for each job with its key that was waiting when it came. */
  readonly spacingSeconds: number
  /** How many may wait at most; one more is refused. Null: no limit. */
  readonly maxWaiting: number | null
  /** How many may be active at most. Null: no limit. */
  readonly maxActive: number | null
}

/** The rules of one queue. A change holds back new starts only; it never takes a lease away. */
export interface Policy {
  /** How many jobs may be active at once; 1 serialises all; null: no limit. */
  readonly maxActive: number | null
  /** Places per model; `*` sets the default, which is 1. */
  readonly capacity: Readonly<Record<string, number>>
  /** After how many overtakings a waiting job reserves its models; 0: strict order; null: never (greedy). */
  readonly maxOvertakes: number | null
  /** Seconds of waiting that one level of priority is worth; null: priority always goes first. */
  readonly ageSeconds: number | null
  /** How long a startable job that nobody has taken keeps its place, in milliseconds. */
  readonly offerMs: number
  readonly emptySet: EmptySetRule
  /**
   * For how many seconds a model is paused when a worker that had it was lost, since the work may go on elsewhere; `*` sets the
   * default, which is 0: not at all.
   */
  readonly holdAfterLossSeconds: Readonly<Record<string, number>>
  /** Per model, by its name; a model that is not named has no rate. */
  readonly rate: Readonly<Record<string, Rate>>
  /** Null: fair keys have no effect. */
  readonly fairShare: FairShare | null
  /** After how many days events leave the log; null: never. */
  readonly retentionDays: number | null
  /** What happens to them then. */
  readonly archive: ArchiveRule
}

/** All jobs one after the other, as first specified. */
export const defaultPolicy: Policy = {
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

/** How many leases a model can have at once under this policy. */
export function capacityOf(policy: Policy, model: string): number {
  return valueFor(policy.capacity, model) ?? 1
}

/** For how many seconds the model is paused after an attempt that had it was lost. */
export function holdAfterLossOf(policy: Policy, model: string): number {
  return valueFor(policy.holdAfterLossSeconds, model) ?? 0
}

export function rateOf({ rate }: Policy, model: string): Rate | undefined {
  const own = rate[model]
  return own !== undefined && Object.hasOwn(rate, model) ? own : undefined
}

/**
 * The map's value for the model, else for all (`*`). Users choose the names: `constructor` may be one, which every object has,
 * but not as a number. (`Object.hasOwn` costs a fold 3 %.)
 */
function valueFor(values: Readonly<Record<string, number>>, model: string): number | undefined {
  const own = values[model]
  return typeof own === 'number' ? own : values['*']
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
