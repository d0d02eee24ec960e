import { firstUnavailable } from './blocking.ts'
import { isShareFull } from './fair-share.ts'
import type { Micros } from './job.ts'
import { isInLine, type Job, type LedgerView, type Model, modelOf, usesSlot } from './ledger.ts'
import { isOfferLive } from './offered.ts'
import { byPlace, type Place } from './place.ts'
import { capacityOf } from './policy.ts'
import { rateOpensAt } from './rate.ts'

/** The admission rule (docs/conflict-rules.md): may this waiting job start at this time? */
export function isStartable(ledger: LedgerView, job: Job, now: Micros): boolean {
  return isInLine(job) && mayStart(ledger, job, now)
}

/** The same of a job that stands in line. */
export function mayStart(ledger: LedgerView, job: Job, now: Micros): boolean {
  return hasSlot(ledger, job, now) && !isLimited(ledger, job, now) && hasModels(ledger, job, now)
}

/** Its models are over their rates, or whoever it belongs to has his share: it keeps its place, and is passed over. */
export function isLimited(ledger: LedgerView, job: Job, now: Micros): boolean {
  return rateOpensAt(ledger, job, now) > 0 || isShareFull(ledger, job, now)
}

/** The queue is open, nobody runs alone, and fewer than `maxActive` slots are used or kept for offers ahead. */
export function hasSlot(ledger: LedgerView, job: Job, now: Micros): boolean {
  if (ledger.draining) return false
  if (!usesSlot(job)) return true
  if (ledger.alone > 0 || isBehindExclusive(ledger, job.place, now)) return false
  if (job.exclusive) return ledger.slots.size === 0 && offersAhead(ledger, job.place, now) === 0
  const { maxActive } = ledger.policy
  return maxActive === null || ledger.slots.size + offersAhead(ledger, job.place, now) < maxActive
}

/** Each model has a place that is neither held nor reserved by a job ahead in line. */
export function hasModels(ledger: LedgerView, job: Job, now: Micros): boolean {
  if (ledger.policy.maxOvertakes === 0) return firstUnavailable(ledger, job) === undefined
  return job.spec.models.every((name) => isFree(ledger, modelOf(ledger, name), job.place, now))
}

/** True if the model has a place for whoever stands at `place` in line. */
export function isFree(ledger: LedgerView, model: Model, place: Place, now: Micros): boolean {
  const free = capacityOf(ledger.policy, model.model) - model.holders.size
  if (free <= 0) return false
  return reservedAhead(ledger, model, place, now) < free
}

/** How many jobs ahead keep a place of the model: overtaken often enough, or offered to all just now. */
function reservedAhead(ledger: LedgerView, model: Model, place: Place, now: Micros): number {
  let count = model.reserved.rank(place)
  for (const other of model.offers) {
    if (byPlace(other, place) >= 0) break
    if (isLiveAt(ledger, other, now) && model.reserved.get(other) === undefined) count++
  }
  return count
}

function isLiveAt(ledger: LedgerView, place: Place, now: Micros): boolean {
  const job = ledger.jobs.get(place)
  return job !== undefined && isOfferLive(ledger, job, now)
}

function offersAhead(ledger: LedgerView, place: Place, now: Micros): number {
  let count = 0
  for (const other of ledger.offered) {
    if (byPlace(other, place) >= 0) break
    const job = ledger.jobs.get(other)
    if (job !== undefined && usesSlot(job) && isOfferLive(ledger, job, now)) count++
  }
  return count
}

/** A job ahead has to run alone. Nobody passes it before its turn; once its offer has run out, others may. */
function isBehindExclusive(ledger: LedgerView, place: Place, now: Micros): boolean {
  for (const other of ledger.exclusives) {
    if (byPlace(other, place) >= 0) return false
    if (ledger.jobs.get(other)?.offeredAt === null || isLiveAt(ledger, other, now)) return true
  }
  return false
}
