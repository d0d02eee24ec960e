import { type Ledger, MICROS_PER_MS, type Micros } from '../core/index.ts'

/** `setTimeout` counts in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1

/** When something becomes true by the passing of time alone: a job is due, or its waiting runs out. */
export function nextTickAt(ledger: Ledger): Micros | undefined {
  const due = ledger.undue.min()?.at
  const expiry = ledger.expiring.min()?.at
  if (due === undefined || expiry === undefined) return due ?? expiry
  return Math.min(due, expiry)
}

/** One timer, set to the next time at which there is something to record. */
export class TickTimer {
  #timer: NodeJS.Timeout | undefined
  #at: Micros | undefined
  readonly #now: () => Micros
  readonly #onTick: () => void

  constructor(now: () => Micros, onTick: () => void) {
    this.#now = now
    this.#onTick = onTick
  }

  /** A few milliseconds of jitter, so that many processes do not all record the same. */
  set(at: Micros | undefined): void {
    if (at === this.#at) return
    this.clear()
    this.#at = at
    if (at === undefined) return
    const ms = Math.max(0, (at - this.#now()) / MICROS_PER_MS) + 1 + Math.random() * 5
    this.#timer = setTimeout(() => this.#fire(), Math.min(ms, LONGEST_MS)).unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = undefined
  }

  #fire(): void {
    this.#at = undefined
    this.#onTick()
  }
}
