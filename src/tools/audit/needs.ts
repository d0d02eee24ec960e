import { type AuditedJob, takesAll, takesSlot } from './job.ts'
import { ALL, type AuditedAmount, type AuditedNeed, type Sort, tierOf } from './limits.ts'

/** In which place each model is. */
export type Where = readonly (readonly [model: string, place: string])[]

export const ownOf = (places: AuditedJob['places'], model: string): string | undefined =>
  places !== null && Object.hasOwn(places, model) ? places[model] : undefined

/** What it takes of a model. */
export const amountOf = (job: AuditedJob, model: string): 1 | typeof ALL => (takesAll(job, model) ? ALL : 1)

/** What it takes of a place: what it asks, or all. */
const askOf = ({ spec: { models, asks = {} } }: AuditedJob, model: string): AuditedAmount =>
  models.includes(model) && Object.hasOwn(asks, model) ? (asks[model] ?? ALL) : ALL

const taking = (sort: Sort, name: string, amount: AuditedAmount = 1): AuditedNeed => ({ sort, name, amount })

export const placeFor = (job: AuditedJob, model: string, place: string): AuditedNeed => ({
  ...taking('place', place, askOf(job, model)),
  model,
})

export const usesOf = ({ spec: { uses = {} } }: AuditedJob): readonly AuditedNeed[] =>
  Object.entries(uses).map(([name, amount]) => taking('use', name, amount))

/** Of what those with its fair key, or of its tier, can have together. */
export function sharesOf(job: AuditedJob): readonly AuditedNeed[] {
  const { fairKey } = job.spec
  if (fairKey === null || !takesSlot(job)) return []
  const tier = tierOf(fairKey)
  return [taking('share', fairKey), ...(tier === undefined ? [] : [taking('tier', tier)])]
}

export const slotOf = ({ alone }: AuditedJob): AuditedNeed => taking('slot', '', alone ? ALL : 1)

/** Everything that a job takes to start. @param where a model of which it takes all is in several */
export function needsOf(job: AuditedJob, where: Where): readonly AuditedNeed[] {
  const { models } = job.spec
  const places = new Map(where)
  const placed = ([model, place]: Where[number]): AuditedNeed =>
    takesAll(job, model) ? { ...taking('place', place, ALL), model } : placeFor(job, model, place)
  return [
    ...models.map((name) => ({ ...taking('model', name, amountOf(job, name)), place: places.get(name) })),
    ...where.map(placed),
    ...models.map((name) => taking('rate', name)),
    ...(takesSlot(job) ? [...usesOf(job), ...sharesOf(job), slotOf(job)] : []),
  ]
}
