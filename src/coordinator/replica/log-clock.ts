import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../core/index.ts'
import type { DatabaseClock } from './database-clock.ts'

/** How far the log is ahead of the clock without anything being wrong: what estimates of one clock differ by. */
const USUAL: Micros = MICROS_PER_SECOND

/**
 * The time of the queue: the database's clock, and while the log is ahead of that (a clock that was wrong, and was set right again),
 * the log's own time. Times in the log only rise, so it would stand still until the clock has caught up, and with it everything that
 * is counted from an event: rates, offers, retries. So meanwhile it goes on from the last event, at half of the pace, and the clock
 * catches up all the same.
 */
export class LogClock {
  readonly #clock: DatabaseClock
  readonly #lastAt: () => Micros
  #seenAt: Micros = 0
  #since = 0

  constructor(clock: DatabaseClock, lastAt: () => Micros) {
    this.#clock = clock
    this.#lastAt = lastAt
  }

  /** To be called when the log goes on: from then on it is counted. */
  see(): void {
    const lastAt = this.#lastAt()
    if (lastAt === this.#seenAt) return
    this.#seenAt = lastAt
    this.#since = this.#clock.mark()
  }

  get isAhead(): boolean {
    return this.#lastAt() > this.#clock.now() + USUAL
  }

  now(): Micros {
    const now = this.#clock.now()
    this.see()
    // The store takes no time that is further from the last event than that one is from the clock.
    const most = this.#seenAt - USUAL - now
    if (most <= 0) return now
    const gone = Math.round(((this.#clock.mark() - this.#since) * MICROS_PER_MS) / 2)
    return this.#seenAt + Math.min(gone, most)
  }
}
