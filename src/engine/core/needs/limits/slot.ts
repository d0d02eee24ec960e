/** Slots of the queue: one a job, and all for one that runs alone. A batch has one for all of its jobs. */
import { usesSlot } from '../../state/job.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { offersAhead } from '../keeping.ts'
import { ALL, type AsOf, type Limit, nothing, type Spared } from '../need.ts'
import { isOfferLive } from '../offer-expiry.ts'

export const slot: Limit<number | null> = {
  sort: 'slot',
  isOn: () => true,
  code: ({ maxActive }) => (maxActive === 1 ? 'serialized' : 'at_capacity'),
  needs: ({ maxActive }, job) =>
    usesSlot(job) ? [{ limit: slot, name: '', amount: job.exclusive ? ALL : 1, total: maxActive }] : nothing,
  hasRoom: (asOf, { amount, total }, { position }, counting) => {
    const { ledger, spared } = asOf
    const isKept = counting !== 'held'
    if (ledger.alone > 0 || (isKept && isBehindExclusive(asOf, position))) return false
    if (amount !== ALL && total === null) return true
    const used = ledger.slots.size - leftBy(spared)
    const taken = used + (isKept ? offersAhead(asOf, position) : 0)
    return taken < (amount === ALL ? 1 : (total ?? 0))
  },
  // Who has to run alone waits for whoever starts.
  rivals: ({ slots, offered, exclusives }, { amount, total }) =>
    amount === ALL || (total !== null && slots.size >= total) ? offered : exclusives,
  broken: ({ alone, slots }, { amount, total }) =>
    alone > 0 || amount === ALL
      ? 'a job runs alone'
      : `${slots.size} jobs are active, and the policy allows ${total}`,
}

/** A batch without models has no slot that it could leave. */
const leftBy = (spared: Spared | undefined): number =>
  spared !== undefined && spared.needs.length > 0 ? 1 : 0

/** A job ahead has to run alone. No job passes it before its turn, unless its offer has run out. */
function isBehindExclusive({ ledger, now }: AsOf, position: LinePosition): boolean {
  for (const other of ledger.exclusives) {
    if (byPosition(other, position) >= 0) return false
    const job = ledger.jobs.get(other)
    if (job !== undefined && (job.offeredAt === null || isOfferLive(ledger, job, now))) return true
  }
  return false
}
