/**
 * Units of places: what a card has of memory, a host of slots. A place that has some holds any jobs whose asks fit together; all amounts are
 * whole numbers, so nothing is rounded (docs/inside/decisions/places.md).
 */
import type { JobSpec, Units } from '../values/job.ts'
import { ruleFor } from '../values/pattern.ts'
import { type Policy, placesOf } from '../values/policy.ts'

/** What a job asks, and of a place of which model. */
export interface PlaceAsk {
  readonly model: string
  readonly units: Units
}

/** What the job asks of a place, as long as it needs the model; undefined: nothing, so it takes all of a place. */
export function askOf({ asks, models }: Pick<JobSpec, 'asks' | 'models'>): PlaceAsk | undefined {
  if (asks === undefined) return undefined
  const model = models.find((name) => Object.hasOwn(asks, name))
  const units = model === undefined ? undefined : asks[model]
  return model === undefined || units === undefined ? undefined : { model, units }
}

/** What a job asks of a place of this model; null: all of it. */
export function askFor(spec: Pick<JobSpec, 'asks' | 'models'>, model: string): Units | null {
  const ask = askOf(spec)
  return ask?.model === model ? ask.units : null
}

/** The units of a place; undefined: it has none, and holds one job at a time. */
export function unitsOf({ units }: Policy, place: string): Units | undefined {
  return units === undefined ? undefined : ruleFor(units, place)
}

/** What is left of a place while jobs take of it, in whatever order. */
export class Room {
  readonly #left: Map<string, number>

  constructor(units: Units) {
    this.#left = new Map(Object.entries(units))
  }

  /** Takes this, so many times. What the place has not is missing from then on. */
  take(units: Units, times = 1): this {
    for (const [name, amount] of Object.entries(units)) this.#left.set(name, this.of(name) - amount * times)
    return this
  }

  /** How much is left of a unit; less than nothing: so much is missing. */
  of(name: string): number {
    return this.#left.get(name) ?? 0
  }

  /** Nothing is missing of any unit. */
  get holds(): boolean {
    for (const left of this.#left.values()) if (left < 0) return false
    return true
  }
}

/** Whether a place would have room for this if nobody were there. */
export function fitsEmpty(policy: Policy, place: string, ask: Units): boolean {
  const units = unitsOf(policy, place)
  return units !== undefined && new Room(units).take(ask).holds
}

/** Those of the places of a model that have room for the job when they are empty; undefined: the model has no places. */
export function placesFor(
  policy: Policy,
  spec: Pick<JobSpec, 'asks' | 'models'>,
  model: string,
): readonly string[] | undefined {
  const listed = placesOf(policy, model)
  if (spec.asks === undefined || listed === undefined) return listed
  const ask = askOf(spec)
  return ask?.model === model ? listed.filter((place) => fitsEmpty(policy, place, ask.units)) : listed
}

/**
 * No place of its model has room for what the job asks, even when it is empty; or another of its models has places with units too, of which it
 * would be unclear what it takes.
 */
export function fitsNowhere(policy: Policy, spec: Pick<JobSpec, 'asks' | 'models'>): boolean {
  const ask = askOf(spec)
  if (ask === undefined) return false
  return (placesFor(policy, spec, ask.model) ?? []).length === 0 || otherWithUnits(policy, spec) !== undefined
}

/** A model of the job that has places with units, beside the one of which it asks. */
function otherWithUnits(policy: Policy, spec: Pick<JobSpec, 'asks' | 'models'>): string | undefined {
  const ask = askOf(spec)
  if (ask === undefined) return undefined
  const hasUnits = (model: string) =>
    placesOf(policy, model)?.some((place) => unitsOf(policy, place) !== undefined) === true
  return spec.models.find((model) => model !== ask.model && hasUnits(model))
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** The same text for the same amounts, in whatever order they are named. */
export const amountsText = (units: Units): string => JSON.stringify(Object.entries(units).sort(byName))

/** The same for what a job asks. */
export const asksText = (asks: NonNullable<JobSpec['asks']>): string =>
  JSON.stringify(
    Object.entries(asks)
      .sort(byName)
      .map(([model, units]) => [model, amountsText(units)]),
  )

/** Of these places the one that has most of what is asked: of several units the first by name in which two differ decides. */
export function roomiest<Of extends { readonly room: Room }>(
  places: readonly Of[],
  ask: Units,
): Of | undefined {
  const names = Object.keys(ask).sort()
  const hasMore = (one: Room, other: Room) => {
    const differs = names.find((name) => one.of(name) !== other.of(name))
    return differs !== undefined && one.of(differs) > other.of(differs)
  }
  return places.reduce<Of | undefined>(
    (best, one) => (best === undefined || hasMore(one.room, best.room) ? one : best),
    undefined,
  )
}

/** Why a job fits no place, in half a sentence. */
export function unfitText(policy: Policy, spec: Pick<JobSpec, 'asks' | 'models'>): string {
  const { model, units } = askOf(spec) ?? { model: '', units: {} }
  const needs = `needs ${unitsText(units)} of one place`
  const other = otherWithUnits(policy, spec)
  if (other !== undefined)
    return `${needs} of ${model}, and ${other}, which it needs too, has places with units as well`
  const places = placesOf(policy, model) ?? []
  const rooms = places.flatMap((name) => {
    const own = unitsOf(policy, name)
    return own === undefined ? [] : [{ name, room: new Room(own) }]
  })
  const most = roomiest(rooms, units)
  if (most !== undefined) return `${needs}; the most that one has is ${mostText(most, units)}`
  return `${needs}, and ${places.length === 0 ? `${model} has no places` : `no place of ${model} has units`}`
}

/** `12 on host1:1`; of several units `12 vram and 0 slots on host1:1`. */
export function mostText(
  { name: place, room }: { readonly name: string; readonly room: Room },
  ask: Units,
): string {
  const names = Object.keys(ask)
  const amounts = names.map((name) => {
    const left = Math.max(0, room.of(name))
    return names.length === 1 ? `${left}` : `${left} ${name}`
  })
  return `${amounts.join(' and ')} on ${place}`
}

/** `20 vram and 1 slots`. */
export const unitsText = (units: Units): string =>
  Object.entries(units)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(' and ')
