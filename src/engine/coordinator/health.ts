import { MICROS_PER_MS } from '../core/index.ts'
import type { Health, Vitals } from './api/calls.ts'
import { toDate } from './api/view.ts'
import type { TakenIn } from './inbox/row-intake.ts'
import type { Member } from './membership/member.ts'

/** What `health()` answers: read off this process, nothing is asked. */
export function healthOf(member: Member, store: string): Health {
  const { ledger, log, lease, failures, workerId, appends } = member
  return {
    queue: log.queue,
    store,
    workerId,
    ok: failures.text === null && !lease.lost,
    reachable: !failures.isOutage,
    leaseLost: lease.lost,
    leaseExpiresAt: toDate(lease.expiresAt),
    version: ledger.version,
    activeCount: ledger.active.size,
    waitingCount: ledger.jobs.size - ledger.active.size,
    counts: appends.counts,
    lastError: failures.text,
  }
}

/** What `vitals()` answers: as `healthOf`, and a little more, for figures. */
export function vitalsOf(member: Member, taken: TakenIn): Vitals {
  const { log, lease, failures, appends } = member
  const { head } = log
  return {
    workerId: member.workerId,
    ok: failures.text === null && !lease.lost,
    reachable: !failures.isOutage,
    leaseMs: lease.lost ? 0 : Math.max(0, (lease.expiresAt - log.clock.now()) / MICROS_PER_MS),
    freeSlots: lease.capacity.freeSlots,
    counts: appends.counts,
    ...member.figures,
    log: { lastSeq: log.knownVersion, archivedSeq: head.archivedSeq },
    catchUp: {
      events: Math.max(0, head.version - log.version),
      ms: performance.now() - head.reachedAt,
    },
    intake: taken.standing,
  }
}
