import { limitsSlots } from '../blocking.ts'
import type { Draft } from '../draft.ts'
import type { RecordedEvent } from '../event.ts'
import { limitShares } from '../fair-share.ts'
import { endAllOffers } from '../offers.ts'
import { rebuildReservations } from '../overtaking.ts'
import { capacityOf, isSameRule, type Policy } from '../policy.ts'
import { limitRates } from '../rate.ts'

/** Finds out at once who may start under the new rules; see {@link unsettleCapacities} for the cost. */
export function changePolicy(draft: Draft, event: RecordedEvent & { readonly type: 'policy_changed' }): void {
  const before = draft.policy
  draft.policy = event.policy
  if (before.fairShare?.maxActive !== event.policy.fairShare?.maxActive) limitShares(draft, before)
  if (before.maxOvertakes !== event.policy.maxOvertakes) rebuildReservations(draft)
  unsettleCapacities(draft, before)
  unsettleReady(draft, before)
  if (!isSameRule(before.rate, event.policy.rate)) limitRates(draft)
  endAllOffers(draft)
  draft.wide = true
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
    isSameRule(before.fairShare?.maxActive, policy.fairShare?.maxActive)
  if (isSame) return
  for (const places of [draft.ready, ...[...draft.shares].map(({ ready }) => ready)]) {
    for (const place of places) {
      const job = draft.jobs.get(place)
      if (job === undefined) continue
      draft.touch(job)
      draft.unsettle(place)
    }
  }
}
