import type { RecordedEvent } from '../../core/index.ts'
import type { Concern } from '../index.ts'

/** Events of a process about its own attempts. */
const own: ReadonlySet<string> = new Set(['started', 'completed', 'failed'])
/** Events that put jobs in line, or back in line: for processes with a free slot. */
const inLine: ReadonlySet<string> = new Set([
  ...['queued', 'blocked', 'conflict', 'requeued', 'due', 'linked', 'released'],
])
/** It failed with a job that it comes after: those who wait for it have to hear that. */
const failsWithOther = (event: RecordedEvent): boolean => event.type === 'failed' && event.token === null

/**
 * Which other processes an append concerns. None, if it ended or started attempts of its own process, and that process took all
 * that became startable. `job_queue_wake` decides in the same way.
 */
export function concernOf(events: readonly RecordedEvent[]): Concern {
  const workerIds = new Set(events.flatMap(({ workerId = [] }) => workerId))
  if (
    workerIds.size > 1 ||
    events.some(failsWithOther) ||
    !events.every(({ type }) => own.has(type) || inLine.has(type))
  )
    return 'all'
  if (events.some(({ type }) => inLine.has(type))) return 'free'
  const started = new Set(events.map((event) => (event.type === 'started' ? event.jobId : null)))
  return events.every(({ offers = [] }) => offers.every((jobId) => started.has(jobId))) ? 'nobody' : 'free'
}

const order = ['nobody', 'free', 'all'] as const satisfies readonly Concern[]

/** The last version that is known, for each circle of processes; `nobody` counts every append. */
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

  /** The widest circle for which this has news that the other does not; null: none. */
  beyond(others: Versions): Concern | null {
    return order.findLast((each) => this.of(each) > others.of(each)) ?? null
  }
}

/** The concern in a message. Any role may send anything; a message without one is for all. */
export function parseConcern(given: unknown): Concern {
  return order.find((each) => each === given) ?? 'all'
}
