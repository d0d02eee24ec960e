import { firstUnavailable } from '../needs/blocking.ts'
import { joinLine, quitLine } from '../needs/fit.ts'
import { limits } from '../needs/limits/index.ts'
import { lacking } from '../needs/need.ts'
import { placesToTake } from '../needs/places.ts'
import { freeShare, setReady } from '../needs/tally.ts'
import type { Draft } from '../state/draft.ts'
import { type Job, usesSlot } from '../state/job.ts'
import { addToKind, removeFromKind } from '../state/kinds.ts'
import { jobOf } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import { setPlaces } from '../state/site.ts'
import type { Micros, Places } from '../values/job.ts'
import { isMeter, isSameRule } from '../values/policy.ts'
import type { Timer } from '../values/position.ts'

/** Announces a startable job to all: from now on it keeps its position. */
export function offer(draft: Draft, job: OwnJob, at: Micros): void {
  const { owner } = draft
  job.offeredAt = at
  job.blockedBy = null
  job.blockedOn = null
  setReady(draft, job, false)
  // In strict order it may pass a job whose offer has run out. Its row still says which job it stands behind.
  if (
    draft.policy.maxOvertakes === 0 &&
    firstUnavailable({ ledger: draft, now: job.offeredAt }, job) !== undefined
  )
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
  const places = placesToTake({ ledger: draft, now: at }, job)
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

/** A start ends the offers of jobs that lack something now because of it. */
export function endOffersFor(draft: Draft, started: Job, at: Micros): void {
  if (draft.offered.size === 0) return
  const view = { ledger: draft, now: at }
  for (const need of limits.flatMap((sort) => sort.needs(draft.policy, started)))
    for (const position of [...need.limit.rivals(draft, need, at)]) {
      const job = draft.jobs.get(position)
      if (job === undefined || job.offeredAt === null) continue
      if (lacking(view, job, need.limit, 'held') !== undefined) endOffer(draft, job)
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
