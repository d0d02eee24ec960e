/**
 * Which places live processes serve, as they have said it themselves (docs/inside/decisions/places.md). Names of places, or
 * patterns: `*` is any text. While none of them names a place, everybody serves everything, except who has said that he serves none.
 */

import type { Micros, Places } from '../values/job.ts'
import { fits } from '../values/pattern.ts'

/** A live process that has said which places it serves. */
export interface Server {
  readonly worker: string
  /** None: it takes jobs that need no place. */
  readonly places: readonly string[]
}

/** Never changed: a change makes another list. Who spoke last is last. */
export type Servers = readonly Server[]

export const noServers: Servers = []

/** A live process that keeps models loaded. */
export interface Keeper {
  readonly worker: string
  /** How many it keeps, in each of its places. */
  readonly keeps: number
  /** What it has loaded. Who was started last is last. */
  readonly loaded: readonly LoadedModel[]
}

/** A model, and where it is: null if it has no places, and is somewhere in the process. */
export interface ModelLoad {
  readonly model: string
  readonly place: string | null
}

export interface LoadedModel extends ModelLoad {
  /** Since when. */
  readonly at: Micros
}

/** Never changed: a change makes another list. */
export type Keepers = readonly Keeper[]

export const keeperIn = (keepers: Keepers, worker: string): Keeper | undefined =>
  keepers.length === 0 ? undefined : keepers.find((one) => one.worker === worker)

/** What processes have said of themselves. */
interface Announced {
  readonly servers: Servers
  readonly keepers: Keepers
}

/** The processes that have said something of themselves, and are to say when they go. */
export const spokenOf = ({ servers, keepers }: Announced): readonly string[] =>
  keepers.length === 0
    ? servers.map(({ worker }) => worker)
    : [...new Set([...servers, ...keepers].map(({ worker }) => worker))]

/** What a process has said of itself: the places that it serves, and how many models it keeps. Null: nothing. */
export const saidBy = ({ servers, keepers }: Announced, worker: string) => ({
  serves: servers.find((server) => server.worker === worker)?.places ?? null,
  keeps: keeperIn(keepers, worker)?.keeps ?? null,
})

/** What follows from a list of servers. */
interface Served {
  readonly workers: ReadonlySet<string>
  /** Who serves a place, by its name, as far as it was asked. */
  readonly at: Map<string, ReadonlySet<string>>
  /** The first of those that serve the same. */
  readonly crews: readonly string[]
  /** None of them names a place. */
  readonly isOpen: boolean
}

const served = new WeakMap<Servers, Served>()

function servedBy(servers: Servers): Served {
  const known = served.get(servers)
  if (known !== undefined) return known
  const crews = new Map<string, string>()
  for (const { worker, places } of servers) {
    const key = places.join('\n')
    if (!crews.has(key)) crews.set(key, worker)
  }
  const made = {
    workers: new Set(servers.map(({ worker }) => worker)),
    at: new Map(),
    crews: [...crews.values()],
    isOpen: servers.every(({ places }) => places.length === 0),
  }
  served.set(servers, made)
  return made
}

/** Nobody has named a place: who has said nothing serves every one. */
export const isOpen = (servers: Servers): boolean => servers.length === 0 || servedBy(servers).isOpen

/** The processes that have said that they serve this place. */
export function serversAt(servers: Servers, place: string): ReadonlySet<string> {
  const { at } = servedBy(servers)
  const known = at.get(place)
  if (known !== undefined) return known
  const own = servers.filter(({ places }) => places.some((pattern) => fits(pattern, place)))
  const found = new Set(own.map(({ worker }) => worker))
  at.set(place, found)
  return found
}

/**
 * Whether a process may be given a place. One that has said nothing may have what others serve.
 * @param by absent: any process
 */
export function isServed(servers: Servers, place: string, by?: string): boolean {
  if (servers.length === 0) return true
  if (by !== undefined && servedBy(servers).workers.has(by)) return serversAt(servers, place).has(by)
  return isOpen(servers) || serversAt(servers, place).size > 0
}

/** Whether one process may be given all of these. */
export function isServedAtOnce(servers: Servers, places: Places): boolean {
  if (isOpen(servers)) return true
  const [first = new Set<string>(), ...more] = Object.values(places).map((place) => serversAt(servers, place))
  return [...first].some((worker) => more.every((at) => at.has(worker)))
}

export const anybody: readonly undefined[] = [undefined]

/** The processes that have said something, the first of those that serve the same. @param pins who serves all of these comes first */
export function crewsFor(servers: Servers, pins: Places | null): readonly string[] {
  const { crews } = servedBy(servers)
  const at = Object.values(pins ?? {}).map((place) => serversAt(servers, place))
  const hasPins = (worker: string) => at.length > 0 && at.every((workers) => workers.has(worker))
  return [...crews.filter(hasPins), ...crews.filter((worker) => !hasPins(worker))]
}
