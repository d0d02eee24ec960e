import {
  isInLine,
  type Job,
  type LedgerView,
  type Model,
  modelOf,
  placesLeft,
  usesSlot,
} from '../state/ledger.ts'
import { askAt, roomBeside } from '../state/room.ts'
import { crewsOf, isUsable, namesOf, placeFor, siteOf } from '../state/site.ts'
import { askFor, unitsOf } from '../state/units.ts'
import { type Micros, type Places, takesAllOf, type Units } from '../values/job.ts'
import { capacityOf, placesOf } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { firstUnavailable } from './blocking.ts'
import { isShareFull } from './fair-share.ts'
import { isTakenUp, type Spared } from './fit.ts'
import { hasLapsed, isOfferLive } from './offer-expiry.ts'
import { rateOpensAt } from './rate.ts'
import { shortageOf } from './use.ts'

/** The admission rule (docs/inside/conflict-rules.md): may this waiting job start at this time? */
export function isStartable(ledger: LedgerView, job: Job, now: Micros): boolean {
  return isInLine(job) && mayStart(ledger, job, now)
}

/**
 * The admission rule for a job in line: may it start at this time?
 * @param by in which process; absent: in any
 */
export function mayStart(ledger: LedgerView, job: Job, now: Micros, by?: string): boolean {
  return (
    hasSlot(ledger, job, now) && !isLimited(ledger, job, now) && hasModels(ledger, job, now, undefined, by)
  )
}

/** The same as if a batch ended now. Shares and rates count its jobs nevertheless. */
export function mayFollow(ledger: LedgerView, job: Job, now: Micros, spared: Spared): boolean {
  return (
    hasSlot(ledger, job, now, spared) && !isLimited(ledger, job, now) && hasModels(ledger, job, now, spared)
  )
}

/** Its models are over their rates, its owner uses the whole share, or what it uses is not to be had: it keeps its position, and others may start before it. */
export function isLimited(ledger: LedgerView, job: Job, now: Micros): boolean {
  return (
    rateOpensAt(ledger, job, now) > 0 ||
    isShareFull(ledger, job, now) ||
    shortageOf(ledger, job, now) !== undefined
  )
}

/**
 * The queue is open, nobody runs alone, and fewer than `maxActive` slots are used or kept for offers ahead. A batch without models has
 * no slot that it could leave.
 */
export function hasSlot(ledger: LedgerView, job: Job, now: Micros, spared?: Spared): boolean {
  if (ledger.draining) return false
  if (!usesSlot(job)) return true
  if (ledger.alone > 0 || isBehindExclusive(ledger, job.position, now)) return false
  const used = ledger.slots.size - (spared !== undefined && spared.needs.length > 0 ? 1 : 0)
  if (job.exclusive) return used === 0 && offersAhead(ledger, job.position, now) === 0
  const { maxActive } = ledger.policy
  return maxActive === null || used + offersAhead(ledger, job.position, now) < maxActive
}

/**
 * Each model has a place that is neither held nor reserved by a job ahead in line.
 * @param by in which process it would run: one that serves the places; absent: in any
 */
export function hasModels(ledger: LedgerView, job: Job, now: Micros, spared?: Spared, by?: string): boolean {
  if (job.places !== null || job.wholes !== null)
    return placesToTake(ledger, job, now, spared, by) !== undefined
  if (ledger.policy.maxOvertakes === 0) {
    if (firstUnavailable(ledger, job, spared?.needs) === undefined) return true
    if (!hasLapsed(ledger, now)) return false
  }
  const { kind } = job.spec
  return job.spec.models.every((name) =>
    isFree(ledger, modelOf(ledger, name), job.position, now, kind, spareOf(name, spared)),
  )
}

const spareOf = (name: string, spared: Spared | undefined): number =>
  spared?.needs.includes(name) === true ? 1 : 0

/**
 * What a job in line would take now: each place that it is pinned to if that is free for it, else the first that is. Undefined: not all
 * its models are free.
 * @param by in which process; absent: in any that serves all of them
 */
export function placesToTake(
  ledger: LedgerView,
  job: Job,
  now: Micros,
  spared?: Spared,
  by?: string,
): Places | undefined {
  if (by !== undefined) return placesBy(ledger, job, now, spared, by)
  for (const crew of crewsOf(ledger, job.spec, job.places)) {
    const taken = placesBy(ledger, job, now, spared, crew)
    if (taken !== undefined) return taken
  }
  return undefined
}

function placesBy(
  ledger: LedgerView,
  job: Job,
  now: Micros,
  spared: Spared | undefined,
  by: string | undefined,
): Places | undefined {
  const taken: [model: string, place: string][] = []
  for (const model of job.spec.models) {
    const place = freePlace(ledger, job, model, now, spared, by)
    if (place === undefined) return undefined
    if (place !== null) taken.push([model, place])
  }
  return Object.fromEntries(taken)
}

/** Where a job in line would take this model; null: it has no places, and is free. Undefined: it is not free for the job. */
export function freePlace(
  ledger: LedgerView,
  job: Job,
  model: string,
  now: Micros,
  spared?: Spared,
  by?: string,
): string | null | undefined {
  const { position, places, spec } = job
  const { kind } = spec
  if (takesAllOf(spec, model)) return isWholeFree(ledger, job, model, now, spared) ? null : undefined
  const listed = placesOf(ledger.policy, model)
  if (listed === undefined)
    return isFree(ledger, modelOf(ledger, model), position, now, kind, spareOf(model, spared))
      ? null
      : undefined
  const ask = askFor(spec, model)
  if (isTakenUp(ledger, model, listed, ask, spared)) return undefined
  const isOpen = (name: string) =>
    isUsable(ledger, name, by) && isPlaceFree(ledger, name, ask, position, now, kind, spared)
  const pinned = placeFor(places, model)
  return pinned !== undefined && listed.includes(pinned) && isOpen(pinned) ? pinned : listed.find(isOpen)
}

/** All of a model: nobody has it or is in one of its places, and none is kept for others. In a paused place nobody else would be either. */
function isWholeFree(ledger: LedgerView, job: Job, model: string, now: Micros, spared?: Spared): boolean {
  const { kind } = job.spec
  return namesOf(job, model).every((name) =>
    isFree(ledger, modelOf(ledger, name), job.position, now, kind, spareOf(name, spared), true),
  )
}

/**
 * True if nobody has a place and it is kept for nobody ahead of `at` in line; of one with units: if this fits there beside what those have
 * and it is kept for. @param ask null: all of it
 */
export function isPlaceFree(
  ledger: LedgerView,
  name: string,
  ask: Units | null,
  at: LinePosition,
  now: Micros,
  kind: string | null = null,
  spared?: Spared,
): boolean {
  const site = siteOf(name)
  const model = modelOf(ledger, site)
  const units = unitsOf(ledger.policy, name)
  if (units === undefined) return ask === null && isFree(ledger, model, at, now, kind, spareOf(site, spared))
  const room = roomBeside(ledger, model, units, spared).take(ask ?? units)
  if (!room.holds) return false
  for (const other of keepersAhead(ledger, model, at, now, kind))
    if (!room.take(askAt(other, site) ?? units).holds) return false
  return true
}

/**
 * True if the model has a place for a job of this kind at `position` in line; without a kind, for a job of a kind that no job there
 * has. `spare`: places that are held, and count as free. `whole`: it needs all of them.
 */
export function isFree(
  ledger: LedgerView,
  model: Model,
  position: LinePosition,
  now: Micros,
  kind: string | null = null,
  spare = 0,
  whole = false,
): boolean {
  const free = placesLeft(ledger.policy, model, spare)
  const needed = whole ? capacityOf(ledger.policy, model.model) : 1
  return free >= needed && keptAhead(ledger, model, position, now, kind, free) <= free - needed
}

/**
 * How many jobs ahead keep a place of the model: in strict order all of them, else those that were overtaken often enough and
 * those that are offered to all right now. Stops counting at `most`.
 *
 * An offer that has run out shows that no worker runs its kind. From that job on, jobs of its kind keep nothing from other kinds;
 * among themselves they keep their order.
 */
function keptAhead(
  ledger: LedgerView,
  model: Model,
  position: LinePosition,
  now: Micros,
  kind: string | null,
  most: number,
): number {
  const keeping = ledger.policy.maxOvertakes === 0 ? model.line : model.reserved
  const lapsed = new Map<string, LinePosition>()
  let count = 0
  for (const other of model.offers) {
    if (byPosition(other, position) >= 0) break
    const job = ledger.jobs.get(other)
    if (job === undefined) continue
    if (!isOfferLive(ledger, job, now)) {
      if (!lapsed.has(job.spec.kind)) lapsed.set(job.spec.kind, other)
    } else if (keeping.get(other) === undefined) count += keptBy(model, other)
  }
  if (lapsed.size === 0 && model.whole.size === 0) return count + keeping.rank(position)
  for (const other of keeping) {
    if (count >= most || byPosition(other, position) >= 0) break
    const job = ledger.jobs.get(other)
    if (job === undefined || isPassable(ledger, job, lapsed, now, kind)) continue
    count += keptBy(model, other)
  }
  return count
}

/** Who wants all of a model keeps all of it, however many places it has. */
export const keptBy = ({ whole }: Model, position: LinePosition): number =>
  whole.size > 0 && whole.get(position) !== undefined ? Number.POSITIVE_INFINITY : 1
/** The same jobs one by one. Of a place with units it counts what each of them asks. */
function* keepersAhead(
  ledger: LedgerView,
  model: Model,
  position: LinePosition,
  now: Micros,
  kind: string | null,
): Generator<Job> {
  const keeping = ledger.policy.maxOvertakes === 0 ? model.line : model.reserved
  const lapsed = new Map<string, LinePosition>()
  for (const job of jobsAhead(ledger, model.offers, position)) {
    if (isOfferLive(ledger, job, now)) {
      if (keeping.get(job.position) === undefined) yield job
    } else if (!lapsed.has(job.spec.kind)) lapsed.set(job.spec.kind, job.position)
  }
  for (const job of jobsAhead(ledger, keeping, position))
    if (!isPassable(ledger, job, lapsed, now, kind)) yield job
}

function* jobsAhead(
  ledger: LedgerView,
  line: Iterable<LinePosition>,
  position: LinePosition,
): Generator<Job> {
  for (const other of line) {
    if (byPosition(other, position) >= 0) return
    const job = ledger.jobs.get(other)
    if (job !== undefined) yield job
  }
}

function isPassable(
  ledger: LedgerView,
  job: Job,
  lapsed: ReadonlyMap<string, LinePosition>,
  now: Micros,
  kind: string | null,
): boolean {
  const from = lapsed.get(job.spec.kind)
  if (from === undefined || job.spec.kind === kind) return false
  return byPosition(from, job.position) <= 0 && !isOfferLive(ledger, job, now)
}

function isLiveAt(ledger: LedgerView, position: LinePosition, now: Micros): boolean {
  const job = ledger.jobs.get(position)
  return job !== undefined && isOfferLive(ledger, job, now)
}

function offersAhead(ledger: LedgerView, position: LinePosition, now: Micros): number {
  let count = 0
  for (const other of ledger.offered) {
    if (byPosition(other, position) >= 0) break
    const job = ledger.jobs.get(other)
    if (job !== undefined && usesSlot(job) && isOfferLive(ledger, job, now)) count++
  }
  return count
}

/** A job ahead has to run alone. No job passes it before its turn, unless its offer has run out. */
function isBehindExclusive(ledger: LedgerView, position: LinePosition, now: Micros): boolean {
  for (const other of ledger.exclusives) {
    if (byPosition(other, position) >= 0) return false
    if (ledger.jobs.get(other)?.offeredAt === null || isLiveAt(ledger, other, now)) return true
  }
  return false
}
