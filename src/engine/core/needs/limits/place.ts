/** Places of models: each holds one job, or, if it has units, all whose asks fit there together. */
import { modelOf } from '../../state/ledger.ts'
import { askAt, roomBeside } from '../../state/room.ts'
import { isSite, placeOf } from '../../state/site.ts'
import { unitsOf } from '../../state/units.ts'
import type { Units } from '../../values/job.ts'
import type { Policy } from '../../values/policy.ts'
import { keepersAhead, keepingOf } from '../keeping.ts'
import { ALL, type Limit, type Need } from '../need.ts'
import { hasRoomFor, rivalsFor } from '../one-or-all.ts'

/** Units, or one job. */
type Total = Units | 1

const place: Limit<Total> = {
  sort: 'place',
  isOn: () => true,
  code: () => 'model_in_use',
  needs: (policy, job) => job.needs.filter(isSite).map((name) => placeNeed(policy, name, askAt(job, name))),
  hasRoom: (asOf, { name, amount, total }, asker, counting) => {
    const { ledger, spared } = asOf
    const thing = modelOf(ledger, name)
    if (total === 1) return amount === ALL && hasRoomFor(asOf, thing, { amount, total }, asker, counting)
    const room = roomBeside(ledger, thing, total, spared).take(typeof amount === 'object' ? amount : total)
    if (counting === 'held' || !room.holds) return room.holds
    if (counting === 'ahead') {
      for (const { ask, line } of thing.asks ?? []) room.take(ask ?? total, line.rank(asker.position))
      return room.holds
    }
    for (const other of keepersAhead(asOf, thing, asker, keepingOf(ledger, thing)))
      if (!room.take(askAt(other, name) ?? total).holds) return false
    return true
  },
  rivals: (draft, { name, total }) => {
    const thing = modelOf(draft, name)
    return total === 1 ? rivalsFor(thing, total) : thing.offers
  },
  broken: (_, { name }) => `place ${placeOf(name)} is taken`,
}

/** What a job takes of a place. @param ask null: all of it */
export const placeNeed = (policy: Policy, site: string, ask: Units | null): Need<Total> => ({
  limit: place,
  name: site,
  amount: ask ?? ALL,
  total: unitsOf(policy, placeOf(site)) ?? 1,
})
