import type { Coordinator } from '../coordinator/index.ts'
import { endsAttempt, type RecordedEvent } from '../core/index.ts'
import type { Attempt } from './attempt.ts'
import type { StopCause } from './errors.ts'

/** The unfinished attempts of one worker. Tells them to stop when the log says so. */
export class Attempts {
  readonly #coordinator: Coordinator
  readonly #byJob = new Map<string, Attempt>()
  /** Active jobs that were asked to stop, in any process: the request may be heard before the start. */
  readonly #cancelled = new Set<string>()

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
  }

  get size(): number {
    return this.#byJob.size
  }

  has(attempt: Attempt): boolean {
    return this.#byJob.get(attempt.lease.jobId) === attempt
  }

  all(): readonly Attempt[] {
    return [...this.#byJob.values()]
  }

  /** No event will tell what happened between its start and now: it is checked here. */
  add(attempt: Attempt): void {
    const { jobId } = attempt.lease
    this.#byJob.set(jobId, attempt)
    if (this.#coordinator.attempt(attempt.lease) === undefined) attempt.stop('ended')
    else if (this.#cancelled.has(jobId)) attempt.stop('cancel_requested')
  }

  delete(attempt: Attempt): void {
    if (this.has(attempt)) this.#byJob.delete(attempt.lease.jobId)
  }

  see(event: RecordedEvent): void {
    if (event.type === 'cancel_requested') {
      this.#cancelled.add(event.jobId)
      this.#byJob.get(event.jobId)?.stop('cancel_requested')
    }
    if (!endsAttempt(event)) return
    this.#cancelled.delete(event.jobId)
    const attempt = this.#byJob.get(event.jobId)
    if (attempt?.lease.fencingToken === event.token) attempt.stop('ended')
  }

  /** @param stopMs how long their handlers may take, instead of the time of each */
  stop(why: StopCause, stopMs?: number): void {
    for (const attempt of this.all()) {
      attempt.stop(why)
      if (stopMs !== undefined) attempt.cutAfter(stopMs)
    }
  }
}
