import { modelNeed } from '../needs/limits/model.ts'
import { placeNeed } from '../needs/limits/place.ts'
import { modelOpensAt } from '../needs/limits/rate.ts'
import { anybodyAt, hasRoom, type Need } from '../needs/need.ts'
import type { Draft } from '../state/draft.ts'
import { isInLine } from '../state/job.ts'
import { modelOf } from '../state/ledger.ts'
import type { AskLine } from '../state/model.ts'
import { isSite, isUsable, placeOf, siteOf, sitesNear } from '../state/site.ts'
import { amountsText, askFor } from '../state/units.ts'
import { type JobSpec, type Micros, takesAllOf, type Units } from '../values/job.ts'
import { isMeter, type Policy, placesOf } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { Tree } from '../values/tree.ts'
import { byLine, type Cursor } from './cursor.ts'
import { lapsedCursors } from './lapsed.ts'

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

/** The same in strict order while some offers have run out: where something was freed, or anywhere after a wide change. */
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
  let cursors = Tree.empty<Cursor>(byLine)
  for (const cursor of from) cursors = cursors.insert(cursor, owner)
  for (const cursor of arrivedCursors(draft)) cursors = cursors.insert(cursor, owner)
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

const isLine = ({ source }: Cursor): boolean => source.of === 'line'

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
  const lines = new Set(open.flatMap(({ source }) => (source.of === 'line' ? source.name : [])))
  const inLines = new Map<string, boolean>()
  const stands = (model: string): boolean => {
    const known = inLines.get(model)
    if (known !== undefined) return known
    const does = linesOf(draft.policy, model).some((name) => lines.has(name))
    inLines.set(model, does)
    return does
  }
  // In line order: what is not free for one is free for none behind it.
  const closed = new Map<string, Set<string>>()
  const mayHave = (spec: JobSpec, model: string, at: LinePosition): boolean => {
    if (takesAllOf(spec, model)) return true
    const ask = askFor(spec, model)
    const amounts = ask === null ? '' : amountsText(ask)
    const known = closed.get(model)
    if (known?.has(amounts) === true) return false
    if (isOpenBehind(draft, model, ask, at, now)) return true
    closed.set(model, (known ?? new Set()).add(amounts))
    return false
  }
  for (const head of draft.heads) {
    // All of a class need the same: whether one may start is seen at the first, before the next behind is looked for.
    const { of, spec } = head
    const at = byPosition(head, behind) > 0 ? head : behind
    if (!spec.models.some(stands) || !spec.models.every((model) => mayHave(spec, model, at))) continue
    const members = draft.classes.get(of)?.members
    const position = members?.after(behind)
    if (position !== undefined)
      yield { position, source: { of: 'class', name: of.classKey }, next: (at) => members?.after(at) }
  }
}

function* openCursors(draft: Draft): Generator<Cursor> {
  yield* lineCursors(draft, draft.wide ? [...draft.models].map((model) => model.model) : freedLines(draft))
  const alone = draft.exclusives.min()
  if (alone !== undefined && draft.wide) {
    yield { position: alone, source: { of: 'exclusives' }, next: (at) => draft.exclusives.after(at) }
  }
}

function* arrivedCursors({ arrived }: Draft): Generator<Cursor> {
  for (const [i, position] of arrived.entries())
    yield { position, source: { of: 'arrived', name: `${i}` }, next: () => undefined }
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
      yield {
        position: head,
        source: { of: 'line', name, ask: null },
        next: (at) => modelOf(draft, name).line.after(at),
      }
  }
}

/** Behind one that does not fit at a place, one that asks less of it may. So each line is left by itself. */
function* askCursors(name: string, lines: readonly AskLine[]): Generator<Cursor> {
  for (const { ask, line } of lines) {
    const position = line.min()
    if (position !== undefined)
      yield { position, source: { of: 'line', name, ask }, next: (at) => line.after(at) }
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
  if (modelOpensAt(draft, model) > now) return false
  const isRoom = (need: Need) => hasRoom({ ledger: draft, now }, need, anybodyAt(behind), 'kept')
  const listed = placesOf(draft.policy, model)
  return (
    listed?.some((name) => isUsable(draft, name) && isRoom(placeNeed(draft.policy, siteOf(name), ask))) ??
    isRoom(modelNeed(draft.policy, anyOne, model))
  )
}

/** Whether somebody behind may start too, as far as what the cursor reads says it. */
function mayStartFrom(draft: Draft, { source, position }: Cursor, now: Micros): boolean {
  if (source.of === 'class') return !isRefused(draft, position)
  if (source.of !== 'line') return true
  const { name, ask } = source
  const isRoom = (need: Need) => hasRoom({ ledger: draft, now }, need, anybodyAt(position), 'kept')
  // Where nobody serves a place only those stand in line that take all of its model: they take it all the same.
  if (isSite(name))
    return sitesNear(draft.policy, name).some(
      (site) =>
        (site === name || isUsable(draft, placeOf(site))) && isRoom(placeNeed(draft.policy, site, ask)),
    )
  return modelOpensAt(draft, name) <= now && isRoom(modelNeed(draft.policy, anyOne, name))
}

/** One that takes no model as a whole. */
const anyOne = { wholes: null }
