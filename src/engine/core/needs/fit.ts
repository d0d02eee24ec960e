/** Where a job that comes into line is pinned to, and the lines of places that have units (units.ts). */

import type { Draft } from '../state/draft.ts'
import type { Job } from '../state/job.ts'
import { type LedgerView, modelOf, noPositions } from '../state/ledger.ts'
import type { AskLine } from '../state/model.ts'
import type { OwnJob, OwnModel } from '../state/own-job.ts'
import { askAt, roomBeside, unitsAt } from '../state/room.ts'
import { crewsOf, placeFor, setPlaces, siteOf, usablePlaces, wholesOf } from '../state/site.ts'
import { amountsText, askFor, placesFor, type Room, roomiest, unitsOf } from '../state/units.ts'
import { type Places, takesAllOf, type Units } from '../values/job.ts'
import { isSameRule } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'

/** What is left of it beside those who have it and those pinned there ahead of a position in line. */
function roomAhead(ledger: LedgerView, name: string, units: Units, position: LinePosition): Room {
  const model = modelOf(ledger, siteOf(name))
  const room = roomBeside(ledger, model, units)
  for (const { ask, line } of model.asks ?? []) room.take(ask ?? units, line.rank(position))
  return room
}

/**
 * Pins a job that comes into line: for each model to the place where the fewest are ahead, those that hold it included; of a job that asks
 * units to the one with most of them left, of those where it fits when they are empty. Of several to the first one.
 * @param before where it was pinned until the rules changed: it stays there if it can
 */
export function pin(draft: Draft, job: OwnJob, before: Places | null = null): void {
  const wholes = wholesOf(draft.policy, job.spec)
  let best: Pins | undefined
  for (const by of crewsOf(draft, job.spec, before)) {
    const pins = pinsBy(draft, job, before, by)
    if (pins !== undefined && (best === undefined || pins.ahead < best.ahead)) best = pins
  }
  const places = best?.places ?? []
  setPlaces(draft.policy, job, places.length === 0 ? null : Object.fromEntries(places), wholes)
}

/** Where a job would be pinned to, and how many are ahead of it there. */
interface Pins {
  readonly places: readonly (readonly [model: string, place: string])[]
  readonly ahead: number
}

/** Undefined: no place of one of its models may be given to a job, or not by this process. */
function pinsBy(draft: Draft, job: Job, before: Places | null, by: string | undefined): Pins | undefined {
  const { spec } = job
  const places: [model: string, place: string][] = []
  let ahead = 0
  for (const model of spec.models) {
    const listed = takesAllOf(spec, model) ? undefined : placesFor(draft.policy, spec, model)
    if (listed === undefined) continue
    const open = usablePlaces(draft, listed, by)
    const kept = placeFor(before, model)
    if (kept !== undefined && open.includes(kept)) places.push([model, kept])
    else {
      if (open.length === 0) return undefined
      const ask = askFor(spec, model)
      const place = ask === null ? leastUsed(draft, job, open) : mostLeft(draft, job, open, ask)
      places.push([model, place])
      ahead += aheadAt(draft, job, place)
    }
  }
  return { places, ahead }
}

function aheadAt(draft: Draft, { position }: Job, name: string): number {
  const { holders, line } = modelOf(draft, siteOf(name))
  return holders.size + line.rank(position)
}

function leastUsed(draft: Draft, job: Job, places: readonly string[]): string {
  let least = Number.POSITIVE_INFINITY
  let best = ''
  for (const name of places) {
    const ahead = aheadAt(draft, job, name)
    if (ahead >= least) continue
    least = ahead
    best = name
  }
  return best
}

function mostLeft(draft: Draft, { position }: Job, places: readonly string[], ask: Units): string {
  const rooms = places.map((name) => ({
    name,
    room: roomAhead(draft, name, unitsOf(draft.policy, name) ?? {}, position),
  }))
  return roomiest(rooms, ask)?.name ?? ''
}

/** The job comes into the line of a place, or of a model. */
export function joinLine(
  { policy, owner }: Pick<Draft, 'policy' | 'owner'>,
  model: Pick<OwnModel, 'model' | 'line' | 'asks'>,
  job: Job,
): void {
  model.line = model.line.insert(job.position, owner)
  if (policy.units === undefined || unitsAt(policy, model.model) === undefined) return
  const ask = askAt(job, model.model)
  const lines = model.asks ?? []
  const known = lines.find((one) => isSameRule(one.ask, ask))
  const line = (known?.line ?? noPositions).insert(job.position, owner)
  model.asks =
    known === undefined
      ? [...lines, { ask, line }].sort(byAsk)
      : lines.map((one) => (one === known ? { ask, line } : one))
}

/** It leaves that line. */
export function quitLine({ owner }: Draft, model: OwnModel, job: Job): void {
  model.line = model.line.remove(job.position, owner)
  if (model.asks === null) return
  const ask = askAt(job, model.model)
  const lines = model.asks.flatMap((one) => {
    if (!isSameRule(one.ask, ask)) return [one]
    const line = one.line.remove(job.position, owner)
    return line.size === 0 ? [] : [{ ask, line }]
  })
  model.asks = lines.length === 0 ? null : lines
}

/** In an order that follows from what they are, so that two processes have the same ledger. */
const byAsk = (a: AskLine, b: AskLine): number => (textOf(a) < textOf(b) ? -1 : 1)
const textOf = ({ ask }: AskLine): string => (ask === null ? '' : amountsText(ask))
