import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../core/index.ts'

/** How far two clocks may drift apart, in microseconds per millisecond: 0.2 s in a quarter of an hour. */
const DRIFT = 0.2

/**
 * The database's clock, as far as this process can tell: its own monotonic clock, and the difference between the two. Each answer
 * says between which bounds that difference lies: the database read its clock after the question was sent and before the answer
 * came. The bounds of all answers hold together, so that one quick answer tells for a long time, whatever the link does later.
 * A wall clock that jumps changes nothing, and the store refuses an append whose times are more than a second off.
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

  /** What the database's clock said at a moment that {@link mark} gave. */
  at(mark: number): Micros {
    return Math.round(mark * MICROS_PER_MS + (this.#low + this.#high) / 2)
  }

  /** Milliseconds on this process's monotonic clock: to be taken before a call, and given to {@link sync} after it. */
  mark(): number {
    return this.#monotonic()
  }

  /** The store said `now` in the answer to a call that was sent at `sent`. */
  sync(now: Micros, sent: number): void {
    const received = this.#monotonic()
    const low = now - received * MICROS_PER_MS
    const high = now - sent * MICROS_PER_MS
    const drift = (received - (this.#learnedAt ?? received)) * DRIFT
    const isNew = this.#learnedAt === null || low > this.#high + drift || high < this.#low - drift
    // Bounds that contradict those of before: one of the two clocks was set. What is newer holds.
    this.#low = isNew ? low : Math.max(low, this.#low - drift)
    this.#high = isNew ? high : Math.min(high, this.#high + drift)
    this.#learnedAt = received
  }
}

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
