/** Which of its candidates a claim takes, whose process keeps models loaded (docs/inside/decisions/turns.md). */
import { isHeldBack } from '../../needs/waits.ts'
import type { Job } from '../../state/job.ts'
import type { LedgerView } from '../../state/ledger.ts'
import type { Keeper } from '../../state/serving.ts'
import { MICROS_PER_SECOND, type Micros, type Places } from '../../values/job.ts'
import type { Policy } from '../../values/policy.ts'
import { timesPassed } from '../passes.ts'
import type { ClaimView, WarmCandidate } from './candidates.ts'
import { loadingOf, loadsOf, pushesOut } from './loaded.ts'

/** A job that a claim could take. */
interface Takeable {
  readonly job: Job
  readonly places: Places
  /** The seconds of loading that its process is spared. */
  readonly saved: number
  /** A model goes for it that was loaded a moment ago. */
  readonly isSwap: boolean
  /** It passes somebody. */
  readonly passes: boolean
  /** The kinds of those ahead that the claim does not run. */
  readonly without: readonly string[]
}

interface WarmClaim extends ClaimView {
  readonly keeper: Keeper
  /** Jobs that are about to be cancelled. */
  readonly heldBack: ReadonlySet<string> | undefined
}

/** The job that a claim takes, and what its start says if it passes others for what is loaded. */
export interface WarmChoice {
  readonly job: Job
  readonly places: Places
  readonly warm?: number
  readonly without?: readonly string[]
}

/**
 * Of candidates in line order the one that spares the claim most loading, past no more than may be passed.
 * @returns undefined: there is none, or the order alone says which is next
 */
export function choose(
  ledger: LedgerView,
  candidates: Iterable<WarmCandidate>,
  { keeper, runs, heldBack, at }: WarmClaim,
): WarmChoice | undefined {
  const { policy } = ledger
  const others = new Set<string>()
  let first: Job | undefined
  let best: Takeable | undefined
  for (const { job, own, places, isBarrier } of candidates) {
    if (isBarrier || (first !== undefined && job.position.level !== first.position.level)) break
    if (!runs(job.spec.kind)) others.add(job.spec.kind)
    if (places === undefined) continue
    if (heldBack?.has(job.jobId) !== true && !isHeldBack({ ledger, now: at }, job)) {
      const cost = costOf(policy, keeper, job, places, at)
      const takeable = { job, places, ...cost, passes: first !== undefined, without: [...others] }
      if (best === undefined || isBetter(takeable, best)) best = takeable
    }
    first ??= job
    if (timesPassed(own.passes, policy, at, job.position).left === 0) break
  }
  return best && startOf(best)
}

const startOf = ({ job, places, passes, saved, without }: Takeable): WarmChoice => ({
  job,
  places,
  ...(passes && { warm: saved, ...(without.length > 0 && { without }) }),
})

function costOf(policy: Policy, keeper: Keeper, { spec: { models } }: Job, places: Places, at: Micros) {
  const start = { workerId: keeper.worker, models, places }
  const since = at - (policy.warm?.minLoadedSeconds ?? 0) * MICROS_PER_SECOND
  return {
    saved: loadingOf([keeper], policy, start)?.savedSeconds ?? 0,
    isSwap: pushesOut(keeper, loadsOf(policy, models, places), since),
  }
}

/** Of two that are alike the first in line goes first. */
const isBetter = (one: Takeable, other: Takeable): boolean =>
  one.isSwap === other.isSwap ? one.saved > other.saved : other.isSwap
