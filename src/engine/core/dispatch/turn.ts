/** Whose turn it is where fair keys are weighed by what they have used (fair-queue.ts). */

import { reserves } from '../line/overtaking.ts'
import { type ClaimView, candidatesInKey } from '../line/warmth/candidates.ts'
import { choose, type WarmChoice } from '../line/warmth/choose.ts'
import type { AsOf } from '../needs/need.ts'
import { isOfferLive } from '../needs/offer-expiry.ts'
import { placesToTake } from '../needs/places.ts'
import { mayStart } from '../needs/waits.ts'
import type { Draft } from '../state/draft.ts'
import type { KeyUse } from '../state/fair-use.ts'
import type { Job } from '../state/job.ts'
import { type LedgerView, noPositions } from '../state/ledger.ts'
import { keeperIn } from '../state/serving.ts'
import type { Micros, Places } from '../values/job.ts'
import { isWarm } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'

/** A job whose turn it is. */
interface FairTurn {
  readonly job: Job
  /** Where it starts; absent: its models have no places. */
  readonly places?: Places | undefined
  /** The seconds of loading for which it passes others of its key (warm.ts). */
  readonly warm?: number
  readonly without?: readonly string[]
  /** Of its key; absent: one with less is about to be cancelled, and was left out. */
  readonly virtualTime?: Micros
}

/** A claim of one process. */
export interface TurnClaim extends ClaimView {
  /** For which process a job could start now; undefined: it is not to be taken here; null: nobody is to start it. */
  readonly processFor: (job: Job) => string | null | undefined
  /** Jobs that are about to be cancelled. */
  readonly heldBack: ReadonlySet<string> | undefined
  readonly now: Micros
}

/**
 * Of the first jobs of all keys that may start, the one whose key has used least over its weight; of equal ones the first in line, unless its
 * process has loaded what another one of the same key needs. Jobs that are offered keep nothing from it, unless others passed them as often as
 * they may.
 */
export function nextTurn(draft: Draft, claim: TurnClaim): FairTurn | undefined {
  const { now } = claim
  const view: AsOf = { ledger: withoutOffers(draft, now), now }
  let isSkipped = false
  let best: { readonly job: Job; readonly by: string; readonly use: KeyUse } | undefined
  for (const use of draft.fair?.live ?? []) {
    if (best !== undefined && use.time > best.use.time) break
    for (const { job, by } of firstsOf(draft, use, claim)) {
      if (by === undefined || (best !== undefined && byPosition(best.job.position, job.position) < 0))
        continue
      if (!mayStart({ ...view, by: by ?? undefined }, job)) continue
      if (by === null) isSkipped = true
      else best = { job, by, use }
    }
  }
  if (best === undefined) return undefined
  const { job, by, use } = best
  const turn = warmTurn(draft, view, use, claim) ?? { job, places: placesIn(view, job, by) }
  return isSkipped ? turn : { ...turn, virtualTime: use.time }
}

const placesIn = (view: AsOf, job: Job, by: string): Places | undefined =>
  job.places === null ? undefined : placesToTake({ ...view, by }, job)

/** Of alike jobs the first that somebody may take, and those before it that nobody is to start; undefined: it is not for this claim. */
function* firstsOf(draft: Draft, { alike }: KeyUse, { processFor }: TurnClaim) {
  for (const { line } of alike)
    for (const position of line) {
      const job = draft.jobs.get(position)
      if (job === undefined) break
      const by = processFor(job)
      yield { job, by }
      if (by !== null) break
    }
}

/** Within the key whose turn it is a process that keeps models takes what spares it loading. Undefined: the line alone says which is next. */
function warmTurn(draft: Draft, view: AsOf, use: KeyUse, claim: TurnClaim): WarmChoice | undefined {
  const keeper = isWarm(draft.policy) ? keeperIn(draft.keepers, claim.worker) : undefined
  if (keeper === undefined) return undefined
  const firsts = [...firstsOf(draft, use, claim)].map(({ job, by }) => ({ job, isOurs: by !== undefined }))
  return choose(view.ledger, candidatesInKey(view, firsts, claim.worker), { ...claim, keeper })
}

/** Without the offers of jobs that others may still pass. An offer that has run out stays: it says that nobody runs its kind. */
function withoutOffers(draft: Draft, now: Micros): LedgerView {
  const keeps = (position: LinePosition): boolean => {
    const job = draft.jobs.get(position)
    return job !== undefined && (reserves(draft, job) || !isOfferLive(draft, job, now))
  }
  const owner = {}
  const kept = (positions: Tree<LinePosition>): Tree<LinePosition> =>
    [...positions].filter(keeps).reduce((all, position) => all.insert(position, owner), noPositions)
  const models: LedgerView['models'] = {
    size: draft.models.size,
    get: (key) => {
      const model = draft.models.get(key)
      return model === undefined || model.offers.size === 0 ? model : { ...model, offers: kept(model.offers) }
    },
  }
  return { ...draft, models, offered: kept(draft.offered) }
}
