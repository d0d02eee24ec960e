import type { Policy } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'
import { hasUnits, placesOf } from './limits.ts'
import { ownOf, placeFor } from './needs.ts'
import { isEverRoom } from './stock.ts'

export const hasPlaces = ({ capacity }: Policy): boolean =>
  Object.values(capacity).some((rule) => typeof rule === 'object')

/** The places of a model that are large enough for the job; undefined: it has a number of them. */
export const placesFor = (policy: Policy, job: AuditedJob, model: string): readonly string[] | undefined =>
  placesOf(policy, model)?.filter((place) => isEverRoom(policy, placeFor(job, model, place)))

/** What it asks of a place of one model, none has; or it needs another model whose places have units. */
export function fitsNowhere(policy: Policy, job: AuditedJob): boolean {
  const { models, asks = {} } = job.spec
  const [asking] = models.filter((model) => Object.hasOwn(asks, model))
  if (asking === undefined) return false
  const others = models.filter((model) => model !== asking)
  return !placesFor(policy, job, asking)?.length || others.some((model) => hasUnits(policy, model))
}

/** Whether one of its models may be in this place. */
export const mayBeIn = (policy: Policy, job: AuditedJob, place: string): boolean =>
  job.spec.models.some((model) => placesFor(policy, job, model)?.includes(place) === true)

/** Whether each of these models is where it is by the other one: in the same place, or in none. */
export const isWhere = (
  models: readonly string[],
  one: AuditedJob['places'],
  other: AuditedJob['places'],
): boolean => models.every((model) => ownOf(one, model) === ownOf(other, model))
