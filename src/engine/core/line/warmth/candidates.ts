/**
 * What the claim of a process that keeps models loaded could take, class by class in line order (docs/inside/decisions/turns.md). The
 * decision and the replay of its start look here, so both find the same.
 */

import { besideUse } from '../../needs/limits/index.ts'
import { modelNeed } from '../../needs/limits/model.ts'
import { placeNeed } from '../../needs/limits/place.ts'
import { type AsOf, hasRoom, lacking, type Need } from '../../needs/need.ts'
import { isOfferLive } from '../../needs/offer-expiry.ts'
import { hasModels, isTakenUp, placeToTake } from '../../needs/places.ts'
import { hasSlot, mayStart } from '../../needs/waits.ts'
import { type Job, usesSlot } from '../../state/job.ts'
import { type JobClass, type LedgerView, modelOf, placesLeft } from '../../state/ledger.ts'
import { keeperIn } from '../../state/serving.ts'
import { isUsable, mayUse, placeFor, siteOf } from '../../state/site.ts'
import { askFor, placesFor } from '../../state/units.ts'
import { type Micros, type Places, takesAllOf, type Units } from '../../values/job.ts'
import { placesOf } from '../../values/policy.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { classOf } from '../classes.ts'
import { isLoaded } from './loaded.ts'

/** A decision looks at the first so many classes in line. */
const MOST_CLASSES = 200

/** A claim, as far as the log tells of it. */
export interface ClaimView {
  readonly worker: string
  readonly runs: (kind: string) => boolean
  /** The time of the start. */
  readonly at: Micros
}

/** The first job of a class, as a claim finds it. */
export interface WarmCandidate {
  readonly job: Job
  readonly own: JobClass
  /** Where the claim would have its models that have places; undefined: it cannot take the job. */
  readonly places: Places | undefined
  /** It may start, by the line alone. Nobody from behind passes it. */
  readonly isBarrier: boolean
}

interface InLine extends WarmCandidate {
  /** Others could start it: the class keeps its models and slots. */
  readonly isForOthers: boolean
}

/** Only these are ever passed: not who runs alone, takes all of a model, or is waited for at the gate. */
export const isPassable = ({ asker, exclusive, spec }: Job): boolean =>
  asker === null && !exclusive && spec.whole === undefined

/** Of the whole line. */
export function* candidatesInLine(ledger: LedgerView, view: ClaimView): Generator<WarmCandidate> {
  const beyondReach: InLine[] = []
  let left = MOST_CLASSES
  for (const head of ledger.heads) {
    const job = ledger.jobs.get(head)
    const own = ledger.classes.get(head.of)
    if (job === undefined || own === undefined || left-- === 0) return
    const candidate = judge(ledger, view, { job, own }, beyondReach)
    if (candidate.places === undefined) beyondReach.push(candidate)
    yield candidate
  }
}

function judge(
  ledger: LedgerView,
  view: ClaimView,
  { job, own }: Pick<WarmCandidate, 'job' | 'own'>,
  beyondReach: readonly InLine[],
): InLine {
  const { spec, asker, exclusive, offeredAt } = job
  const isOurs = view.runs(spec.kind) && asker === null && !exclusive
  const places =
    isOurs && isPassable(job) && hasSlotHere(ledger, view, job, beyondReach)
      ? placesHere(ledger, view, job, beyondReach)
      : undefined
  if (places !== undefined) return { job, own, places, isForOthers: false, isBarrier: false }
  const starts = startsByLine(ledger, job, view.at)
  // Nobody runs its kind: others pass it.
  const hasLapsed = offeredAt !== null && !isOfferLive(ledger, job, view.at)
  const isOurTurn = starts && (asker !== null || (isOurs && startsByLine(ledger, job, view.at, view.worker)))
  return { job, own, places, isForOthers: starts && !hasLapsed, isBarrier: exclusive || isOurTurn }
}

/** As the line has it, but for what resources allow: how much these keep for others is known only to who decides. */
function startsByLine(ledger: LedgerView, job: Job, now: Micros, by?: string): boolean {
  const view = { ledger, now, by }
  return hasSlot(view, job) && !isLimited(ledger, job, now) && hasModels(view, job)
}

const isLimited = (ledger: LedgerView, job: Job, now: Micros): boolean =>
  lacking({ ledger, now }, job, besideUse, 'kept') !== undefined

/** There is a slot, also for all ahead that others could start, and no limit. */
function hasSlotHere(
  ledger: LedgerView,
  { at }: ClaimView,
  job: Job,
  beyondReach: readonly InLine[],
): boolean {
  if (ledger.draining || isLimited(ledger, job, at)) return false
  if (!usesSlot(job)) return true
  const { maxActive } = ledger.policy
  if (ledger.alone > 0) return false
  if (maxActive === null) return true
  const others = beyondReach.filter(({ isForOthers, job: other }) => isForOthers && usesSlot(other))
  const rest = beyondReach.filter(({ isForOthers }) => !isForOthers)
  const kept = countAhead(others, job.position) + countOffered(ledger, rest, job.position, at)
  return ledger.slots.size + kept < maxActive
}

/** How many jobs of these classes stand ahead and are offered: where nobody took the first of a class in time, the next may be. */
function countOffered(
  ledger: LedgerView,
  classes: readonly WarmCandidate[],
  position: LinePosition,
  at: Micros,
): number {
  let count = 0
  for (const offered of classes.length === 0 ? [] : ledger.offered) {
    if (byPosition(offered, position) >= 0) break
    const job = ledger.jobs.get(offered)
    if (job === undefined || !usesSlot(job) || !isOfferLive(ledger, job, at)) continue
    if (classes.some(({ own }) => own.members.get(offered) !== undefined)) count++
  }
  return count
}

/** How many jobs of these classes stand ahead. */
const countAhead = (classes: readonly WarmCandidate[], position: LinePosition): number =>
  classes.reduce((count, { own }) => count + own.members.rank(position), 0)

/** Undefined: a model is not free, beside those ahead that the claim cannot take. */
function placesHere(
  ledger: LedgerView,
  view: ClaimView,
  job: Job,
  beyondReach: readonly InLine[],
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
  asker: Job,
  name: string,
  beyondReach: readonly InLine[],
): boolean {
  const model = modelOf(ledger, name)
  const free = placesLeft(ledger.policy, model)
  if (free <= 0) return false
  const sharers = beyondReach.filter(({ job }) => job.spec.models.includes(name))
  const takesAll = sharers.some(({ job }) => takesAllOf(job.spec, name))
  if (!takesAll && countAhead(sharers, asker.position) < free) return true
  return (
    !sharers.some(({ isForOthers }) => isForOthers) &&
    hasRoom({ ledger, now: at }, modelNeed(ledger.policy, { wholes: null }, name), asker, 'kept')
  )
}

function placeHere(
  ledger: LedgerView,
  view: ClaimView,
  job: Job,
  model: string,
  beyondReach: readonly InLine[],
): string | undefined {
  const { policy } = ledger
  const ask = askFor(job.spec, model)
  const listed = placesFor(policy, job.spec, model) ?? []
  if (isTakenUp({ ledger, now: view.at }, model, placesOf(policy, model) ?? [], job)) return undefined
  const open = listed.filter(
    (name) => isUsable(ledger, name, view.worker) && isPlaceLeft(ledger, view, job, name, ask, beyondReach),
  )
  return warmestPlace(ledger, view.worker, job, model, open)
}

/** An idle place goes first, so that no card idles for the sake of another; then one where the model is loaded, and where it is pinned to. */
function warmestPlace(
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

function isPlaceLeft(
  ledger: LedgerView,
  { at }: ClaimView,
  asker: Job,
  name: string,
  ask: Units | null,
  beyondReach: readonly InLine[],
): boolean {
  const need = placeNeed(ledger.policy, siteOf(name), ask)
  if (!hasRoom({ ledger, now: at }, need, asker, 'held')) return false
  const users = beyondReach.filter(({ job }) => mayUse(ledger.policy, job, name))
  if (users.length === 0) return true
  return !users.some(({ isForOthers }) => isForOthers) && hasRoom({ ledger, now: at }, need, asker, 'kept')
}

/** Beside those who have its models nothing is missing. */
export function fitsBesideHolders(ledger: LedgerView, job: Job, { worker, at }: ClaimView): boolean {
  const { spec } = job
  const isRoom = (need: Need) => hasRoom({ ledger, now: at }, need, job, 'held')
  return spec.models.every((model) => {
    const listed = placesFor(ledger.policy, spec, model)
    if (listed === undefined) return isRoom(modelNeed(ledger.policy, job, model))
    const ask = askFor(spec, model)
    return listed.some(
      (name) => isUsable(ledger, name, worker) && isRoom(placeNeed(ledger.policy, siteOf(name), ask)),
    )
  })
}

/** Of the key whose turn it is. @param firsts its first jobs, and whether the claim may take them */
export function* candidatesInKey(
  { ledger, now }: AsOf,
  firsts: Iterable<{ readonly job: Job; readonly isOurs: boolean }>,
  worker: string,
): Generator<WarmCandidate> {
  const asOf = { ledger, now, by: worker }
  const inOrder = [...firsts].sort((a, b) => byPosition(a.job.position, b.job.position))
  for (const { job, isOurs } of inOrder.slice(0, MOST_CLASSES)) {
    const own = classOf(ledger, job)
    const starts = isOurs && mayStart(asOf, job)
    const places = starts ? placesByLine(asOf, job, worker) : undefined
    if (own !== undefined) yield { job, own, places, isBarrier: starts && !isPassable(job) }
  }
}

/** Where it would be of the places that are free for it. */
function placesByLine(asOf: AsOf, job: Job, worker: string): Places {
  const { spec } = job
  const { ledger } = asOf
  return Object.fromEntries(
    spec.models.flatMap((model) => {
      const isFreeAt = (name: string) =>
        placeToTake(asOf, { ...job, places: { [model]: name } }, model, 'kept') === name
      const free = (placesFor(ledger.policy, spec, model) ?? []).filter(isFreeAt)
      const place = warmestPlace(ledger, worker, job, model, free)
      return place === undefined ? [] : [[model, place]]
    }),
  )
}
