import { type AuditedJob, takesAll, takesSlot } from './job.ts'
import { ALL, type AuditedAmount, type AuditedNeed, tierOf } from './limits.ts'

/** In which place each model is. */
export type Where = readonly (readonly [model: string, place: string])[]

export const ownOf = (places: AuditedJob['places'], model: string): string | undefined =>
  places !== null && Object.hasOwn(places, model) ? places[model] : undefined

/** What it takes of a model. */
export const amountOf = (job: AuditedJob, model: string): 1 | typeof ALL => (takesAll(job, model) ? ALL : 1)

/** What it takes of a place: what it asks, or all. */
const askOf = ({ spec: { models, asks = {} } }: AuditedJob, model: string): AuditedAmount =>
  models.includes(model) && Object.hasOwn(asks, model) ? (asks[model] ?? ALL) : ALL

export const placeFor = (job: AuditedJob, model: string, name: string): AuditedNeed => ({
  sort: 'place',
  name,
  amount: askOf(job, model),
  model,
})

export const usesOf = ({ spec: { uses = {} } }: AuditedJob): readonly AuditedNeed[] =>
  Object.entries(uses).map(([name, amount]) => ({ sort: 'use', name, amount }))

/** Of what those with its fair key, or of its tier, can have together. */
export function sharesOf(job: AuditedJob): readonly AuditedNeed[] {
  const { fairKey } = job.spec
  if (fairKey === null || !takesSlot(job)) return []
  const tier = tierOf(fairKey)
  const own: AuditedNeed = { sort: 'share', name: fairKey, amount: 1 }
  return tier === undefined ? [own] : [own, { sort: 'tier', name: tier, amount: 1 }]
}

export const slotOf = ({ alone }: AuditedJob): AuditedNeed => ({
  sort: 'slot',
  name: '',
  amount: alone ? ALL : 1,
})

/** Everything that a job takes to start. @param where a model of which it takes all is in several */
export function needsOf(job: AuditedJob, where: Where): readonly AuditedNeed[] {
  const { models } = job.spec
  const places = new Map(where)
  return [
    ...models.map(
      (name): AuditedNeed => ({ sort: 'model', name, amount: amountOf(job, name), place: places.get(name) }),
    ),
    ...where.map(([model, place]): AuditedNeed => {
      const need = placeFor(job, model, place)
      return takesAll(job, model) ? { ...need, amount: ALL } : need
    }),
    ...models.map((name): AuditedNeed => ({ sort: 'rate', name, amount: 1 })),
    ...(takesSlot(job) ? [...usesOf(job), ...sharesOf(job), slotOf(job)] : []),
  ]
}
