import { MICROS_PER_MS, type Micros } from '../../core/index.ts'

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
