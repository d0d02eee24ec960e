import type { Ledger, Micros, RecordedEvent } from '../../core/index.ts'
import { isDeath, MICROS_PER_MS, type Outcome, outcomeOf } from '../../core/index.ts'

/** A queue as plain numbers, for whatever collects them. Durations in milliseconds; counts since this process joined. */
export interface QueueMetrics {
  readonly activeCount: number
  readonly waitingCount: number
  /** How long the job that has stood in line longest has waited; 0 when none waits. Jobs that are not due do not count. */
  readonly oldestWaitingMs: number
  /** Jobs that may start and that nobody has taken yet. */
  readonly offeredCount: number
  /** How long the one among them that was offered first has been so; 0 when there is none. */
  readonly oldestOfferMs: number
  /** Events that are known to be in the log and that this process has not folded yet. */
  readonly lagEvents: number
  /** Since the log was last seen to its head. */
  readonly lagMs: number
  /**
   * What ended: jobs that `completed`, `failed` for good, were `cancelled` or `expired`, and attempts that were lost with their
   * worker (`lease_expired`). An attempt that failed and is followed by another one, or was given back, is none of these.
   */
  readonly ended: Readonly<Record<EndType, number>>
  /** Jobs that became dead letters: they failed for good, lost their last attempt with its worker, or waited too long. */
  readonly died: number
}

type EndType = Outcome | 'lease_expired'

/** Counts what passes by. */
export class Counter {
  readonly #ended: Record<EndType, number> = {
    completed: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    lease_expired: 0,
  }

  #died = 0

  see(event: RecordedEvent): void {
    const outcome = outcomeOf(event)
    if (event.type === 'lease_expired') this.#ended.lease_expired++
    else if (outcome !== null) this.#ended[outcome]++
    if (isDeath(event)) this.#died++
  }

  get counts(): Pick<QueueMetrics, 'ended' | 'died'> {
    return { ended: { ...this.#ended }, died: this.#died }
  }
}

/** Looks at every waiting job once: some 10 ms for 100,000. */
export function queueMetrics(
  ledger: Ledger,
  now: Micros,
  head: { readonly version: number; readonly reachedAt: number },
  counts: Counter['counts'],
): QueueMetrics {
  const waiting = [...ledger.line, ...ledger.unbound].map(
    (place) => ledger.jobs.get(place)?.waitingSince ?? now,
  )
  const offers = [...ledger.offered].map((place) => ledger.jobs.get(place)?.offeredAt ?? now)
  const msSince = (times: readonly Micros[]) =>
    Math.max(0, (now - times.reduce((least, time) => Math.min(least, time), now)) / MICROS_PER_MS)
  return {
    activeCount: ledger.active.size,
    waitingCount: ledger.jobs.size - ledger.active.size,
    oldestWaitingMs: msSince(waiting),
    offeredCount: ledger.offered.size,
    oldestOfferMs: msSince(offers),
    lagEvents: Math.max(0, head.version - ledger.version),
    lagMs: performance.now() - head.reachedAt,
    ...counts,
  }
}
