/** Models without places: as many jobs at once as the policy gives each, and one that takes the whole model alone. */
import { type Model, modelOf, placesLeft } from '../../state/ledger.ts'
import { isSite } from '../../state/site.ts'
import { capacityOf, isMeter, type Policy } from '../../values/policy.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { keptAhead } from '../keeping.ts'
import {
  ALL,
  type Amount,
  type Asker,
  type AsOf,
  type Counting,
  type Limit,
  type Need,
  type Needy,
} from '../need.ts'

const model: Limit = {
  sort: 'model',
  isOn: () => true,
  code: () => 'model_in_use',
  needs: (_, job) => job.needs.filter(isModel).map((name) => modelNeed(job, name)),
  hasRoom: (asOf, { name, amount }, asker, counting) =>
    hasRoomFor(asOf, modelOf(asOf.ledger, name), amount, asker, counting),
  rivals: (draft, { name }) => rivalsAt(draft.policy, modelOf(draft, name)),
  broken: (_, { name }) => `model ${name} has no free place`,
}

const isModel = (name: string): boolean => !isSite(name) && !isMeter(name)

/** What a job takes of a model in no place: one, or all. */
export const modelNeed = ({ wholes }: Pick<Needy, 'wholes'>, name: string): Need => ({
  limit: model,
  name,
  amount: wholes !== null && Object.hasOwn(wholes, name) ? ALL : 1,
})

/** Whether there is room for one more, or for one that takes all, of a thing that is counted. */
export function hasRoomFor(
  asOf: AsOf,
  thing: Model,
  amount: Amount,
  asker: Asker,
  counting: Counting,
): boolean {
  const { policy } = asOf.ledger
  const free = placesLeft(policy, thing, isSpared(asOf, thing.model) ? 1 : 0)
  const needed = amount === ALL ? capacityOf(policy, thing.model) : 1
  if (free < needed) return false
  if (counting === 'held') return true
  if (counting === 'ahead') return isAmongFirst(thing, asker.position, free - needed)
  return keptAhead(asOf, thing, asker, free) <= free - needed
}

const isSpared = ({ spared }: AsOf, name: string): boolean => spared?.needs.includes(name) === true

/** At most so many stand before it, and nobody who wants all. It looks at the head of a long line, which is in the cache, and not at the job's own part. */
function isAmongFirst({ line, whole }: Model, position: LinePosition, most: number): boolean {
  const first = whole.min()
  if (first !== undefined && byPosition(first, position) < 0) return false
  const last = line.at(most)
  return last === undefined || byPosition(last, position) >= 0
}

/** Where it is used up all that are offered it, else those that want all of it. */
export const rivalsAt = (policy: Policy, thing: Model): Iterable<LinePosition> =>
  placesLeft(policy, thing) <= 0 ? thing.offers : thing.whole
