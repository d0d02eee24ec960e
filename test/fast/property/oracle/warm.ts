/**
 * Which job a process takes that keeps models loaded, once more in the words of docs/inside/decisions/turns.md: the whole line is sorted and
 * counted for every question.
 */
import type { Policy } from '../../../../src/engine/core/index.ts'
import { hasSlot, isFree, isOverRate, isShareFull, lackOf, placeIn, placesToTake } from './admission.ts'
import {
  bypasses,
  capacity,
  type Entry,
  fitsBeside,
  goesByUse,
  holdersAt,
  holdersOf,
  inOrder,
  isAhead,
  isHeldWhole,
  isOpenFor,
  isWaitingNow,
  type Keeper,
  type Load,
  mayUse,
  needs,
  placesFor,
  placesOf,
  type Queue,
  ruleOf,
  runningIn,
  takesAll,
  usedBy,
  useOf,
} from './queue.ts'

/** Who asks, what he runs, and when. */
export interface Asking {
  readonly worker: string
  readonly runs: (kind: string) => boolean
  readonly at: number
}

/** The first of those that are alike. */
interface Look {
  readonly job: Entry
  /** Undefined: it cannot be taken. */
  readonly places: Readonly<Record<string, string>> | undefined
  readonly isForOthers: boolean
  readonly isBarrier: boolean
}

export interface Pick {
  readonly job: Entry
  readonly places: Readonly<Record<string, string>>
  readonly warm?: number
  readonly without?: readonly string[]
}

/** Everybody who waits in line, those without models too. */
export const inLine = (queue: Queue): readonly Entry[] => queue.jobs.filter(isWaitingNow).sort(inOrder)

const sorted = (amounts: object = {}): string => JSON.stringify(Object.entries(amounts).sort())

const isByKey = (policy: Policy): boolean =>
  policy.fairShare?.maxActive != null || policy.tiers !== undefined || goesByUse(policy)

/** The same for jobs that are alike. */
export const likenessOf = ({ policy }: Queue, { spec, asker }: Entry): string =>
  [
    spec.kind,
    [...spec.models].sort().join('+'),
    spec.whole?.join('+') ?? '',
    JSON.stringify(Object.entries(spec.asks ?? {}).map(([model, units]) => [model, sorted(units)])),
    spec.uses === undefined ? '' : sorted(spec.uses),
    isByKey(policy) ? JSON.stringify(spec.fairKey) : '',
    asker ?? '',
  ].join('|')

const secondsOf = ({ warm }: Policy, model: string): number => ruleOf(warm?.loadSeconds ?? {}, model) ?? 1

/** What a start loads, and where. */
export const loadsOf = (policy: Policy, job: Entry, places: Entry['places']): readonly Load[] =>
  job.spec.models
    .filter((model) => secondsOf(policy, model) > 0)
    .map((model) => ({
      model,
      place: job.spec.whole?.includes(model) === true ? null : (places?.[model] ?? null),
    }))

const isSame = (a: Load, b: Load): boolean => a.model === b.model && a.place === b.place

/** The last ones of each place. */
export const withLoads = (
  { keeps, loaded }: Keeper,
  loads: readonly Load[],
  at: number,
): Keeper['loaded'] => {
  const since = (load: Load) => loaded.find((one) => isSame(one, load))?.at ?? at
  const all = loads.reduce(
    (list, load) => [...list.filter((one) => !isSame(one, load)), { ...load, at: since(load) }],
    [...loaded],
  )
  return all.filter((one, i) => all.slice(i + 1).filter(({ place }) => place === one.place).length < keeps)
}

function looksOf(queue: Queue, asking: Asking): readonly Look[] {
  const line = inLine(queue)
  const firsts = line.filter(
    (job, i) => line.findIndex((other) => likenessOf(queue, other) === likenessOf(queue, job)) === i,
  )
  const looks: Look[] = []
  for (const job of firsts.slice(0, 200))
    looks.push(
      lookAt(
        queue,
        asking,
        job,
        looks.filter(({ places }) => places === undefined),
      ),
    )
  return looks
}

function lookAt(queue: Queue, asking: Asking, job: Entry, untaken: readonly Look[]): Look {
  const { worker, runs, at } = asking
  const isOurs = runs(job.spec.kind) && job.asker === null && !job.exclusive
  const places = isOurs && job.spec.whole === undefined ? wherever(queue, asking, job, untaken) : undefined
  if (places !== undefined) return { job, places, isForOthers: false, isBarrier: false }
  const starts = startsByLine(queue, job, at)
  const isOver = job.offeredAt !== null && !isOffered(queue, job, at)
  const isNext = starts && (job.asker !== null || (isOurs && startsByLine(queue, job, at, worker)))
  return { job, places, isForOthers: starts && !isOver, isBarrier: job.exclusive || isNext }
}

const isOffered = ({ policy }: Queue, { offeredAt }: Entry, at: number): boolean =>
  offeredAt !== null && at < offeredAt + policy.offerMs * 1_000

function startsByLine(queue: Queue, job: Entry, now: number, by?: string): boolean {
  if (queue.draining) return false
  if (bypasses(job)) return true
  return (
    hasSlot(queue, job, now) && !isLate(queue, job, now) && placesToTake(queue, job, now, by) !== undefined
  )
}

const isLate = (queue: Queue, job: Entry, now: number): boolean =>
  isShareFull(queue, job, now) || job.spec.models.some((model) => isOverRate(queue, model, now))

function wherever(queue: Queue, asking: Asking, job: Entry, untaken: readonly Look[]): Look['places'] {
  const { policy } = queue
  if (queue.draining || (!bypasses(job) && isLate(queue, job, asking.at))) return undefined
  const running = runningIn(queue)
  const others = behindOf(
    queue,
    job,
    untaken.filter((look) => look.isForOthers && !bypasses(look.job)),
  )
  const rest = untaken.filter((look) => !look.isForOthers)
  const offered = behindOf(queue, job, rest).filter(
    (other) => !bypasses(other) && isOffered(queue, other, asking.at),
  )
  const isFull =
    running.length + others.length + offered.length >= (policy.maxActive ?? Number.POSITIVE_INFINITY)
  if (!bypasses(job) && (isFull || running.some(({ exclusive }) => exclusive))) return undefined
  const places: Record<string, string> = {}
  for (const model of job.spec.models) {
    const listed = placesFor(policy, job.spec, model)
    if (placesOf(policy, model) === undefined) {
      if (!isModelOpen(queue, asking, job, model, untaken)) return undefined
      continue
    }
    const place = bestOf(queue, asking, job, model, listed ?? [], untaken)
    if (place === undefined) return undefined
    places[model] = place
  }
  return places
}

/** Those ahead of a job that are like one of these. */
const behindOf = (queue: Queue, job: Entry, looks: readonly Look[]): readonly Entry[] => {
  const alike = new Set(looks.map((look) => likenessOf(queue, look.job)))
  return inLine(queue).filter((other) => isAhead(other, job) && alike.has(likenessOf(queue, other)))
}

function isModelOpen(
  queue: Queue,
  { at }: Asking,
  job: Entry,
  model: string,
  untaken: readonly Look[],
): boolean {
  const left = isHeldWhole(queue, model) ? 0 : capacity(queue.policy, model) - holdersOf(queue, model).length
  if (left <= 0) return false
  const sharers = untaken.filter((look) => needs(look.job, model))
  const isWanted = sharers.some((look) => takesAll(look.job, model))
  if (!isWanted && behindOf(queue, job, sharers).length < left) return true
  return !sharers.some((look) => look.isForOthers) && isFree(queue, job, model, at)
}

function bestOf(
  queue: Queue,
  asking: Asking,
  job: Entry,
  model: string,
  listed: readonly string[],
  untaken: readonly Look[],
): string | undefined {
  const { policy } = queue
  const all = placesOf(policy, model) ?? []
  const elsewhere = holdersOf(queue, model).length
  const isUnheld = (place: string) =>
    elsewhere > 0
      ? holdersAt(queue, place).length === 0
      : fitsBeside(queue, job, model, place, holdersAt(queue, place))
  if (isHeldWhole(queue, model) || all.filter(isUnheld).length <= elsewhere) return undefined
  const open = listed.filter((place) => {
    if (!isOpenFor(queue, place, asking.worker)) return false
    if (!fitsBeside(queue, job, model, place, holdersAt(queue, place))) return false
    const users = untaken.filter((look) => mayUse(queue, look.job, place))
    return (
      users.length === 0 ||
      (!users.some((look) => look.isForOthers) && placeIn(queue, job, model, place, asking.at))
    )
  })
  return byWarmth(queue, asking.worker, job, model, open)[0]
}

/** Idle ones, then where it is loaded, then its own. */
export function byWarmth(
  queue: Queue,
  by: string,
  job: Entry,
  model: string,
  open: readonly string[],
): readonly string[] {
  const loaded = queue.keepers.find(({ worker }) => worker === by)?.loaded ?? []
  const isIdle = (place: string) => Number(holdersAt(queue, place).length === 0)
  const isLoaded = (place: string) => Number(loaded.some((one) => isSame(one, { place, model })))
  const isOwn = (place: string) => Number(job.places?.[model] === place)
  return open.toSorted((a, b) => isIdle(b) - isIdle(a) || isLoaded(b) - isLoaded(a) || isOwn(b) - isOwn(a))
}

/** Who has passed one of those that are alike, from behind the first of them. */
function passersOf(queue: Queue, job: Entry) {
  const likeness = likenessOf(queue, job)
  return queue.passers.filter((one) => one.likeness === likeness && inOrder(one.by as Entry, job) > 0)
}

export const pickWarm = (queue: Queue, asking: Asking): Pick | undefined =>
  pickAmong(queue, asking, looksOf(queue, asking))

/** Of these, in line order. */
export function pickAmong(
  queue: Queue,
  asking: Asking,
  looks: readonly Omit<Look, 'isForOthers'>[],
): Pick | undefined {
  const { policy, keepers } = queue
  const { warm } = policy
  const keeper = keepers.find(({ worker }) => worker === asking.worker)
  if (warm === undefined || warm.maxPassed === 0 || keeper === undefined) return undefined
  const candidates: (Pick & { saved: number; isSwap: boolean })[] = []
  const others = new Set<string>()
  let level: number | undefined
  for (const { job, places, isBarrier } of looks.slice(0, 200)) {
    if (isBarrier || (level !== undefined && job.level !== level)) break
    if (!asking.runs(job.spec.kind)) others.add(job.spec.kind)
    if (places === undefined) continue
    const loads = loadsOf(policy, job, places)
    const saved = loads
      .filter((load) => keeper.loaded.some((one) => isSame(one, load)))
      .reduce((sum, { model }) => sum + secondsOf(policy, model), 0)
    const after = withLoads(keeper, loads, asking.at)
    const isSwap = keeper.loaded.some(
      (one) =>
        one.at > asking.at - warm.minLoadedSeconds * 1_000_000 && !after.some((other) => isSame(one, other)),
    )
    const told = {
      warm: saved,
      ...(others.size > 0 ? { without: [...others] } : {}),
    }
    const isHeldBack =
      !bypasses(job) && (isLate(queue, job, asking.at) || lackOf(queue, job, asking.at) !== undefined)
    if (!isHeldBack) candidates.push({ job, places, saved, isSwap, ...(level === undefined ? {} : told) })
    level ??= job.level
    const passers = passersOf(queue, job)
    const first = Math.min(...passers.map(({ at }) => at))
    if (passers.length >= warm.maxPassed || first + warm.maxPassedSeconds * 1_000_000 <= asking.at) break
  }
  return candidates.toSorted((a, b) => Number(a.isSwap) - Number(b.isSwap) || b.saved - a.saved)[0]
}

/** Who is passed, or overtaken, by this start. */
export function countPassed(queue: Queue, asking: Asking, job: Entry, places: readonly string[]): void {
  for (const look of looksOf(queue, asking).filter((one) => isAhead(one.job, job))) {
    if (look.places !== undefined) {
      notePass(queue, asking, job, look.job)
      continue
    }
    const shares =
      job.spec.models.some(
        (model) => placesOf(queue.policy, model) === undefined && needs(look.job, model),
      ) ||
      places.some((place) => mayUse(queue, look.job, place)) ||
      usedBy(queue, job).some((resource) => useOf(queue, look.job, resource) > 0)
    for (const other of shares ? behindOf(queue, job, [look]) : []) other.overtaken++
  }
}

/** This start passes the first of its class, and those that are like it. */
export function notePass(queue: Queue, { at }: Asking, by: Entry, other: Entry): void {
  const { level, order, tie, jobId } = by
  const likeness = likenessOf(queue, other)
  const first = inLine(queue).find((one) => likenessOf(queue, one) === likeness) as Entry
  queue.passers = queue.passers.filter(
    (one) => one.likeness !== likeness || inOrder(one.by as Entry, first) > 0,
  )
  queue.passers.push({ likeness, by: { level, order, tie, jobId }, at })
}

/** Beside those who have its models, in a process that may have them. */
export const hasRoom = (queue: Queue, by: string, job: Entry): boolean =>
  job.spec.models.every((model) => {
    const listed = placesFor(queue.policy, job.spec, model)
    if (listed === undefined)
      return !isHeldWhole(queue, model) && holdersOf(queue, model).length < capacity(queue.policy, model)
    return listed.some(
      (place) => isOpenFor(queue, place, by) && fitsBeside(queue, job, model, place, holdersAt(queue, place)),
    )
  })
