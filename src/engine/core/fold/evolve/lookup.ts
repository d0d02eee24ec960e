import type { Job } from '../../state/job.ts'
import { jobOf, type LedgerView } from '../../state/ledger.ts'
import { InterlockError } from '../../values/error.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { expiresAt } from '../timing.ts'

export function waitingJob(ledger: LedgerView, event: RecordedEvent, jobId: string): Job {
  const job = jobOf(ledger, jobId)
  if (job === undefined || job.active) throw corrupt(event, `job ${jobId} is not waiting`)
  return job
}

export function checkLease(event: RecordedEvent & { readonly type: 'lease_expired' }, job: Job): void {
  if (job.workerId === event.workerId) return
  throw corrupt(event, `job ${job.jobId} does not depend on the lease of ${event.workerId}`)
}

export function checkExpired(event: RecordedEvent & { readonly type: 'expired' }, job: Job): void {
  const at = expiresAt(job)
  if (at === null || at > event.at) throw corrupt(event, `job ${job.jobId} expires at another time`)
}

export function corrupt(event: RecordedEvent, why: string): InterlockError {
  return new InterlockError(
    'corrupt_log',
    `event ${event.seq} (${event.type}) cannot have happened: ${why}. The log was changed, or written by something else; stop the workers and run \`npx interlock-queue verify\``,
    { seq: event.seq, type: event.type },
  )
}
