/** Which place a job takes where its models have several: the choice among what there is room for. One process has all of them. */

import type { Job } from '../state/job.ts'
import { isHeldWhole, modelOf } from '../state/ledger.ts'
import { crewsOf, isSite, isUsable, namesOf, placeFor, siteOf } from '../state/site.ts'
import { askFor } from '../state/units.ts'
import { type JobSpec, type Places, takesAllOf } from '../values/job.ts'
import { placesOf } from '../values/policy.ts'
import { firstUnavailable } from './blocking.ts'
import { modelNeed } from './limits/model.ts'
import { placeNeed } from './limits/place.ts'
import { ALL, type Asker, type AsOf, anybodyAt, type Counting, hasRoom } from './need.ts'
import { hasLapsed } from './offer-expiry.ts'
import { hasRoomFor } from './one-or-all.ts'

/** Who asks for models: a job in line, or somebody whom one imagines. */
export interface ModelAsker extends Asker, Pick<Job, 'places' | 'wholes'> {
  readonly spec: Asker['spec'] & Pick<JobSpec, 'models' | 'asks' | 'whole'>
}

/** Somebody who needs this model and nothing else, at the head of all lines. */
export const anybodyFor = (model: string): ModelAsker => ({
  ...anybodyAt({ level: 0, order: 0, tie: 0, hash: 0, jobId: '' }),
  spec: { kind: null, models: [model] },
  places: null,
  wholes: null,
})

/** Each model of a job in line has a place that is neither held nor kept for one ahead. */
export function hasModels(asOf: AsOf, job: Job): boolean {
  if (job.places !== null || job.wholes !== null) return placesToTake(asOf, job) !== undefined
  const { ledger, now } = asOf
  // In strict order all ahead keep their models, but for those whose offers have run out.
  if (ledger.policy.maxOvertakes === 0) {
    if (firstUnavailable(asOf, job) === undefined) return true
    if (!hasLapsed(ledger, now)) return false
  }
  return job.spec.models.every((name) => hasRoom(asOf, modelNeed(ledger.policy, job, name), job, 'kept'))
}

/**
 * What a job in line would take now: each place that it is pinned to if that is free for it, else the first that is. Undefined: not all
 * its models are free.
 */
export function placesToTake(asOf: AsOf, job: Job): Places | undefined {
  if (asOf.by !== undefined) return placesBy(asOf, job)
  for (const by of crewsOf(asOf.ledger, job.spec, job.places)) {
    const taken = placesBy({ ...asOf, by }, job)
    if (taken !== undefined) return taken
  }
  return undefined
}

function placesBy(asOf: AsOf, job: Job): Places | undefined {
  const taken: [model: string, place: string][] = []
  for (const model of job.spec.models) {
    const place = placeToTake(asOf, job, model, 'kept')
    if (place === undefined) return undefined
    if (place !== null) taken.push([model, place])
  }
  return Object.fromEntries(taken)
}

/** Where a job in line would take this model; null: it has no places, and is free. Undefined: there is no room for the job. */
export function placeToTake(
  asOf: AsOf,
  job: ModelAsker,
  model: string,
  counting: Counting,
): string | null | undefined {
  const { ledger, by } = asOf
  const { spec, places } = job
  if (takesAllOf(spec, model)) return isAllFree(asOf, job, model, counting) ? null : undefined
  const listed = placesOf(ledger.policy, model)
  if (listed === undefined)
    return hasRoom(asOf, modelNeed(ledger.policy, job, model), job, counting) ? null : undefined
  const ask = askFor(spec, model)
  if (isTakenUp(asOf, model, listed, job)) return undefined
  const isOpen = (name: string) =>
    isUsable(ledger, name, by) && hasRoom(asOf, placeNeed(ledger.policy, siteOf(name), ask), job, counting)
  const pinned = placeFor(places, model)
  return pinned !== undefined && listed.includes(pinned) && isOpen(pinned) ? pinned : listed.find(isOpen)
}

/**
 * Jobs that took the model while it had a number of places, or other ones, are in one of these, nobody knows in which, and have all of it. One
 * that has the whole model has all of them.
 */
export function isTakenUp(asOf: AsOf, model: string, listed: readonly string[], asker: Asker): boolean {
  const { ledger } = asOf
  const itself = modelOf(ledger, model)
  const unknown = itself.holders.size
  if (unknown === 0 || isHeldWhole(itself)) return unknown > 0
  const isEmpty = (name: string) => hasRoomFor(asOf, modelOf(ledger, siteOf(name)), allOfOne, asker, 'held')
  return listed.filter(isEmpty).length <= unknown
}

/** A place that holds one job. */
const allOfOne = { amount: ALL, total: 1 } as const

/** All of a model: nobody has it or is in one of its places, and none is kept for others. In a paused place nobody else would be either. */
const isAllFree = (asOf: AsOf, job: ModelAsker, model: string, counting: Counting): boolean =>
  namesOf(job, model).every((name) => {
    const { policy } = asOf.ledger
    const need = isSite(name) ? placeNeed(policy, name, null) : modelNeed(policy, job, name)
    return hasRoom(asOf, need, job, counting)
  })
