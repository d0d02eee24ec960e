import { joinClasses, leaveClasses } from '../../line/classes.ts'
import { fairFrom, fairRows } from '../../line/fair-queue.ts'
import { holdOthers, leaveLine } from '../../line/line.ts'
import { endAllOffers } from '../../line/offers.ts'
import { rebuildReservations } from '../../line/overtaking.ts'
import { letGo, letGoBeside, takePosition } from '../../line/pausing.ts'
import { limitsSlots } from '../../needs/blocking.ts'
import { counts } from '../../needs/limits/index.ts'
import { limitUses } from '../../needs/meter.ts'
import { limitRates } from '../../needs/starts.ts'
import { limitShares } from '../../needs/tally.ts'
import type { Draft } from '../../state/draft.ts'
import { hasPlaces } from '../../state/site.ts'
import type { RecordedEvent } from '../../values/event.ts'
import type { Places } from '../../values/job.ts'
import { capacityOf, isSameRule, type Policy } from '../../values/policy.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'

/** Finds out at once who may start under the new rules; see {@link unsettleCapacities} for the cost. */
export function changePolicy(draft: Draft, event: RecordedEvent & { readonly type: 'policy_changed' }): void {
  const before = draft.policy
  const used = draft.fair === null ? undefined : fairRows(draft.fair)
  draft.fair = null
  const isPlaced = hasPlaces(event.policy)
  const { capacity, units, uses } = event.policy
  const usesDiffer = !isSameRule(before.uses, uses)
  const isSame = isSameRule(before.capacity, capacity) && isSameRule(before.units, units)
  leaveClasses(draft)
  const moves = usesDiffer || ((isPlaced || draft.placed) && !isSame)
  const stood = moves ? clearLines(draft) : new Map()
  draft.policy = event.policy
  draft.placed = isPlaced
  if (usesDiffer) limitUses(draft, before, event.at)
  if (moves) standAgain(draft, stood)
  if (!limitsAlike(before, event.policy)) limitShares(draft, before)
  if (before.maxOvertakes !== event.policy.maxOvertakes) rebuildReservations(draft)
  joinClasses(draft)
  unsettleCapacities(draft, before)
  unsettleReady(draft, before)
  if (!isSameRule(before.rate, event.policy.rate)) limitRates(draft)
  endAllOffers(draft)
  draft.fair = fairFrom(draft, used)
  draft.wide = true
}

/** All that is counted has the same limits. */
const limitsAlike = (a: Policy, b: Policy): boolean =>
  counts.every(({ reads }) => isSameRule(reads(a), reads(b)))

/** Where jobs were pinned to, by their positions in line. */
type Stood = ReadonlyMap<LinePosition, Places | null>

/** Takes all jobs out of their lines. Where places came, went or changed, this costs as much as the queue is long. */
function clearLines(draft: Draft): Stood {
  const stood = new Map<LinePosition, Places | null>()
  for (const position of [...draft.line]) {
    const job = draft.jobs.get(position)
    if (job === undefined) continue
    stood.set(position, job.places)
    leaveLine(draft, draft.edit(job), false)
  }
  return stood
}

/**
 * Puts them into line again, and those that a pause has held. A job stays pinned to a place that its model still has. Nobody is taken out of
 * a place that the policy does not name any more.
 */
function standAgain(draft: Draft, stood: Stood): void {
  for (const position of draft.active) {
    const job = draft.jobs.get(position)
    if (job !== undefined) holdOthers(draft, draft.edit(job, true))
  }
  const held = [...[...draft.pauses].flatMap((pause) => letGo(draft, pause)), ...letGoBeside(draft)]
  for (const position of [...stood.keys(), ...held].sort(byPosition)) {
    const job = draft.jobs.get(position)
    if (job === undefined) continue
    const own = draft.edit(job)
    own.held = null
    takePosition(draft, own, stood.get(position) ?? null)
  }
}

/**
 * Another capacity matters only to jobs whose rank in the model's line is between what was free before and what is free now: for
 * all others the same places are taken or left.
 */
function unsettleCapacities(draft: Draft, before: Policy): void {
  for (const { model, holders, line } of draft.models) {
    const old = capacityOf(before, model)
    const now = capacityOf(draft.policy, model)
    const from = Math.max(0, Math.min(old, now) - holders.size)
    const to = Math.min(line.size, Math.max(old, now) - holders.size)
    for (let rank = from; rank < to; rank++) draft.unsettleAt(line, rank)
  }
}

/** Other limits of slots, rates or shares matter to jobs whose models are free: their rows say what they may wait for. */
function unsettleReady(draft: Draft, before: Policy): void {
  const { policy } = draft
  const isSame =
    limitsSlots(before) === limitsSlots(policy) &&
    isSameRule(before.rate, policy.rate) &&
    limitsAlike(before, policy)
  if (isSame) return
  for (const positions of [draft.ready, ...[...draft.shares].map(({ ready }) => ready)]) {
    for (const position of positions) {
      const job = draft.jobs.get(position)
      if (job === undefined) continue
      draft.touch(job)
      draft.unsettle(position)
    }
  }
}
