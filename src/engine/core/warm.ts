/**
 * Which job a claim takes whose process keeps models loaded (docs/inside/decisions/0029-warm.md): of those that it could take, the one that
 * spares most loading. It may pass those ahead as often, and for as long, as the policy says.
 */
import { isLimited } from './admission.ts'
import { batchSizeOf } from './batch.ts'
import { settle } from './blocking.ts'
import { passedBy } from './classes.ts'
import type { Claim } from './command.ts'
import { headsFor } from './heads.ts'
import { MICROS_PER_SECOND, type Micros } from './job.ts'
import type { Job } from './ledger.ts'
import { isWarm, type Policy } from './policy.ts'
import type { Scribe } from './scribe.ts'
import type { Places } from './site.ts'
import { MOST_TAKEN, startBatch } from './starting.ts'
import { type Keeper, keeperIn, loadingOf, loadsOf, pushesOut } from './warmth.ts'

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

/** The sender of the claim takes what spares it loading, if it keeps models. What is left of the claim goes by the line. @returns how many */
export function takeWarm(scribe: Scribe, claim: Claim, most: number): number {
  const { draft, command, surroundings } = scribe
  const { workerId } = command
  // Where keys take turns these say who is next. What was offered by this command is not known from the log yet.
  if (
    draft.fair !== null ||
    !isWarm(draft.policy) ||
    scribe.offersMade > 0 ||
    surroundings.deadWorkers.has(workerId)
  )
    return 0
  settle(draft)
  let taken = 0
  for (; taken < most && !scribe.isFull; taken++) {
    const keeper = keeperIn(draft.keepers, workerId)
    const chosen = keeper && choose(scribe, keeper, claim)
    if (chosen === undefined) break
    const { job, places, passes, saved, without } = chosen
    const said = without.length === 0 ? { warm: saved } : { warm: saved, without }
    const size = Math.min(batchSizeOf(claim, job.spec.kind), MOST_TAKEN - scribe.started)
    startBatch(scribe, job, workerId, size, { places, ...(passes && said) })
  }
  return taken
}

/** Undefined: there is none, or the line alone says which is next. */
function choose(
  { draft, surroundings, nextAt: at }: Scribe,
  keeper: Keeper,
  claim: Claim,
): Takeable | undefined {
  const runs = (kind: string) => claim.kinds === null || claim.kinds.includes(kind)
  const others = new Set<string>()
  let first: Job | undefined
  let best: Takeable | undefined
  for (const { job, own, places, isWall } of headsFor(draft, { worker: keeper.worker, runs, at })) {
    if (isWall || (first !== undefined && job.place.level !== first.place.level)) break
    if (!runs(job.spec.kind)) others.add(job.spec.kind)
    if (places === undefined) continue
    if (surroundings.heldBack?.has(job.jobId) !== true && !isLimited(draft, job, at)) {
      const cost = costOf(draft.policy, keeper, job, places, at)
      const takeable = { job, places, ...cost, passes: first !== undefined, without: [...others] }
      if (best === undefined || isBetter(takeable, best)) best = takeable
    }
    first ??= job
    if (passedBy(own, draft.policy, at).left === 0) break
  }
  return best
}

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
