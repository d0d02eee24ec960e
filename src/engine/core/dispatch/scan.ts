import { isFree, isPlaceFree, keptBy } from '../needs/admission.ts'
import { passOver } from '../needs/fair-share.ts'
import { isOfferLive, lapsedJobs } from '../needs/offer-expiry.ts'
import { isOverRate } from '../needs/rate.ts'
import type { Draft } from '../state/draft.ts'
import { type AskLine, isInLine, type Model, modelOf, noPositions, placesLeft } from '../state/ledger.ts'
import type { OwnModel } from '../state/own-job.ts'
import { isSite, isUsable, placeOf, siteOf, sitesNear } from '../state/site.ts'
import { amountsText, askFor } from '../state/units.ts'
import { type JobSpec, type Micros, takesAllOf, type Units } from '../values/job.ts'
import { isMeter, type Policy, placesOf } from '../values/policy.ts'
import { byPosition, earlier, type LinePosition } from '../values/position.ts'
import { Tree } from '../values/tree.ts'

/** A line that is being read: where it stands, and how to go on. */
interface Cursor {
  readonly position: LinePosition
  readonly source: string
  readonly next: (position: LinePosition) => LinePosition | undefined
  /** Of the line of a place: what each of those in it asks there; null: all of the place. */
  readonly ask?: Units | null
}

const byHead = (a: Cursor, b: Cursor): number =>
  byPosition(a.position, b.position) || (a.source === b.source ? 0 : a.source < b.source ? -1 : 1)

/**
 * Goes through the jobs that may have become startable, in line order, each once, where jobs may overtake: those in the lines of
 * freed models (of all models after a wide change) and those that just came. It leaves a line at the first job for which its
 * model has no place: there is none for those behind it either. So the work is the jobs that are passed, however long the line
 * is.
 *
 * `visit` may start or offer the job; it returns false to end the scan.
 */
export function scanLines(draft: Draft, now: Micros, visit: (position: LinePosition) => boolean): void {
  scan(draft, now, openCursors(draft), visit)
}

/**
 * Scans in strict order while some offers have run out. The jobs whose models are free are known. Others may be startable
 * behind jobs whose offers ran out: where something was freed, or anywhere after a wide change.
 */
export function scanBehindLapsed(
  draft: Draft,
  now: Micros,
  visit: (position: LinePosition) => boolean,
): void {
  scan(draft, now, lapsedCursors(draft, now), visit)
}

function scan(
  draft: Draft,
  now: Micros,
  from: Iterable<Cursor>,
  visit: (position: LinePosition) => boolean,
): void {
  const owner = {}
  let cursors = Tree.empty<Cursor>(byHead)
  for (const cursor of from) cursors = cursors.insert(cursor, owner)
  let last: LinePosition | undefined
  let refused = 0
  for (let cursor = cursors.min(); cursor !== undefined; cursor = cursors.min()) {
    cursors = cursors.remove(cursor, owner)
    const { position, next } = cursor
    if (position !== last && !visit(position)) return
    last = position
    if (hasFewClasses(draft) && isRefused(draft, position) && ++refused === MANY) {
      const open = [cursor, ...cursors]
      cursors = cursors.empty()
      for (const one of open) if (!isLine(one)) cursors = cursors.insert(one, owner)
      for (const one of classCursors(draft, open, position, now)) cursors = cursors.insert(one, owner)
      continue
    }
    const following = mayStartFrom(draft, cursor, now) ? next(position) : undefined
    if (following !== undefined) cursors = cursors.insert({ ...cursor, position: following }, owner)
  }
}

/** After so many that may not start it looks at one job of each class. */
const MANY = 8

/** None where the policy keeps no classes. */
const hasFewClasses = ({ classes, line }: Draft): boolean => classes.size > 0 && classes.size * 4 < line.size

const isRefused = (draft: Draft, position: LinePosition): boolean => {
  const job = draft.jobs.get(position)
  return job !== undefined && isInLine(job) && job.offeredAt === null
}

const EXCLUSIVES = ''
const CLASS = '\u0000class '
const isLine = ({ source }: Cursor): boolean => source !== EXCLUSIVES && !source.startsWith('\u0000')

/**
 * The classes of the jobs in these lines, behind a position. It leaves a class at the first job that may not start: what keeps that from starting
 * keeps all behind it that are like it. So the work is the classes and not the jobs that are passed.
 */
function* classCursors(
  draft: Draft,
  open: readonly Cursor[],
  behind: LinePosition,
  now: Micros,
): Generator<Cursor> {
  const lines = new Set(open.filter(isLine).map(({ source }) => source))
  const inLines = new Map<string, boolean>()
  const stands = (model: string): boolean => {
    const known = inLines.get(model)
    if (known !== undefined) return known
    const does = linesOf(draft.policy, model).some((name) => lines.has(name))
    inLines.set(model, does)
    return does
  }
  // In line order: what is not free for one is free for none behind it.
  const closed = new Set<string>()
  const mayHave = (spec: JobSpec, model: string, at: LinePosition): boolean => {
    if (takesAllOf(spec, model)) return true
    const ask = askFor(spec, model)
    const name = ask === null ? model : `${model}\n${amountsText(ask)}`
    if (!closed.has(name) && !isOpenBehind(draft, model, ask, at, now)) closed.add(name)
    return !closed.has(name)
  }
  for (const head of draft.heads) {
    // All of a class need the same: whether one may start is seen at the first, before the next behind is looked for.
    const { of, spec } = head
    const at = byPosition(head, behind) > 0 ? head : behind
    if (!spec.models.some(stands) || !spec.models.every((model) => mayHave(spec, model, at))) continue
    const members = draft.classes.get(of)?.members
    const position = members?.after(behind)
    if (position !== undefined)
      yield { position, source: `${CLASS}${of.classKey}`, next: (at) => members?.after(at) }
  }
}
const READY = '\u0000ready'

function* openCursors(draft: Draft): Generator<Cursor> {
  yield* lineCursors(draft, draft.wide ? [...draft.models].map((model) => model.model) : freedLines(draft))
  const alone = draft.exclusives.min()
  if (alone !== undefined && draft.wide) {
    yield { position: alone, source: EXCLUSIVES, next: (at) => draft.exclusives.after(at) }
  }
  yield* arrivedCursors(draft)
}

function* lapsedCursors(draft: Draft, now: Micros): Generator<Cursor> {
  for (const name of draft.wide ? lapsedModels(draft, now) : draft.freed) {
    const head = modelOf(draft, name).line.min()
    if (head !== undefined)
      yield { position: head, source: `\u0000 ${name}`, next: nextBehind(draft, name, now) }
  }
  yield* arrivedCursors(draft)
  let passed = noPositions
  const next = (position: LinePosition) => {
    const job = draft.jobs.get(position)
    if (job !== undefined) passed = passOver(draft, job, passed, now)
    return earlier(draft.ready.after(position), passed.min())
  }
  const first = draft.ready.min()
  if (first !== undefined) yield { position: first, source: READY, next }
}

/**
 * Models with offers that have run out and with jobs that may pass those. Asked only after a wide change: thousands of offers may have run
 * out, often of jobs without models, and every claim comes here.
 */
function lapsedModels(draft: Draft, now: Micros): Iterable<string> {
  if (draft.models.size < draft.offerTimes.size) {
    return [...draft.models]
      .filter((model) => !isMeter(model.model) && isPassed(draft, model) && hasLapsedOffer(draft, model, now))
      .map(({ model }) => model)
  }
  const names = new Set<string>()
  for (const { spec } of lapsedJobs(draft, now)) for (const name of spec.models) names.add(name)
  return [...names].filter((name) => isPassed(draft, modelOf(draft, name)))
}

function hasLapsedOffer(draft: Draft, { offers }: Model, now: Micros): boolean {
  for (const position of offers) {
    const job = draft.jobs.get(position)
    if (job !== undefined && !isOfferLive(draft, job, now)) return true
  }
  return false
}

/**
 * Whether a job in its line may pass one whose offer has run out. Only one of another kind may: jobs of one kind keep their order. So where
 * all are of one kind, as in most queues, there is nothing to look for.
 */
function isPassed(draft: Draft, model: Model): boolean {
  return model.line.size > model.offers.size && !isOfOneKind(draft, model)
}

/** By models that no draft writes to any more: with 1,000 of them a claim would go through 1,000 lines each time. */
const ofOneKind = new WeakMap<Model, boolean>()

function isOfOneKind(draft: Draft, model: Model): boolean {
  const known = ofOneKind.get(model)
  if (known !== undefined) return known
  const first = kindAt(draft, model.line.min())
  let is = true
  for (const position of model.line) {
    is = kindAt(draft, position) === first
    if (!is) break
  }
  if ((model as Partial<OwnModel>).owner !== draft.owner) ofOneKind.set(model, is)
  return is
}

const kindAt = (draft: Draft, position: LinePosition | undefined): string | undefined =>
  position === undefined ? undefined : draft.jobs.get(position)?.spec.kind

/** Goes along the line of a model until the jobs already met keep all its places. */
function nextBehind(draft: Draft, name: string, now: Micros): Cursor['next'] {
  const lapsed = new Set<string>()
  let kept = 0
  return (position) => {
    const model = modelOf(draft, name)
    const { line } = model
    const keeps = keptBy(model, position)
    const job = draft.jobs.get(position)
    if (job !== undefined && isInLine(job) && !isOfferLive(draft, job, now)) {
      if (job.offeredAt !== null) lapsed.add(job.spec.kind)
      if (!lapsed.has(job.spec.kind)) kept += keeps
    } else if (job !== undefined && isInLine(job)) kept += keeps
    return kept < placesLeft(draft.policy, model) ? line.after(position) : undefined
  }
}

/** Where a place came free, or a model that has places, jobs may start that are pinned to others. */
function freedLines(draft: Draft): Iterable<string> {
  if (!draft.placed) return draft.freed
  const sites = [...draft.freed].flatMap((name) =>
    isSite(name) ? [name] : (placesOf(draft.policy, name) ?? []).map(siteOf),
  )
  return new Set([...draft.freed, ...sites.flatMap((site) => sitesNear(draft.policy, site))])
}

function* lineCursors(draft: Draft, names: Iterable<string>): Generator<Cursor> {
  for (const name of names) {
    // Who waits for a resource also stands in the line of a model.
    if (isMeter(name)) continue
    const { line, asks } = modelOf(draft, name)
    if (asks !== null) yield* askCursors(name, asks)
    const head = asks === null ? line.min() : undefined
    if (head !== undefined)
      yield { position: head, source: name, next: (at) => modelOf(draft, name).line.after(at) }
  }
}

/** Behind one that does not fit at a place, one that asks less of it may. So each line is left by itself. */
function* askCursors(source: string, lines: readonly AskLine[]): Generator<Cursor> {
  for (const { ask, line } of lines) {
    const position = line.min()
    if (position !== undefined) yield { position, source, ask, next: (at) => line.after(at) }
  }
}

/** The lines in which jobs of a model stand. */
const linesOf = (policy: Policy, model: string): readonly string[] =>
  placesOf(policy, model)?.map(siteOf) ?? [model]

/** Whether somebody behind may have the model, by what is free of it and its rate. */
function isOpenBehind(
  draft: Draft,
  model: string,
  ask: Units | null,
  behind: LinePosition,
  now: Micros,
): boolean {
  const own = modelOf(draft, model)
  if (isOverRate(draft, own, now)) return false
  const listed = placesOf(draft.policy, model)
  return listed?.some((name) => isSiteFree(draft, name, ask, behind, now)) ?? isFree(draft, own, behind, now)
}

function* arrivedCursors({ arrived }: Draft): Generator<Cursor> {
  for (const [i, position] of arrived.entries()) {
    yield { position, source: `\u0000${i}`, next: () => undefined }
  }
}

function mayStartFrom(draft: Draft, { source, position, ask = null }: Cursor, now: Micros): boolean {
  if (source.startsWith(CLASS)) return !isRefused(draft, position)
  if (source === EXCLUSIVES || source.startsWith('\u0000')) return true
  // Where nobody serves a place only those stand in line that take all of its model: they take it all the same.
  if (isSite(source))
    return sitesNear(draft.policy, source).some(
      (site) =>
        (site === source || isUsable(draft, placeOf(site))) &&
        isPlaceFree(draft, placeOf(site), ask, position, now),
    )
  const model = modelOf(draft, source)
  return !isOverRate(draft, model, now) && isFree(draft, model, position, now)
}

const isSiteFree = (
  draft: Draft,
  name: string,
  ask: Units | null,
  position: LinePosition,
  now: Micros,
): boolean => isUsable(draft, name) && isPlaceFree(draft, name, ask, position, now)
