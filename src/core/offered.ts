import { MICROS_PER_MS, type Micros } from './job.ts'
import type { Job, LedgerView } from './ledger.ts'

/** An offered job keeps its place for `offerMs`; after that others may pass it. */
export function isOfferLive(ledger: LedgerView, job: Job, now: Micros): boolean {
  return job.offeredAt !== null && job.offeredAt + ledger.policy.offerMs * MICROS_PER_MS > now
}
