/** Whose turn it is where fair keys are weighed by what they have used (fair-queue.ts). */
import { mayStart, placesToTake } from './admission.ts'
import type { Draft } from './draft.ts'
import type { KeyUse } from './fair-queue.ts'
import type { Micros } from './job.ts'
import { type Job, type LedgerView, noPlaces } from './ledger.ts'
import { isOfferLive } from './offer-expiry.ts'
import { reserves } from './overtaking.ts'
import { byPlace, type Place } from './place.ts'
import type { Places } from './site.ts'
import type { Tree } from './tree.ts'

/** A job whose turn it is. */
interface FairTurn {
  readonly job: Job
  /** Where it starts; absent: its models have no places. */
  readonly places?: Places | undefined
  /** Of its key; absent: one with less is about to be cancelled, and was left out. */
  readonly virtualTime?: Micros
}

/** For which process a job could start now; undefined: it is not to be taken here; null: nobody is to start it. */
export type ProcessFor = (job: Job) => string | null | undefined

/**
 * Of the first jobs of all keys that may start, the one whose key has used least over its weight; of equal ones the first in line. Jobs that
 * are offered keep nothing from it, unless others passed them as often as they may.
 */
export function nextTurn(draft: Draft, now: Micros, processFor: ProcessFor): FairTurn | undefined {
  const view = withoutOffers(draft, now)
  let isSkipped = false
  let best: { readonly job: Job; readonly by: string; readonly time: Micros } | undefined
  for (const use of draft.fair?.live ?? []) {
    if (best !== undefined && use.time > best.time) break
    for (const { job, by } of firstsOf(draft, use, processFor)) {
      if (best !== undefined && byPlace(best.job.place, job.place) < 0) continue
      if (!mayStart(view, job, now, by ?? undefined)) continue
      if (by === null) isSkipped = true
      else best = { job, by, time: use.time }
    }
  }
  if (best === undefined) return undefined
  const { job, by, time: virtualTime } = best
  const turn = { job, places: placesOf(view, job, now, by) }
  return isSkipped ? turn : { ...turn, virtualTime }
}

const placesOf = (view: LedgerView, job: Job, now: Micros, by: string): Places | undefined =>
  job.places === null ? undefined : placesToTake(view, job, now, undefined, by)

/** Of alike jobs the first that somebody may take, and those before it that nobody is to start. */
function* firstsOf(draft: Draft, { alike }: KeyUse, processFor: ProcessFor) {
  for (const { line } of alike)
    for (const place of line) {
      const job = draft.jobs.get(place)
      const by = job === undefined ? undefined : processFor(job)
      if (job === undefined || by === undefined) break
      yield { job, by }
      if (by !== null) break
    }
}

/** Without the offers of jobs that others may still pass. An offer that has run out stays: it says that nobody runs its kind. */
function withoutOffers(draft: Draft, now: Micros): LedgerView {
  const keeps = (place: Place): boolean => {
    const job = draft.jobs.get(place)
    return job !== undefined && (reserves(draft, job) || !isOfferLive(draft, job, now))
  }
  const owner = {}
  const kept = (places: Tree<Place>): Tree<Place> =>
    [...places].filter(keeps).reduce((all, place) => all.insert(place, owner), noPlaces)
  const models: LedgerView['models'] = {
    size: draft.models.size,
    get: (key) => {
      const model = draft.models.get(key)
      return model === undefined || model.offers.size === 0 ? model : { ...model, offers: kept(model.offers) }
    },
  }
  return { ...draft, models, offered: kept(draft.offered) }
}
