/** What is taken of a place that has units (units.ts), and what is left of it. */

import type { Units } from '../values/job.ts'
import type { Policy } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Job } from './job.ts'
import type { LedgerView } from './ledger.ts'
import type { Model } from './model.ts'
import { isSite, placeFor, placeOf } from './site.ts'
import { askOf, Room, unitsOf } from './units.ts'
/** The units of what stands under this name among the models; undefined: it is no place, or has none. */
export const unitsAt = (policy: Policy, name: string): Units | undefined =>
  isSite(name) ? unitsOf(policy, placeOf(name)) : undefined

/** What a job takes of a place where it is, or where it is pinned to; null: all of it. */
export function askAt({ spec, places }: Pick<Job, 'spec' | 'places'>, site: string): Units | null {
  const ask = askOf(spec)
  return ask !== undefined && placeFor(places, ask.model) === placeOf(site) ? ask.units : null
}

/** What is left of a place beside those who have it. @param spared the one who counts as gone */
export function roomBeside(
  ledger: LedgerView,
  { model: site, holders }: Model,
  units: Units,
  spared?: Pick<Job, 'position'>,
): Room {
  const room = new Room(units)
  for (const position of holders) {
    const job = ledger.jobs.get(position)
    if (job === undefined || (spared !== undefined && byPosition(position, spared.position) === 0)) continue
    room.take(askAt(job, site) ?? units)
  }
  return room
}

/** The last of those at the head of its line that fit there together, beside those who have it; undefined: not even the first one does. */
export function lastFitting(ledger: LedgerView, model: Model, units: Units): LinePosition | undefined {
  const room = roomBeside(ledger, model, units)
  let last: LinePosition | undefined
  for (const position of model.line) {
    const job = ledger.jobs.get(position)
    if (job !== undefined && !room.take(askAt(job, model.model) ?? units).holds) break
    last = position
  }
  return last
}
