import { placesToTake } from '../needs/admission.ts'
import { firstUnavailable } from '../needs/blocking.ts'
import { freeShare, isUsedUp, setReady } from '../needs/fair-share.ts'
import { joinLine, quitLine } from '../needs/fit.ts'
import { isOverRate } from '../needs/rate.ts'
import { limitedUses, meterOf, overUsed } from '../needs/use.ts'
import type { Draft } from '../state/draft.ts'
import { addToKind, removeFromKind } from '../state/kinds.ts'
import { type Job, jobOf, type Model, modelOf, placesLeft, usesSlot } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import { askAt, roomBeside, unitsAt } from '../state/room.ts'
import { setPlaces, siteOf } from '../state/site.ts'
import type { Micros, Places, Units } from '../values/job.ts'
import { isMeter, isSameRule, placesOf, tierOf } from '../values/policy.ts'
import type { LinePosition, Timer } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'

/** Announces a startable job to all: from now on it keeps its position. */
export function offer(draft: Draft, job: OwnJob, at: Micros): void {
  const { owner } = draft
  job.offeredAt = at
  job.blockedBy = null
  job.blockedOn = null
  setReady(draft, job, false)
  // In strict order it may pass a job whose offer has run out. Its row still says which job it stands behind.
  if (draft.policy.maxOvertakes === 0 && firstUnavailable(draft, job) !== undefined)
    draft.unsettle(job.position)
  draft.unbound = draft.unbound.remove(job.position, owner)
  draft.offered = draft.offered.insert(job.position, owner)
  addToKind(draft, job, owner)
  draft.offerTimes = draft.offerTimes.insert(timerOf(job, at), owner)
  for (const name of job.needs) {
    const model = draft.model(name)
    model.offers = model.offers.insert(job.position, owner)
    // The offer runs out as it is made: what the job has kept of its models is free for those behind it.
    if (draft.policy.offerMs === 0) draft.free(name)
  }
}

/** An offered job keeps the places that it would take, wherever it was pinned to. */
export function pinWhereFree(draft: Draft, job: OwnJob, at: Micros): void {
  const places = placesToTake(draft, job, at)
  if (places !== undefined) pinTo(draft, job, places)
}

/** The jobs that an event offers, each after the one before it. */
export function pinOffered(draft: Draft, jobIds: readonly string[], at: Micros): void {
  for (const jobId of jobIds) {
    const job = jobOf(draft, jobId)
    if (job !== undefined && job.places !== null) pinWhereFree(draft, draft.edit(job), at)
  }
}

/** Pins a job in line to other places. */
export function pinTo(draft: Draft, job: OwnJob, places: Places): void {
  if (isSameRule(places, job.places)) return
  const lines = ['reserved', 'offers'] as const
  const meters = job.needs.filter(isMeter)
  const stood = job.needs.filter((name) => !meters.includes(name)).map((name) => draft.model(name))
  const isIn = lines.filter((line) => stood.some((model) => model[line].get(job.position) !== undefined))
  for (const model of stood) {
    quitLine(draft, model, job)
    for (const line of isIn) model[line] = model[line].remove(job.position, draft.owner)
    draft.unsettleBehind(model, job.position)
    draft.forget(model)
  }
  setPlaces(draft.policy, job, places)
  for (const name of job.needs) {
    const model = draft.model(name)
    joinLine(draft, model, job)
    for (const line of isIn) model[line] = model[line].insert(job.position, draft.owner)
    draft.unsettleBehind(model, job.position)
  }
  if (meters.length > 0) job.needs = [...job.needs, ...meters]
}

/** The offer counts from the event that announces it. */
export function dateOffer(draft: Draft, job: OwnJob, at: Micros): void {
  if (job.offeredAt === null || job.offeredAt === at) return
  draft.offerTimes = draft.offerTimes
    .remove(timerOf(job, job.offeredAt), draft.owner)
    .insert(timerOf(job, at), draft.owner)
  job.offeredAt = at
}

/** What the offer kept is free for those behind the job, unless the job itself takes it (it `starts`). */
export function withdrawOffer(draft: Draft, job: OwnJob, starts = false): void {
  if (job.offeredAt === null) return
  const { owner } = draft
  if (!starts) {
    draft.offersEnded++
    freeSlot(draft)
    freeShare(draft, job)
  }
  draft.offerTimes = draft.offerTimes.remove(timerOf(job, job.offeredAt), owner)
  job.offeredAt = null
  draft.offered = draft.offered.remove(job.position, owner)
  removeFromKind(draft, job, owner)
  for (const name of job.needs) {
    const model = draft.model(name)
    model.offers = model.offers.remove(job.position, owner)
    if (!starts) draft.free(name)
  }
}

/** The job stands in line like a new one, and is offered again when it is startable again. */
export function endOffer(draft: Draft, job: Job): void {
  withdrawOffer(draft, draft.edit(job))
  draft.arrive(job.position)
  draft.unsettle(job.position)
  if (!usesSlot(job)) draft.unbound = draft.unbound.insert(job.position, draft.owner)
}

/** The rules changed, or the queue drains: finds out again who may start. */
export function endAllOffers(draft: Draft): void {
  for (const position of [...draft.offered]) {
    const job = draft.jobs.get(position)
    if (job !== undefined) endOffer(draft, job)
  }
}

/**
 * A start ends the offers of jobs that it keeps from starting: all of them if it takes the last slot or runs alone; those on a
 * model that it fills or whose rate it uses up; those with its fair key if that uses its whole share; and those of jobs that have
 * to run alone.
 */
export function endOffersFor(draft: Draft, started: Job, at: Micros): void {
  if (draft.offered.size === 0) return
  for (const name of started.needs) {
    const model = modelOf(draft, name)
    const units = unitsAt(draft.policy, name)
    if (units !== undefined) endOffersWithoutRoom(draft, model, units)
    else if (placesLeft(draft.policy, model) <= 0 || isOverRate(draft, model, at))
      endOffersAt(draft, model.offers)
    else if (model.whole.size > 0) endOffersAt(draft, model.whole)
  }
  if (started.places !== null) endOffersOverRate(draft, started.places, at)
  if (started.spec.uses !== undefined) endOffersOverUse(draft, started, at)
  if (!usesSlot(started)) return
  endOffersOf(draft, started)
  const { maxActive } = draft.policy
  const isFull = maxActive !== null && draft.slots.size >= maxActive
  endOffersAt(draft, isFull || started.exclusive ? draft.offered : draft.exclusives)
}

/** Those of jobs for which not enough is left of the place. */
function endOffersWithoutRoom(draft: Draft, model: Model, units: Units): void {
  for (const position of [...model.offers]) {
    const job = draft.jobs.get(position)
    if (job?.offeredAt == null) continue
    if (!roomBeside(draft, model, units).take(askAt(job, model.model) ?? units).holds) endOffer(draft, job)
  }
}

/** Those of jobs whose model has used up its rate, at whichever of its places. */
function endOffersOverRate(draft: Draft, taken: Places, at: Micros): void {
  for (const name of Object.keys(taken).filter((model) => isOverRate(draft, modelOf(draft, model), at)))
    for (const place of placesOf(draft.policy, name) ?? [])
      endOffersAt(draft, modelOf(draft, siteOf(place)).offers, name)
}

/** Those of jobs for which there is not enough left of a resource that this one uses. */
function endOffersOverUse(draft: Draft, user: Job, at: Micros): void {
  for (const [resource] of limitedUses(draft.policy, user))
    for (const position of [...modelOf(draft, meterOf(resource)).offers]) {
      const job = draft.jobs.get(position)
      if (job !== undefined && overUsed(draft, job, at) !== undefined) endOffer(draft, job)
    }
}

/** Jobs with the same fair key, or of its tier, if it uses its whole share. */
function endOffersOf(draft: Draft, { spec: { fairKey } }: Job): void {
  const { fairShare, tiers } = draft.policy
  if (fairKey === null || (fairShare === null && tiers === undefined)) return
  const { own, tier } = isUsedUp(draft, fairKey)
  if (!own && !tier) return
  for (const position of [...draft.offered]) {
    const job = draft.jobs.get(position)
    const key = job?.spec.fairKey ?? null
    if (job === undefined || key === null || !usesSlot(job)) continue
    if ((own && key === fairKey) || (tier && tierOf(key) === tierOf(fairKey))) endOffer(draft, job)
  }
}

/** @param model only of jobs that need it */
function endOffersAt(draft: Draft, positions: Tree<LinePosition>, model?: string): void {
  for (const position of [...positions]) {
    const job = draft.jobs.get(position)
    if (job === undefined || job.offeredAt === null || !usesSlot(job)) continue
    if (model === undefined || job.spec.models.includes(model)) endOffer(draft, job)
  }
}

/** A slot comes free: a job that waits for one, or for all of them, may stand in any line. */
export function freeSlot(draft: Draft): void {
  const { maxActive } = draft.policy
  const full = maxActive !== null && draft.slots.size + draft.offered.size >= maxActive
  if (full || draft.exclusives.size > 0) draft.wide = true
}

function timerOf(job: Job, at: Micros): Timer {
  return { at, hash: job.hash, jobId: job.jobId }
}
