import { MICROS_PER_MS } from '../core/index.ts'
import type { Vitals } from './api/vitals.ts'
import type { TakenIn } from './inbox/row-intake.ts'
import type { Member } from './membership/member.ts'

/** What a process knows of itself: read off, nothing is asked. */
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
