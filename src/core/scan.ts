import { isFree } from './admission.ts'
import type { Draft } from './draft.ts'
import type { Micros } from './job.ts'
import { modelOf } from './ledger.ts'
import { byPlace, type Place } from './place.ts'
import { isOverRate } from './rate.ts'
import { Tree } from './tree.ts'

/** A line that is being read: where it stands, and how to go on. */
interface Cursor {
  readonly place: Place
  readonly source: string
  readonly next: (place: Place) => Place | undefined
}

const byHead = (a: Cursor, b: Cursor): number =>
  byPlace(a.place, b.place) || (a.source === b.source ? 0 : a.source < b.source ? -1 : 1)

/**
 * Goes through the jobs that may have become startable, in line order, each once, when jobs may overtake: those in the
 * lines of the models that were freed (of all models after a wide change) and those that just came. A line is left at
 * the first job for which its model has no place: for those behind it there is none either. So the work is the jobs
 * passed over, whatever the length of the line.
 *
 * `visit` may start or offer the job; it returns false to end the scan.
 */
export function scanLines(draft: Draft, now: Micros, visit: (place: Place) => boolean): void {
  const owner = {}
  let cursors = Tree.empty<Cursor>(byHead)
  for (const cursor of openCursors(draft)) cursors = cursors.insert(cursor, owner)
  let last: Place | undefined
  for (let cursor = cursors.min(); cursor !== undefined; cursor = cursors.min()) {
    cursors = cursors.remove(cursor, owner)
    const { place, source, next } = cursor
    if (place !== last && !visit(place)) return
    last = place
    const following = isOpen(draft, source, place, now) ? next(place) : undefined
    if (following !== undefined) cursors = cursors.insert({ place: following, source, next }, owner)
  }
}

const EXCLUSIVES = ''

function* openCursors(draft: Draft): Generator<Cursor> {
  const names = draft.wide ? [...draft.models].map((model) => model.model) : draft.freed
  for (const name of names) {
    const head = modelOf(draft, name).line.min()
    if (head !== undefined)
      yield { place: head, source: name, next: (at) => modelOf(draft, name).line.after(at) }
  }
  const alone = draft.exclusives.min()
  if (alone !== undefined && draft.wide) {
    yield { place: alone, source: EXCLUSIVES, next: (at) => draft.exclusives.after(at) }
  }
  for (const [i, place] of draft.arrived.entries()) {
    yield { place, source: `\u0000${i}`, next: () => undefined }
  }
}

function isOpen(draft: Draft, source: string, place: Place, now: Micros): boolean {
  if (source === EXCLUSIVES || source.startsWith('\u0000')) return true
  const model = modelOf(draft, source)
  return !isOverRate(draft, model, now) && isFree(draft, model, place, now)
}
