/**
 * Places of models: cards, hosts, keys of an account. A site is a place as it stands
 * among the models of the ledger: under a name that no model can have, with room for one job. A job whose model has places stands in the
 * line of one of them, which it is pinned to, in the place of the model's. So whatever keeps a model for the jobs in its line keeps a
 * site for those that are pinned to it (docs/inside/decisions/places.md).
 */
import { type JobSpec, type Places, takesAllOf, type Wholes } from '../values/job.ts'
import { type Policy, placesOf, SITE_MARK } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import { heldModels, type Job } from './job.ts'
import { type Ledger, type LedgerView, modelOf, pauseOf } from './ledger.ts'
import type { OwnJob } from './own-job.ts'
import { anybody, crewsFor, isOpen, isServed } from './serving.ts'
import { placesFor } from './units.ts'

export const siteOf = (place: string): string => `${SITE_MARK}${place}`
export const isSite = (name: string): boolean => name.startsWith(SITE_MARK)
export const placeOf = (site: string): string => site.slice(SITE_MARK.length)

/** A name among the models of the ledger, for people: that of the model, or of the place. */
export const plainName = (name: string): string => (isSite(name) ? placeOf(name) : name)

/** The place that a model of the job has; undefined: none. Users choose the names of models. */
export const placeFor = (places: Places | null, model: string): string | undefined =>
  places !== null && Object.hasOwn(places, model) ? places[model] : undefined

/**
 * Under which names a job stands among the models of the ledger, each once. A model that has other places by now than the one that the job
 * took, or a number of them, is used all the same.
 */
export function needsOf(
  policy: Policy,
  models: readonly string[],
  places: Places | null,
  wholes: Wholes | null = null,
): readonly string[] {
  if (places === null && wholes === null) return models
  const needs = models.flatMap((model) => {
    // At each of its places and under its own name: there nobody else is then, whatever the rules say later.
    if (wholeFor(wholes, model) !== undefined) return namesOf({ wholes }, model)
    const place = placeFor(places, model)
    if (place === undefined) return [model]
    return placesOf(policy, model)?.includes(place) === true ? [siteOf(place)] : [siteOf(place), model]
  })
  return [...new Set(needs)]
}

/** The model for which a job stands under this name. */
export function modelAt({ spec, places, wholes }: Job, name: string): string {
  if (!isSite(name)) return name
  const place = placeOf(name)
  const isThere = (model: string) =>
    placeFor(places, model) === place || wholeFor(wholes, model)?.includes(place) === true
  return (wholes === null ? Object.keys(places ?? {}) : spec.models).find(isThere) ?? name
}

type Usage = Pick<LedgerView, 'pauses' | 'servers'>

/**
 * Whether a place may be given to a job now, as far as the place itself goes: it is not paused, and a process serves it. Who has it, and for
 * which jobs it is kept, is asked apart.
 * @param by the process that is to have it; absent: any
 */
export const isUsable = (ledger: Usage, place: string, by?: string): boolean =>
  pauseOf(ledger, place) === undefined && isServed(ledger.servers, place, by)

/** Those of the places of a model that may be given to jobs now. */
export const usablePlaces = (ledger: Usage, listed: readonly string[], by?: string): readonly string[] =>
  listed.filter((place) => isUsable(ledger, place, by))

/** From now on the job is pinned to these places, or has them. */
export function setPlaces(policy: Policy, job: OwnJob, places: Places | null, wholes = job.wholes): void {
  job.places = places
  job.wholes = wholes
  job.needs = needsOf(policy, heldModels(job), places, wholes)
}

/** The models that a job takes as a whole, with their places by these rules; null: none. */
export function wholesOf(policy: Policy, { models, whole }: JobSpec): Wholes | null {
  const taken = whole === undefined ? [] : models.filter((model) => whole.includes(model))
  if (taken.length === 0) return null
  return Object.fromEntries(taken.map((model) => [model, placesOf(policy, model) ?? []]))
}

const wholeFor = (wholes: Wholes | null, model: string): readonly string[] | undefined =>
  wholes !== null && Object.hasOwn(wholes, model) ? wholes[model] : undefined

/** Under which names a job stands for a model that it takes as a whole. */
export const namesOf = ({ wholes }: Pick<Job, 'wholes'>, model: string): readonly string[] => [
  ...(wholeFor(wholes, model) ?? []).map(siteOf),
  model,
]

/** The models of a job that are in one of several places: those that have some, and that it does not take as a whole. */
const placedModels = (policy: Policy, spec: JobSpec): readonly string[] =>
  spec.models.filter((model) => placesOf(policy, model) !== undefined && !takesAllOf(spec, model))

type Served = Pick<LedgerView, 'policy' | 'pauses' | 'servers'>

/**
 * By which process a job may find its places: one that serves all of them. Undefined: it does not matter which, one place is served or not.
 * @param pins who serves all of these comes first
 */
export function crewsOf(
  { policy, servers }: Served,
  spec: JobSpec,
  pins: Places | null,
): readonly (string | undefined)[] {
  if (isOpen(servers) || placedModels(policy, spec).length < 2) return anybody
  return crewsFor(servers, pins)
}

/** Whether processes serve places for a job, as far as these are not paused: one of them serves all that it needs. */
export function isServable(ledger: Served, spec: JobSpec): boolean {
  const lists = placedModels(ledger.policy, spec).map((model) => placesFor(ledger.policy, spec, model) ?? [])
  return crewsOf(ledger, spec, null).some((by) =>
    lists.every((listed) => listed.some((place) => isUsable(ledger, place, by))),
  )
}

/** The first model of a job of which no place may be given to it now; undefined: each has one, by some process. */
export const unservedModel = (ledger: Served, spec: JobSpec): string | undefined =>
  placedModels(ledger.policy, spec).find(
    (model) => usablePlaces(ledger, placesFor(ledger.policy, spec, model) ?? []).length === 0,
  )

/** The first place of a job's models that no process serves; where each has one that is served, but not by one process, the first of all. */
export function unservedPlace(ledger: Served, spec: JobSpec): string {
  const model = unservedModel(ledger, spec) ?? placedModels(ledger.policy, spec)[0] ?? ''
  const listed = placesFor(ledger.policy, spec, model) ?? []
  return listed.find((place) => !isServed(ledger.servers, place)) ?? listed[0] ?? ''
}

/** All places that the policy names. */
export const allPlaces = (policy: Policy): Iterable<string> => nearOf(policy).keys()

/** How many jobs have a model, and how many stand in line for it. One that has places costs as much as their lines are long. */
export function countsOf(ledger: Ledger, name: string): { readonly held: number; readonly waiting: number } {
  const { holders, line, whole } = modelOf(ledger, name)
  const sites = (placesOf(ledger.policy, name) ?? []).map((place) => modelOf(ledger, siteOf(place)))
  // Who takes it as a whole is counted under its own name.
  const count = (positions: Iterable<LinePosition>) =>
    [...positions].filter(
      (position) =>
        whole.get(position) === undefined && ledger.jobs.get(position)?.spec.models.includes(name) === true,
    ).length
  const sum = (of: 'holders' | 'line') => sites.reduce((total, site) => total + count(site[of]), 0)
  return { held: holders.size + sum('holders'), waiting: line.size + sum('line') }
}

/** Whether one of the job's models could be in this place, at least when that is empty. */
export const mayUse = (policy: Policy, { spec }: Job, place: string): boolean =>
  spec.models.some((model) => placesFor(policy, spec, model)?.includes(place) === true)

/** The sites where jobs are pinned that could be at this one too, itself first. */
export function sitesNear(policy: Policy, site: string): readonly string[] {
  const near = nearOf(policy).get(placeOf(site))
  return near === undefined ? [site] : near
}

/** Whether the policy names places. */
export const hasPlaces = (policy: Policy): boolean => nearOf(policy).size > 0

/** Whether the policy gives some model a place of this name. */
export const isPlace = (policy: Policy, name: string): boolean => nearOf(policy).has(name)

/** All places of a policy, each with the sites of all that some model may use instead of it. */
function nearOf(policy: Policy): ReadonlyMap<string, readonly string[]> {
  const known = near.get(policy)
  if (known !== undefined) return known
  const found = new Map<string, Set<string>>()
  for (const listed of Object.values(policy.capacity)) {
    if (typeof listed !== 'number') for (const place of listed) addAll(found, place, listed)
  }
  const made = new Map([...found].map(([place, sites]) => [place, [...sites]]))
  near.set(policy, made)
  return made
}

/** By policies, which never change. */
const near = new WeakMap<Policy, ReadonlyMap<string, readonly string[]>>()

function addAll(found: Map<string, Set<string>>, place: string, listed: readonly string[]): void {
  const sites = found.get(place) ?? new Set([siteOf(place)])
  for (const other of listed) sites.add(siteOf(other))
  found.set(place, sites)
}
