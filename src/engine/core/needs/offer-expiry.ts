import type { Job } from '../state/job.ts'
import { jobOf, type LedgerView } from '../state/ledger.ts'
import { MICROS_PER_MS, type Micros } from '../values/job.ts'

/** An offered job keeps its position for `offerMs`; after that others may pass it. */
export function isOfferLive(ledger: LedgerView, job: Job, now: Micros): boolean {
  return job.offeredAt !== null && job.offeredAt + ledger.policy.offerMs * MICROS_PER_MS > now
}

/** Whether any offer has run out: then somebody may pass its job. */
export function hasLapsed({ offerTimes, policy }: LedgerView, now: Micros): boolean {
  const first = offerTimes.min()
  return first !== undefined && first.at + policy.offerMs * MICROS_PER_MS <= now
}

/** Jobs whose offers have run out, the longest ago first. */
export function* lapsedJobs(ledger: LedgerView, now: Micros): Generator<Job> {
  for (const { at, jobId } of ledger.offerTimes) {
    if (at + ledger.policy.offerMs * MICROS_PER_MS > now) return
    const job = jobOf(ledger, jobId)
    if (job !== undefined) yield job
  }
}
