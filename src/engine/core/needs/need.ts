/**
 * What a job takes to start is a list of amounts of limited things: needs. Whether it may start, why it waits, whom it stands behind, and which starts
 * no log may contain are one question: which is the first of its needs for which there is no room?
 */
import type { Draft } from '../state/draft.ts'
import type { Job } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import type { ReasonCode } from '../values/event.ts'
import type { JobSpec, Micros, Units } from '../values/job.ts'
import type { Policy } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'

/** All that there is of a thing, however much that is. */
export const ALL = 'all'

/** A number of what is counted, units of a place, or all. */
export type Amount = number | Units | typeof ALL

/** So much of one limited thing. */
export interface Need<Total = unknown> {
  /** Which sort of thing, and what is known of it. */
  readonly limit: Limit<Total>
  /** Under which name the ledger has the thing. */
  readonly name: string
  readonly amount: Amount
  /** How much there is of it under the policy: nobody asks the policy for that again. */
  readonly total: Total
}

/**
 * What counts against a need:
 *
 * - `held`: what others have of the thing. The reason `model_in_use`, the law of the log and the end of offers count so.
 * - `kept`: that, and what those ahead keep of it (keeping.ts). Admission counts so, and all other reasons.
 * - `ahead`: of models and places that, and all who stand ahead in the line, as if each kept it. It depends on the line alone, so one event changes
 *   the answer for few jobs: blockers are found so. In strict order all do keep it, but for those whose offers
 *   have run out: so admission asks this first, and `kept` only then. Of other things it is the same as `kept`.
 */
export type Counting = 'held' | 'kept' | 'ahead'

/** The state in which it is asked. */
export interface AsOf {
  readonly ledger: LedgerView
  readonly now: Micros
  /** In which process the job would run: one that serves its places; absent: in any. */
  readonly by?: string | undefined
  /** The job of a batch that has its models, places and slot, and counts as gone. */
  readonly spared?: Spared | undefined
}

export type Spared = Pick<Job, 'needs' | 'position'>

/** Who asks: where it stands in line, and its kind; null: a kind that no job there has. */
export interface Asker {
  readonly position: LinePosition
  readonly spec: { readonly kind: string | null }
}

/** Anybody who stands behind a position. */
export const anybodyAt = (position: LinePosition): Asker => ({ position, spec: { kind: null } })

/** What jobs need of these. */
export type Needy = Pick<Job, 'spec' | 'needs' | 'places' | 'wholes' | 'exclusive'>

/** A limit, or several, asked what a job needs. */
export interface Needs<Total = unknown> {
  /** What a job needs of it, where it stands now, or is; none where the policy says nothing of it. */
  readonly needs: (policy: Policy, job: Needy) => readonly Need<Total>[]
}

/**
 * One sort of limited thing: how much there is, what counts, and for whom it is kept. A file of `limits/` each, and none knows another.
 * `Total`: how it says how much there is.
 */
export interface Limit<Total = unknown> extends Needs<Total> {
  readonly sort: string
  /** The policy says something of it. */
  readonly isOn: (policy: Policy) => boolean
  /** Why a job waits that lacks it. */
  readonly code: (policy: Policy) => ReasonCode
  hasRoom(asOf: AsOf, need: Need<Total>, asker: Asker, counting: Counting): boolean
  /** Jobs that are offered, and may lack some of it now that somebody has taken this. */
  rivals(draft: Draft, need: Need<Total>, now: Micros): Iterable<LinePosition>
  /** What the job is told, where more is known than its code says. */
  says?(asOf: AsOf, need: Need<Total>, job: Job): string
  /** What a log is told in which a job starts that lacks it. */
  broken(ledger: LedgerView, need: Need<Total>): string
}

export const nothing: readonly never[] = []

/** Limits whose needs follow from the job and the policy, wherever the job stands: they are found once for both. */
export function fixed(limits: readonly Limit[]): Needs {
  const found = new WeakMap<JobSpec, { policy: Policy; exclusive: boolean; needs: readonly Need[] }>()
  let last: Policy | undefined
  let isAnyOn = false
  return {
    needs: (policy, job) => {
      if (policy !== last) {
        last = policy
        isAnyOn = limits.some(({ isOn }) => isOn(policy))
      }
      if (!isAnyOn) return nothing
      const { spec, exclusive } = job
      const known = found.get(spec)
      if (known?.policy === policy && known.exclusive === exclusive) return known.needs
      const needs = limits.flatMap((limit) => limit.needs(policy, job))
      found.set(spec, { policy, exclusive, needs })
      return needs
    },
  }
}

/** Whether there is room for a need. */
export const hasRoom = (asOf: AsOf, need: Need, asker: Asker, counting: Counting): boolean =>
  need.limit.hasRoom(asOf, need, asker, counting)

/** The first need of a job, of this sort, for which there is no room; undefined: there is for all. */
export function lacking(asOf: AsOf, job: Needy & Asker, sort: Needs, counting: Counting): Need | undefined {
  for (const need of sort.needs(asOf.ledger.policy, job)) if (!hasRoom(asOf, need, job, counting)) return need
  return undefined
}
