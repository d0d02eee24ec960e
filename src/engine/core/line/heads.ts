/**
 * What the claim of a process that keeps models loaded could take, class by class in line order (docs/inside/decisions/0029-warm.md). The
 * decision and the replay of its start look here, so both find the same.
 */
import { hasModels, hasSlot, isFree, isPlaceFree } from '../needs/admission.ts'
import { isShareFull } from '../needs/fair-share.ts'
import { isTakenUp } from '../needs/fit.ts'
import { isOfferLive } from '../needs/offer-expiry.ts'
import { rateOpensAt } from '../needs/rate.ts'
import type { Draft } from '../state/draft.ts'
import { type Job, type JobClass, type LedgerView, modelOf, placesLeft, usesSlot } from '../state/ledger.ts'
import { roomBeside, unitsAt } from '../state/room.ts'
import { isSite, isUsable, mayUse, placeFor, placeOf, siteOf } from '../state/site.ts'
import { askFor, placesFor } from '../state/units.ts'
import { type Micros, type Places, takesAllOf, type Units } from '../values/job.ts'
import { placesOf } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { addPass, classOf } from './classes.ts'
import { overtake } from './overtaking.ts'
import { isLoaded, keeperIn } from './warmth.ts'

/** A decision looks at the first so many classes in line. */
export const MOST_CLASSES = 200

/** A claim, as far as the log tells of it. */
interface ClaimView {
  readonly worker: string
  readonly runs: (kind: string) => boolean
  readonly at: Micros
}

/** The first job of a class. */
export interface FirstOfClass {
  readonly job: Job
  readonly own: JobClass
  /** Where the claim would have its models that have places; undefined: it cannot take the job. */
  readonly places: Places | undefined
  /** Others could start it: the class keeps its models and slots. */
  readonly isForOthers: boolean
  /** It may start, by the line alone. Nobody from behind passes it. */
  readonly isWall: boolean
}

export function* headsFor(ledger: LedgerView, view: ClaimView): Generator<FirstOfClass> {
  const beyondReach: FirstOfClass[] = []
  let left = MOST_CLASSES
  for (const place of ledger.heads) {
    const job = ledger.jobs.get(place)
    const own = ledger.classes.get(place.of)
    if (job === undefined || own === undefined || left-- === 0) return
    const head = judge(ledger, view, { job, own }, beyondReach)
    if (head.places === undefined) beyondReach.push(head)
    yield head
  }
}

function judge(
  ledger: LedgerView,
  view: ClaimView,
  { job, own }: Pick<FirstOfClass, 'job' | 'own'>,
  beyondReach: readonly FirstOfClass[],
): FirstOfClass {
  const { spec, asker, exclusive, offeredAt } = job
  const isOurs = view.runs(spec.kind) && asker === null && !exclusive
  const places =
    isOurs && spec.whole === undefined && isOpenTo(ledger, view, job, beyondReach)
      ? placesHere(ledger, view, job, beyondReach)
      : undefined
  if (places !== undefined) return { job, own, places, isForOthers: false, isWall: false }
  const starts = startsByLine(ledger, job, view.at)
  // Nobody runs its kind: others pass it.
  const hasLapsed = offeredAt !== null && !isOfferLive(ledger, job, view.at)
  const isOurTurn = starts && (asker !== null || (isOurs && startsByLine(ledger, job, view.at, view.worker)))
  return { job, own, places, isForOthers: starts && !hasLapsed, isWall: exclusive || isOurTurn }
}

/** As the line has it, but for what resources allow: how much these keep for others is known only to who decides. */
const startsByLine = (ledger: LedgerView, job: Job, at: Micros, by?: string): boolean =>
  hasSlot(ledger, job, at) && !isHeldBack(ledger, job, at) && hasModels(ledger, job, at, undefined, by)

const isHeldBack = (ledger: LedgerView, job: Job, at: Micros): boolean =>
  rateOpensAt(ledger, job, at) > 0 || isShareFull(ledger, job, at)

/** There is a slot, also for all ahead that others could start, and no limit. */
function isOpenTo(
  ledger: LedgerView,
  { at }: ClaimView,
  job: Job,
  beyondReach: readonly FirstOfClass[],
): boolean {
  if (ledger.draining || isHeldBack(ledger, job, at)) return false
  if (!usesSlot(job)) return true
  const { maxActive } = ledger.policy
  if (ledger.alone > 0) return false
  if (maxActive === null) return true
  const others = beyondReach.filter((head) => head.isForOthers && usesSlot(head.job))
  const rest = beyondReach.filter((head) => !head.isForOthers)
  const kept = countAhead(others, job.position) + countOffered(ledger, rest, job.position, at)
  return ledger.slots.size + kept < maxActive
}

/** How many jobs of these classes stand ahead and are offered: where nobody took the first of a class in time, the next may be. */
function countOffered(
  ledger: LedgerView,
  heads: readonly FirstOfClass[],
  position: LinePosition,
  at: Micros,
): number {
  let count = 0
  for (const offered of heads.length === 0 ? [] : ledger.offered) {
    if (byPosition(offered, position) >= 0) break
    const job = ledger.jobs.get(offered)
    if (job === undefined || !usesSlot(job) || !isOfferLive(ledger, job, at)) continue
    if (heads.some(({ own }) => own.members.get(offered) !== undefined)) count++
  }
  return count
}

/** How many jobs of these classes stand ahead. */
const countAhead = (heads: readonly FirstOfClass[], position: LinePosition): number =>
  heads.reduce((count, { own }) => count + own.members.rank(position), 0)

/** Undefined: a model is not free, beside those ahead that the claim cannot take. */
function placesHere(
  ledger: LedgerView,
  view: ClaimView,
  job: Job,
  beyondReach: readonly FirstOfClass[],
): Places | undefined {
  const places: [model: string, place: string][] = []
  for (const model of job.spec.models) {
    const listed = placesOf(ledger.policy, model)
    if (listed === undefined) {
      if (!isModelFree(ledger, view, job, model, beyondReach)) return undefined
      continue
    }
    const place = placeHere(ledger, view, job, model, beyondReach)
    if (place === undefined) return undefined
    places.push([model, place])
  }
  return Object.fromEntries(places)
}

function isModelFree(
  ledger: LedgerView,
  { at }: ClaimView,
  { position, spec: { kind } }: Job,
  name: string,
  beyondReach: readonly FirstOfClass[],
): boolean {
  const model = modelOf(ledger, name)
  const free = placesLeft(ledger.policy, model)
  if (free <= 0) return false
  const sharers = beyondReach.filter(({ job }) => job.spec.models.includes(name))
  const takesAll = sharers.some(({ job }) => takesAllOf(job.spec, name))
  if (!takesAll && countAhead(sharers, position) < free) return true
  return !sharers.some(({ isForOthers }) => isForOthers) && isFree(ledger, model, position, at, kind)
}

function placeHere(
  ledger: LedgerView,
  view: ClaimView,
  job: Job,
  model: string,
  beyondReach: readonly FirstOfClass[],
): string | undefined {
  const { policy } = ledger
  const ask = askFor(job.spec, model)
  const listed = placesFor(policy, job.spec, model) ?? []
  if (isTakenUp(ledger, model, placesOf(policy, model) ?? [], ask)) return undefined
  const open = listed.filter(
    (name) => isUsable(ledger, name, view.worker) && isPlaceOpen(ledger, view, job, name, ask, beyondReach),
  )
  return bestOf(ledger, view.worker, job, model, open)
}

/** An idle place goes first, so that no card idles for the sake of another; then one where the model is loaded, and where it is pinned to. */
export function bestOf(
  ledger: LedgerView,
  worker: string,
  job: Job,
  model: string,
  open: readonly string[],
): string | undefined {
  const keeper = keeperIn(ledger.keepers, worker)
  const rank = (name: string): number =>
    (modelOf(ledger, siteOf(name)).holders.size === 0 ? 4 : 0) +
    (keeper !== undefined && isLoaded(keeper, { model, place: name }) ? 2 : 0) +
    (placeFor(job.places, model) === name ? 1 : 0)
  return open.reduce<string | undefined>(
    (best, name) => (best === undefined || rank(name) > rank(best) ? name : best),
    undefined,
  )
}

function isPlaceOpen(
  ledger: LedgerView,
  { at }: ClaimView,
  { position, spec: { kind } }: Job,
  name: string,
  ask: Units | null,
  beyondReach: readonly FirstOfClass[],
): boolean {
  if (!hasRoom(ledger, name, ask)) return false
  const users = beyondReach.filter(({ job }) => mayUse(ledger.policy, job, name))
  if (users.length === 0) return true
  return !users.some(({ isForOthers }) => isForOthers) && isPlaceFree(ledger, name, ask, position, at, kind)
}

/** A place has room for this beside those who have it. */
function hasRoom(ledger: LedgerView, name: string, ask: Units | null): boolean {
  const model = modelOf(ledger, siteOf(name))
  const units = unitsAt(ledger.policy, siteOf(name))
  if (units === undefined) return ask === null && model.holders.size === 0
  return roomBeside(ledger, model, units).take(ask ?? units).holds
}

/**
 * A job started because its models were loaded: it passes the classes ahead that its process could have taken from. Of the others those
 * that share what it takes are overtaken, as by any start.
 * @param names what it takes
 */
export function countPasses(draft: Draft, job: Job, view: ClaimView, names: readonly string[]): void {
  for (const { job: other, own, places } of [...headsFor(draft, view)]) {
    if (byPosition(other.position, job.position) >= 0) return
    if (places !== undefined) addPass(draft, own, { position: job.position, at: view.at })
    else if (names.some((name) => isSharer(draft, other, name))) overtakeAll(draft, own, job.position)
  }
}

/**
 * The same where it was the turn of its key: of that key the first of alike jobs ahead is passed that its process could have had room for. A turn
 * overtakes them as any other does, so nothing but the passes is counted here.
 */
export function countPassesInKey(
  draft: Draft,
  firsts: Iterable<Job>,
  job: Job,
  { worker, runs, at }: ClaimView,
): void {
  for (const other of firsts) {
    const own = byPosition(other.position, job.position) < 0 ? classOf(draft, other) : undefined
    const isOpen = other.asker === null && !other.exclusive && other.spec.whole === undefined
    if (own !== undefined && isOpen && runs(other.spec.kind) && hasRoomFor(draft, other, worker))
      addPass(draft, own, { position: job.position, at })
  }
}

/** Beside those who have its models nothing is missing. */
const hasRoomFor = (ledger: LedgerView, { spec }: Job, worker: string): boolean =>
  spec.models.every((model) => {
    const listed = placesFor(ledger.policy, spec, model)
    if (listed === undefined) return placesLeft(ledger.policy, modelOf(ledger, model)) > 0
    return listed.some((name) => isUsable(ledger, name, worker) && hasRoom(ledger, name, askFor(spec, model)))
  })

const isSharer = ({ policy }: Draft, other: Job, name: string): boolean =>
  isSite(name) ? mayUse(policy, other, placeOf(name)) : other.needs.includes(name)

function overtakeAll(draft: Draft, { members }: JobClass, behind: LinePosition): void {
  for (const position of [...members]) {
    if (byPosition(position, behind) >= 0) return
    const other = draft.jobs.get(position)
    if (other !== undefined) overtake(draft, other)
  }
}
