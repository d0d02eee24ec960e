import { MICROS_PER_MS, type Micros } from '../../engine/core/index.ts'
import type { StoreClock } from '../../engine/store/index.ts'

interface HandTimer {
  readonly at: Micros
  readonly callBack: () => void
}

/** A clock that stands still until somebody sets it. */
export class HandClock implements StoreClock {
  #now: Micros
  readonly #timers = new Set<HandTimer>()

  constructor(now: Micros) {
    this.#now = now
  }

  now(): Micros {
    return this.#now
  }

  after(ms: number, callBack: () => void): () => void {
    const timer = { at: this.#now + Math.round(ms * MICROS_PER_MS), callBack }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** The next time that somebody waits for. */
  get next(): Micros | undefined {
    let first: Micros | undefined
    for (const { at } of this.#timers) if (first === undefined || at < first) first = at
    return first
  }

  /** Sets it, and calls back all whose time has come, in order. It never goes back. */
  set(now: Micros): void {
    this.#now = Math.max(this.#now, now)
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).toSorted((a, b) => a.at - b.at)
    for (const timer of due) if (this.#timers.delete(timer)) timer.callBack()
  }
}
