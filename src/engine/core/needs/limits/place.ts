/** Places of models: each holds one job, or, if it has units, all whose asks fit there together. */
import { modelOf } from '../../state/ledger.ts'
import { askAt, roomBeside } from '../../state/room.ts'
import { isSite, placeOf } from '../../state/site.ts'
import { unitsOf } from '../../state/units.ts'
import type { Units } from '../../values/job.ts'
import { keepersAhead, keepingOf } from '../keeping.ts'
import { ALL, type Limit, type Need } from '../need.ts'
import { hasRoomFor, rivalsAt } from './model.ts'

const place: Limit = {
  sort: 'place',
  isOn: () => true,
  code: () => 'model_in_use',
  needs: (_, job) => job.needs.filter(isSite).map((name) => placeNeed(name, askAt(job, name))),
  hasRoom: (asOf, { name, amount }, asker, counting) => {
    const { ledger, spared } = asOf
    const thing = modelOf(ledger, name)
    const units = unitsOf(ledger.policy, placeOf(name))
    if (units === undefined) return amount === ALL && hasRoomFor(asOf, thing, ALL, asker, counting)
    const room = roomBeside(ledger, thing, units, spared).take(typeof amount === 'object' ? amount : units)
    if (counting === 'held' || !room.holds) return room.holds
    if (counting === 'ahead') {
      for (const { ask, line } of thing.asks ?? []) room.take(ask ?? units, line.rank(asker.position))
      return room.holds
    }
    for (const other of keepersAhead(asOf, thing, asker, keepingOf(ledger, thing)))
      if (!room.take(askAt(other, name) ?? units).holds) return false
    return true
  },
  rivals: (draft, { name }) =>
    unitsOf(draft.policy, placeOf(name)) === undefined
      ? rivalsAt(draft.policy, modelOf(draft, name))
      : modelOf(draft, name).offers,
  broken: (_, { name }) => `place ${placeOf(name)} is taken`,
}

/** What a job takes of a place. @param ask null: all of it */
export const placeNeed = (site: string, ask: Units | null): Need => ({
  limit: place,
  name: site,
  amount: ask ?? ALL,
})
