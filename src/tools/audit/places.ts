import type { Policy } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'
import { ruleFor } from './rules.ts'

/** What is wrong with where a job starts. */
interface Fault {
  readonly model: string
  readonly detail: string
}

/** The places that the policy gives a model; undefined: it has none. Names of models are anything. */
export function placesOf({ capacity }: Policy, model: string): readonly string[] | undefined {
  const rule = ruleFor(capacity, model)
  return typeof rule === 'object' ? rule : undefined
}

export const hasPlaces = ({ capacity }: Policy): boolean =>
  Object.values(capacity).some((rule) => typeof rule === 'object')

export const ownOf = (places: AuditedJob['places'], model: string): string | undefined =>
  places !== null && Object.hasOwn(places, model) ? places[model] : undefined

type Amounts = Readonly<Record<string, number>>

/** What there is of a place. One without units is one thing, which each job takes. */
const oneThing: Amounts = { '': 1 }
const unitsOf = ({ units = {} }: Policy, place: string): Amounts => ruleFor(units, place) ?? oneThing

export const hasUnits = (policy: Policy, model: string): boolean =>
  placesOf(policy, model)?.some((place) => unitsOf(policy, place) !== oneThing) === true

/** What the job takes of a place of this model: what it asks, or all. */
const takenFor = (
  policy: Policy,
  { asks = {} }: AuditedJob['spec'],
  model: string,
  place: string,
): Amounts => (Object.hasOwn(asks, model) ? (asks[model] ?? oneThing) : unitsOf(policy, place))

/** The units of the place of which these take more than there is. */
function shortOf(policy: Policy, place: string, parts: readonly Amounts[]): readonly string[] {
  const units = new Map(Object.entries(unitsOf(policy, place)))
  const sums = new Map<string, number>()
  for (const [name, amount] of parts.flatMap((units) => Object.entries(units)))
    sums.set(name, (sums.get(name) ?? 0) + amount)
  return [...sums].filter(([name, sum]) => sum > (units.get(name) ?? 0)).map(([name]) => name)
}

/** The places of a model that are large enough for the job; undefined: it has a number of them. */
export const placesFor = (
  policy: Policy,
  { spec }: AuditedJob,
  model: string,
): readonly string[] | undefined =>
  placesOf(policy, model)?.filter(
    (place) => shortOf(policy, place, [takenFor(policy, spec, model, place)]).length === 0,
  )

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

/** Whether two jobs ask the same of a place. */
export const isSameAsk = (one: AuditedJob['spec']['asks'], other: AuditedJob['spec']['asks']): boolean =>
  flat(one) === flat(other)
const flat = (asks: AuditedJob['spec']['asks']): string =>
  Object.entries(asks ?? {})
    .flatMap(([model, units]) => Object.entries(units).map(([name, n]) => JSON.stringify([model, name, n])))
    .toSorted()
    .join()

/** Whether each of these models is where it is by the other one: in the same place, or in none. */
export const isWhere = (
  models: readonly string[],
  one: AuditedJob['places'],
  other: AuditedJob['places'],
): boolean => models.every((model) => ownOf(one, model) === ownOf(other, model))

/** A job, or a batch by one of its jobs, as it was when it took its places: that job may end before its batch does. */
type Occupant = Pick<AuditedJob, 'spec' | 'places'>

/** Where it is: one place of each model that it shares, all of those that it takes as a whole. */
const placesOfJob = ({ places, wholes }: AuditedJob): readonly string[] => [
  ...Object.values(places ?? {}),
  ...Object.values(wholes).flat(),
]

const isIn = ({ batch, jobId }: AuditedJob): string => (batch === null ? `job ${jobId}` : `batch ${batch}`)

/** Who is in which place, a job or a batch: a card is one thing, whatever models it has. */
export class AuditedPlaces {
  /** By place: who is there. */
  readonly #taken = new Map<string, Map<string, Occupant>>()

  take(job: AuditedJob): void {
    const { spec, places } = job
    for (const place of placesOfJob(job))
      this.#taken.set(place, (this.#taken.get(place) ?? new Map()).set(isIn(job), { spec, places }))
  }

  giveBack(job: AuditedJob): void {
    for (const place of placesOfJob(job)) this.#taken.get(place)?.delete(isIn(job))
  }

  /** Whether a model of the job has places, and as much of each is taken that the job does not fit there. */
  hasNoRoomFor(job: AuditedJob, policy: Policy): boolean {
    const isShort = (model: string) => (place: string) => this.#shortFor(job, model, place, policy).length > 0
    return job.spec.models.some((model) => placesOf(policy, model)?.every(isShort(model)) === true)
  }

  #shortFor({ spec }: AuditedJob, model: string, place: string, policy: Policy, joined?: number | null) {
    const parts = [...(this.#taken.get(place) ?? [])]
      .filter(([who]) => who !== `batch ${joined}`)
      .map(([, other]) => takenBy(policy, other, place))
    return shortOf(policy, place, [...parts, takenFor(policy, spec, model, place)])
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
   * @param said where it starts, by the event. @param paused names of models and places @param isServed whether its process may have a place
   * @param joined the batch that has its places; null: it takes them itself
   */
  *faultsOf(
    job: AuditedJob,
    said: AuditedJob['places'],
    policy: Policy,
    paused: ReadonlySet<string>,
    isServed: (place: string) => boolean,
    joined: number | null,
  ): Generator<Fault> {
    for (const model of job.spec.models.filter((name) => job.spec.whole?.includes(name) === true)) {
      if (ownOf(said, model) !== undefined)
        yield { model, detail: 'it takes all of its places, and names one' }
      for (const place of placesOf(policy, model) ?? []) {
        const [other] = this.#taken.get(place)?.keys() ?? []
        if (other !== undefined) yield { model, detail: `${other} was in its place ${place}` }
      }
    }
    for (const model of job.spec.models.filter((name) => job.spec.whole?.includes(name) !== true)) {
      const place = ownOf(said, model)
      const detail = faultOf(place, placesOf(policy, model), paused)
      if (detail !== undefined) yield { model, detail }
      else if (place !== undefined && !isServed(place))
        yield { model, detail: `its process does not serve its place ${place}` }
      else if (place !== undefined && !this.#isIn(place, joined)) {
        const [short] = this.#shortFor(job, model, place, policy)
        if (short !== undefined) yield { model, detail: this.#shortText(place, short) }
      }
    }
  }

  #isIn(place: string, joined: number | null): boolean {
    return this.#taken.get(place)?.has(`batch ${joined}`) === true
  }

  #shortText(place: string, unit: string): string {
    const others = [...(this.#taken.get(place)?.keys() ?? [])].join(', ')
    if (unit === '') return `${others} was in its place ${place}`
    return `its place ${place} has less ${unit} than it needs${others === '' ? '' : ` beside ${others}`}`
  }
}

/** What a job takes of a place that it is in. */
function takenBy(policy: Policy, { spec, places }: Occupant, place: string): Amounts {
  const model = Object.keys(spec.asks ?? {}).find((name) => spec.models.includes(name))
  return model !== undefined && ownOf(places, model) === place
    ? takenFor(policy, spec, model, place)
    : unitsOf(policy, place)
}

function faultOf(
  place: string | undefined,
  listed: readonly string[] | undefined,
  paused: ReadonlySet<string>,
): string | undefined {
  if (listed === undefined) return place === undefined ? undefined : `${place} is no place of it`
  if (place === undefined) return 'it does not say in which of its places it started'
  if (!listed.includes(place)) return `${place} is no place of it`
  return paused.has(place) ? `its place ${place} was paused` : undefined
}
