import { type Ledger, modelOf, pauseOf } from '../state/ledger.ts'
import { roomBeside } from '../state/room.ts'
import { isServed } from '../state/serving.ts'
import { allPlaces, siteOf } from '../state/site.ts'
import { unitsOf } from '../state/units.ts'
import type { Units } from '../values/job.ts'

/** One place of the policy: a card, say. */
export interface PlaceView {
  readonly place: string
  /** `paused`: somebody has paused it. `unserved`: no live process serves it. Both are given to nobody. */
  readonly state: 'free' | 'busy' | 'paused' | 'unserved'
  readonly held: number
  readonly waiting: number
  /** What is left of its units; null: it has none, and holds one job. */
  readonly left: Units | null
}

/** Which places are busy, free or given to nobody, in the order of the policy. */
export const placeViews = (ledger: Ledger): readonly PlaceView[] =>
  [...allPlaces(ledger.policy)].map((place) => {
    const site = modelOf(ledger, siteOf(place))
    const units = unitsOf(ledger.policy, place)
    const room = units && roomBeside(ledger, site, units)
    const isBusy = site.holders.size > 0
    return {
      place,
      state:
        pauseOf(ledger, place) !== undefined
          ? 'paused'
          : !isServed(ledger.servers, place)
            ? 'unserved'
            : isBusy
              ? 'busy'
              : 'free',
      held: site.holders.size,
      waiting: site.line.size,
      left:
        units === undefined || room === undefined
          ? null
          : Object.fromEntries(Object.keys(units).map((name) => [name, Math.max(0, room.of(name))])),
    }
  })
