/**
 * Which models are loaded where (docs/inside/decisions/turns.md): of each process that says how many it keeps, and of each place in it,
 * the last ones that it started. Nothing else tells it, so a process that is started again has none.
 */

import { type Keeper, type Keepers, keeperIn, type LoadedModel, type ModelLoad } from '../../state/serving.ts'
import { placeFor } from '../../state/site.ts'
import type { Micros, Places } from '../../values/job.ts'
import { type Policy, valueFor } from '../../values/policy.ts'

/** A start, as its event says it. */
interface Start {
  readonly workerId: string
  readonly models: readonly string[]
  readonly places?: Places
  readonly at: Micros
}

/** How long a model takes to load, in seconds; 0: it is nothing that is loaded. */
const loadSecondsOf = ({ warm }: Policy, model: string): number =>
  (warm && valueFor(warm.loadSeconds, model)) ?? 1

/** What a start loads, if it is not there. What it takes as a whole is in no place of its own. */
export const loadsOf = (
  policy: Policy,
  models: readonly string[],
  places: Places | null,
): readonly ModelLoad[] =>
  models
    .filter((model) => loadSecondsOf(policy, model) > 0)
    .map((model) => ({ model, place: placeFor(places, model) ?? null }))

const isOf =
  ({ model, place }: ModelLoad) =>
  (other: ModelLoad) =>
    other.model === model && other.place === place

export const isLoaded = ({ loaded }: Keeper, load: ModelLoad): boolean => loaded.some(isOf(load))

/** A process says how many models it keeps; absent: it keeps none that anybody knows of. */
export function withKeeper(keepers: Keepers, worker: string, keeps: number | undefined): Keepers {
  const known = keeperIn(keepers, worker)
  const others = keepers.filter((one) => one !== known)
  if (keeps === undefined) return known === undefined ? keepers : others
  return [...others, { worker, keeps, loaded: lastOf(known?.loaded ?? [], keeps) }]
}

/** A job starts in a process: its models are loaded there from now on, and may have pushed out others. */
export function withStart(
  keepers: Keepers,
  policy: Policy,
  { workerId, models, places, at }: Start,
): Keepers {
  const keeper = keeperIn(keepers, workerId)
  if (keeper === undefined) return keepers
  const loaded = loadedAfter(keeper, loadsOf(policy, models, places ?? null), at)
  return keepers.map((one) => (one === keeper ? { ...keeper, loaded } : one))
}

function loadedAfter(
  { loaded, keeps }: Keeper,
  loads: readonly ModelLoad[],
  at: Micros,
): readonly LoadedModel[] {
  const stays = loaded.filter((one) => !loads.some(isOf(one)))
  return lastOf([...stays, ...loads.map((load) => loaded.find(isOf(load)) ?? { ...load, at })], keeps)
}

/** Of each place the last ones. */
function lastOf(loaded: readonly LoadedModel[], keeps: number): readonly LoadedModel[] {
  const isKept = ({ place }: LoadedModel, index: number) =>
    loaded.slice(index + 1).filter((later) => later.place === place).length < keeps
  return loaded.filter(isKept)
}

/** Whether a start would push out a model that was loaded after this time. */
export function pushesOut(keeper: Keeper, loads: readonly ModelLoad[], since: Micros): boolean {
  const after = loadedAfter(keeper, loads, since)
  return keeper.loaded.some((one) => one.at > since && !after.some(isOf(one)))
}

/** What a start means to its process: how many models it loads, for how many seconds, and how many seconds it is spared. */
export interface Loading {
  readonly loads: number
  readonly seconds: number
  readonly savedSeconds: number
}

/** @returns undefined: its process has not said that it keeps models */
export function loadingOf(keepers: Keepers, policy: Policy, start: Omit<Start, 'at'>): Loading | undefined {
  const keeper = keeperIn(keepers, start.workerId)
  if (keeper === undefined) return undefined
  const loads = loadsOf(policy, start.models, start.places ?? null)
  const cold = loads.filter((load) => !isLoaded(keeper, load))
  const warm = loads.filter((load) => isLoaded(keeper, load))
  return { loads: cold.length, seconds: secondsOf(policy, cold), savedSeconds: secondsOf(policy, warm) }
}

const secondsOf = (policy: Policy, loads: readonly ModelLoad[]): number =>
  loads.reduce((sum, { model }) => sum + loadSecondsOf(policy, model), 0)
