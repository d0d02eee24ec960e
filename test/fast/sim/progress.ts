import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import type { Pace } from './pace.ts'
import type { Timeline } from './timeline.ts'

/** Whether jobs start, once nothing goes wrong any more: measured in what an append takes here and now, so that a slow database may be slow. */
export class Progress {
  readonly #timeline: Timeline
  readonly #pace: Pace
  readonly #leaseMs: number
  /** Jobs in line that never started. */
  readonly #waiting = new Set<string>()
  #since: number | undefined
  /** The longest time without a start while a job waited for its first, in appends. Of each, what a lease takes to run out is left out. */
  longest = 0

  constructor(timeline: Timeline, pace: Pace, leaseMs: number) {
    this.#timeline = timeline
    this.#pace = pace
    this.#leaseMs = leaseMs
  }

  healed(): void {
    this.#since = this.#timeline.now
  }

  see(event: RecordedEvent): void {
    this.look()
    if (event.type === 'started') this.#waiting.delete(event.jobId)
    else if (event.type !== 'queued') return
    else if (this.#waiting.add(event.jobId).size > 1) return
    if (this.#since !== undefined) this.#since = this.#timeline.now
  }

  look(): void {
    if (this.#since === undefined || this.#waiting.size === 0) return
    const ms = this.#timeline.now - this.#since - this.#leaseMs
    this.longest = Math.max(this.longest, ms / this.#pace.appendMs)
  }
}
