import { MICROS_PER_MS, type Micros } from '../core/index.ts'

/**
 * The database's clock, as far as this process can tell: its own monotonic clock plus the difference seen in the last
 * answer. A wall clock that jumps changes nothing, and the store refuses an append whose times are more than a second off.
 */
export class DatabaseClock {
  #offset: Micros
  readonly #monotonic: () => number

  /** @param monotonic milliseconds that never go back */
  constructor(monotonic: () => number = () => performance.now(), wall: () => number = Date.now) {
    this.#monotonic = monotonic
    this.#offset = wall() * MICROS_PER_MS - monotonic() * MICROS_PER_MS
  }

  now(): Micros {
    return Math.round(this.#monotonic() * MICROS_PER_MS + this.#offset)
  }

  /** Milliseconds on this process's monotonic clock: to be taken before a call, and given to {@link sync} after it. */
  mark(): number {
    return this.#monotonic()
  }

  /** The store said `now` in the answer to a call that was sent at `sent`: half of the way there, half back. */
  sync(now: Micros, sent: number): void {
    const middle = (sent + this.#monotonic()) / 2
    this.#offset = now - middle * MICROS_PER_MS
  }
}
