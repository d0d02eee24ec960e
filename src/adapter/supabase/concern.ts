import type { RecordedEvent } from '../../core/index.ts'
import type { Concern } from '../../port/index.ts'

/** What a process does to attempts of its own. */
const own: ReadonlySet<string> = new Set(['started', 'completed', 'failed'])
/** What puts jobs in line, or back into it: for a process that has a slot for them. */
const inLine: ReadonlySet<string> = new Set(['queued', 'blocked', 'conflict', 'requeued', 'due'])

/**
 * Which processes an append concerns, beside the one that made it: nobody, if it ended or started attempts of its own and took
 * itself what that made startable. `job_queue_wake` asks the same.
 */
export function concernOf(events: readonly RecordedEvent[]): Concern {
  const workerIds = new Set(events.flatMap(({ workerId = [] }) => workerId))
  if (workerIds.size > 1 || !events.every(({ type }) => own.has(type) || inLine.has(type))) return 'all'
  if (events.some(({ type }) => inLine.has(type))) return 'free'
  const started = new Set(events.map((event) => (event.type === 'started' ? event.jobId : null)))
  return events.every(({ offers = [] }) => offers.every((jobId) => started.has(jobId))) ? 'nobody' : 'free'
}

/** Whether somebody may be waiting for it: who takes a job and leaves others has found more of them than there are free slots. */
export function isUrgent(events: readonly RecordedEvent[]): boolean {
  return concernOf(events) !== 'nobody' && !events.some(({ type }) => type === 'started')
}

const order = ['nobody', 'free', 'all'] as const satisfies readonly Concern[]

/** Up to which version something is known, by the processes it concerns at the least: `nobody` counts everything. */
export class Versions {
  readonly #versions = new Map<Concern, number>()

  note(version: number, concern: Concern): void {
    for (const each of order.slice(0, order.indexOf(concern) + 1)) {
      this.#versions.set(each, Math.max(this.of(each), version))
    }
  }

  of(concern: Concern): number {
    return this.#versions.get(concern) ?? 0
  }

  /** The widest circle for which there is more here than there; null: for nobody. */
  beyond(others: Versions): Concern | null {
    return order.findLast((each) => this.of(each) > others.of(each)) ?? null
  }
}

/** Of a message; anybody may send anything, and what says nothing is for all. */
export function parseConcern(given: unknown): Concern {
  return order.find((each) => each === given) ?? 'all'
}
