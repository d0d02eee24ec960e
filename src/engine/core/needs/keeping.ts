/**
 * Who keeps a thing ahead of others: in strict order all in its line, else those that were overtaken often enough; and those that are
 * offered to all right now.
 *
 * An offer that has run out shows that no worker runs its kind. That job, and those of its kind behind it, keep nothing from other kinds; among
 * themselves they keep their order.
 */

import { type Job, usesSlot } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import type { Model } from '../state/model.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import type { Asker, AsOf } from './need.ts'
import { isOfferLive } from './offer-expiry.ts'

const isStrict = ({ policy }: LedgerView): boolean => policy.maxOvertakes === 0

/**
 * The jobs ahead that keep some of a thing.
 * @param keeping those who do without being offered: {@link keepingOf}; of a resource `reserved`, where only ready ones stand (tally.ts)
 */
export function* keepersAhead(
  { ledger, now }: AsOf,
  { offers, reserved }: Model,
  { position, spec }: Asker,
  keeping: Tree<LinePosition>,
): Generator<Job> {
  const lapsed = new Map<string, LinePosition>()
  const isPassable = (other: Job): boolean => {
    const from = other.spec.kind === spec.kind ? undefined : lapsed.get(other.spec.kind)
    return from !== undefined && byPosition(from, other.position) <= 0
  }
  for (const offered of offers) {
    if (byPosition(offered, position) >= 0) break
    const other = ledger.jobs.get(offered)
    if (other === undefined) continue
    const isLive = isOfferLive(ledger, other, now)
    if (!isLive && !lapsed.has(other.spec.kind)) lapsed.set(other.spec.kind, other.position)
    const keeps = isStrict(ledger) || reserved.get(other.position) !== undefined
    if (isLive || (keeps && !isPassable(other))) yield other
  }
  for (const keeps of keeping) {
    if (byPosition(keeps, position) >= 0) return
    const other = ledger.jobs.get(keeps)
    if (other !== undefined && other.offeredAt === null && !isPassable(other)) yield other
  }
}

/** Those who keep a model or a place without being offered. */
export const keepingOf = (ledger: LedgerView, { line, reserved }: Model): Tree<LinePosition> =>
  isStrict(ledger) ? line : reserved

/** Who wants all of a model keeps all of it, however much there is. */
export const keptBy = ({ whole }: Model, position: LinePosition): number =>
  whole.size > 0 && whole.get(position) !== undefined ? Number.POSITIVE_INFINITY : 1

/** How many places of a model jobs ahead keep. Stops counting at `most`. */
export function keptAhead(asOf: AsOf, model: Model, asker: Asker, most: number): number {
  return keptByRank(asOf, model, asker) ?? keptOneByOne(asOf, model, asker, most)
}

/** From its rank alone; undefined: some of them keep all, or nothing. */
function keptByRank({ ledger, now }: AsOf, model: Model, { position }: Asker): number | undefined {
  if (model.whole.size > 0) return undefined
  const keeping = keepingOf(ledger, model)
  let offered = 0
  for (const other of model.offers) {
    if (byPosition(other, position) >= 0) break
    const job = ledger.jobs.get(other)
    if (job === undefined) continue
    if (!isOfferLive(ledger, job, now)) return undefined
    if (keeping.get(other) === undefined) offered++
  }
  return offered + keeping.rank(position)
}

function keptOneByOne(asOf: AsOf, model: Model, asker: Asker, most: number): number {
  let count = 0
  for (const { position } of keepersAhead(asOf, model, asker, keepingOf(asOf.ledger, model))) {
    count += keptBy(model, position)
    if (count >= most) break
  }
  return count
}

/** How many jobs ahead are offered a slot, of all or of these. */
export function offersAhead(
  { ledger, now }: AsOf,
  position: LinePosition,
  isOf: (job: Job) => boolean = () => true,
): number {
  let count = 0
  for (const offered of ledger.offered) {
    if (byPosition(offered, position) >= 0) break
    const job = ledger.jobs.get(offered)
    if (job !== undefined && usesSlot(job) && isOf(job) && isOfferLive(ledger, job, now)) count++
  }
  return count
}
