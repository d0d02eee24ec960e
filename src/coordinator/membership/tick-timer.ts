import { type Ledger, MICROS_PER_MS, type Micros, nextOpeningAt, nextTickAt } from '../../core/index.ts'
import type { LogView } from '../replica/log-view.ts'

/** `setTimeout` counts in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1

/** How long a tick that changed nothing is not sent again, in milliseconds. */
const RETRY_MS = 100
/** The same while the log is ahead of the clock: some of what it says to be over is not over by the clock. */
const AHEAD_RETRY_MS = 1_000

/**
 * One timer, set to the next time at which there is something to record, or at which somebody may start although nothing
 * is recorded. Of the latter no event tells, so each process looks once when it comes.
 */
export class TickTimer {
  #timer: NodeJS.Timeout | undefined
  #at: Micros | undefined
  #lookedAt: Micros = 0
  readonly #log: Pick<LogView, 'now' | 'isAhead'>
  readonly #onTick: () => void

  constructor(log: Pick<LogView, 'now' | 'isAhead'>, onTick: () => void) {
    this.#log = log
    this.#onTick = onTick
  }

  /** Set to what comes next on this ledger. */
  follow(ledger: Ledger): void {
    const tick = nextTickAt(ledger)
    const opening = nextOpeningAt(ledger, this.#lookedAt)
    this.#set(tick === undefined || (opening !== undefined && opening < tick) ? opening : tick)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = undefined
  }

  /** A few milliseconds of jitter, so that many processes do not all record the same. */
  #set(at: Micros | undefined): void {
    if (at === this.#at) return
    this.clear()
    this.#at = at
    if (at === undefined) return
    const again = this.#log.isAhead ? AHEAD_RETRY_MS : RETRY_MS
    const least = at <= this.#lookedAt ? again : 1
    const ms = Math.max(0, (at - this.#log.now()) / MICROS_PER_MS) + least + Math.random() * 5
    this.#timer = setTimeout(() => this.#fire(), Math.min(ms, LONGEST_MS)).unref()
  }

  #fire(): void {
    this.#at = undefined
    this.#lookedAt = this.#log.now()
    this.#onTick()
  }
}
