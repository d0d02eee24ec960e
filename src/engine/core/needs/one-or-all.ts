/** Room for one more job, or for one that takes all, of a thing that so many may have at once: a model, or a place without units. */
import { placesBeside } from '../state/ledger.ts'
import type { Model } from '../state/model.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { keptAhead } from './keeping.ts'
import { ALL, type Asker, type AsOf, type Counting, type Need } from './need.ts'

/** Whether there is room for this much of it. */
export function hasRoomFor(
  asOf: AsOf,
  thing: Model,
  { amount, total }: Pick<Need<number>, 'amount' | 'total'>,
  asker: Asker,
  counting: Counting,
): boolean {
  const free = placesBeside(thing, total, isSpared(asOf, thing.model) ? 1 : 0)
  const needed = amount === ALL ? total : 1
  if (free < needed) return false
  if (counting === 'held') return true
  if (counting === 'ahead') return isAmongFirst(thing, asker.position, free - needed)
  return keptAhead(asOf, thing, asker, free) <= free - needed
}

const isSpared = ({ spared }: AsOf, name: string): boolean => spared?.needs.includes(name) === true

/** At most so many stand before it, and nobody who wants all. */
function isAmongFirst({ line, whole }: Model, position: LinePosition, most: number): boolean {
  const first = whole.min()
  if (first !== undefined && byPosition(first, position) < 0) return false
  // The head of a long line is in the cache, the job's own part of it is not.
  const last = line.at(most)
  return last === undefined || byPosition(last, position) >= 0
}

/** Where it is used up all that are offered it, else those that want all of it. */
export const rivalsFor = (thing: Model, total: number): Iterable<LinePosition> =>
  placesBeside(thing, total) <= 0 ? thing.offers : thing.whole
