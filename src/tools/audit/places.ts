import type { Policy } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'

/** What is wrong with where a job starts. */
interface Fault {
  readonly model: string
  readonly detail: string
}

/** The places that the policy gives a model; undefined: it has none. Names of models are anything. */
export function placesOf({ capacity }: Policy, model: string): readonly string[] | undefined {
  const name = Object.hasOwn(capacity, model) ? model : '*'
  const rule = Object.hasOwn(capacity, name) ? capacity[name] : undefined
  return typeof rule === 'object' ? rule : undefined
}

export const hasPlaces = ({ capacity }: Policy): boolean =>
  Object.values(capacity).some((rule) => typeof rule === 'object')

const ownOf = (places: AuditedJob['places'], model: string): string | undefined =>
  places !== null && Object.hasOwn(places, model) ? places[model] : undefined

/** Whether one of its models may be in this place. */
export const mayBeIn = (policy: Policy, { spec }: AuditedJob, place: string): boolean =>
  spec.models.some((model) => placesOf(policy, model)?.includes(place) === true)

/** Whether each of these models is where it is by the other one: in the same place, or in none. */
export const isWhere = (
  models: readonly string[],
  one: AuditedJob['places'],
  other: AuditedJob['places'],
): boolean => models.every((model) => ownOf(one, model) === ownOf(other, model))

/** Where it is: one place of each model that it shares, all of those that it takes as a whole. */
const placesOfJob = ({ places, wholes }: AuditedJob): readonly string[] => [
  ...Object.values(places ?? {}),
  ...Object.values(wholes).flat(),
]

const isIn = ({ batch, jobId }: AuditedJob): string => (batch === null ? `job ${jobId}` : `batch ${batch}`)

/** Who is in which place, a job or a batch: a card is one thing, whatever models it has. */
export class AuditedPlaces {
  readonly #taken = new Map<string, string>()

  take(job: AuditedJob): void {
    for (const place of placesOfJob(job)) this.#taken.set(place, isIn(job))
  }

  giveBack(job: AuditedJob): void {
    for (const place of placesOfJob(job)) if (this.#taken.get(place) === isIn(job)) this.#taken.delete(place)
  }

  /** Its place is free, unless another model of the job is there. */
  giveBackModel(job: AuditedJob, model: string): void {
    const without = <Of>(byModel: Readonly<Record<string, Of>>) =>
      Object.fromEntries(Object.entries(byModel).filter(([name]) => name !== model))
    this.giveBack(job)
    job.places = job.places && without(job.places)
    job.wholes = without(job.wholes)
    this.take(job)
  }

  /**
   * @param said where it starts, by the event. @param paused names of models and places
   * @param joined the batch that has its places; null: it takes them itself
   */
  *faultsOf(
    { spec }: AuditedJob,
    said: AuditedJob['places'],
    policy: Policy,
    paused: ReadonlySet<string>,
    joined: number | null,
  ): Generator<Fault> {
    for (const model of spec.models.filter((name) => spec.whole?.includes(name) === true)) {
      if (ownOf(said, model) !== undefined)
        yield { model, detail: 'it takes all of its places, and names one' }
      for (const place of placesOf(policy, model) ?? []) {
        const other = this.#taken.get(place)
        if (other !== undefined) yield { model, detail: `${other} was in its place ${place}` }
      }
    }
    for (const model of spec.models.filter((name) => spec.whole?.includes(name) !== true)) {
      const detail = this.#faultOf(ownOf(said, model), placesOf(policy, model), paused, joined)
      if (detail !== undefined) yield { model, detail }
    }
  }

  #faultOf(
    place: string | undefined,
    listed: readonly string[] | undefined,
    paused: ReadonlySet<string>,
    joined: number | null,
  ): string | undefined {
    if (listed === undefined) return place === undefined ? undefined : `${place} is no place of it`
    if (place === undefined) return 'it does not say in which of its places it started'
    if (!listed.includes(place)) return `${place} is no place of it`
    if (paused.has(place)) return `its place ${place} was paused`
    const other = this.#taken.get(place)
    if (other === undefined || other === `batch ${joined}`) return undefined
    return `${other} was in its place ${place}`
  }
}
