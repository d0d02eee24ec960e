import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../core/index.ts'

/** How far two clocks may drift apart, in microseconds per millisecond: 0.2 s in a quarter of an hour. */
const DRIFT = 0.2

/**
 * The database's clock, as far as this process can tell: its own monotonic clock plus an offset. The database reads its clock
 * after the question was sent and before the answer came, so each answer gives a lower and an upper bound for the offset. The
 * bounds of all answers are combined: one quick answer keeps the estimate good for a long time, however slow the link becomes.
 * A jump of the wall clock changes nothing. The store refuses an append whose times are too far off.
 */
export class DatabaseClock {
  #low: Micros
  #high: Micros
  #learnedAt: number | null = null
  readonly #monotonic: () => number

  /** @param monotonic milliseconds that never go back */
  constructor(monotonic: () => number = () => performance.now(), wall: () => number = Date.now) {
    this.#monotonic = monotonic
    this.#low = wall() * MICROS_PER_MS - monotonic() * MICROS_PER_MS
    this.#high = this.#low
  }

  now(): Micros {
    return this.at(this.#monotonic())
  }

  /** The database's time at a moment that {@link mark} returned. */
  at(mark: number): Micros {
    return Math.round(mark * MICROS_PER_MS + (this.#low + this.#high) / 2)
  }

  /** What the fastest call so far took on its way there, by this estimate; 0 before the first answer. */
  get leastOutbound(): Micros {
    return (this.#high - this.#low) / 2
  }

  /** Milliseconds on this process's monotonic clock. Take a mark before a call, and pass it to {@link sync} after it. */
  mark(): number {
    return this.#monotonic()
  }

  /** The store said `now` in its answer to a call that was sent at `sent`. */
  sync(now: Micros, sent: number): void {
    const received = this.#monotonic()
    const low = now - received * MICROS_PER_MS
    const high = now - sent * MICROS_PER_MS
    const drift = (received - (this.#learnedAt ?? received)) * DRIFT
    const isNew = this.#learnedAt === null || low > this.#high + drift || high < this.#low - drift
    // If the new bounds contradict the old ones, one of the two clocks was set: the new ones hold.
    this.#low = isNew ? low : Math.max(low, this.#low - drift)
    this.#high = isNew ? high : Math.min(high, this.#high + drift)
    this.#learnedAt = received
  }
}

/** How far the log may be ahead of the clock with nothing wrong: two estimates of one clock differ by this much. */
const USUAL: Micros = MICROS_PER_SECOND

/**
 * The time of the queue: the database's clock. After a wrong clock was set right, the log may be ahead of it, and times in the
 * log never go back. If the queue's time stood still until the clock had caught up, so would everything that is counted from an
 * event: rates, offers, retries. So meanwhile it goes on from the last event at half the pace, which lets the clock catch up.
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

  /** Call it when the log gets a new event: the time goes on from there. */
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
    // The store refuses a time that is further from the last event than that event is from the clock.
    const most = this.#seenAt - USUAL - now
    if (most <= 0) return now
    const gone = Math.round(((this.#clock.mark() - this.#since) * MICROS_PER_MS) / 2)
    return this.#seenAt + Math.min(gone, most)
  }
}
