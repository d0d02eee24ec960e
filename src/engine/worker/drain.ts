import type { InFlight } from '../coordinator/base/concurrency.ts'
import { after } from '../coordinator/base/timer.ts'
import type { DrainReport } from './api.ts'

/** How long reporting the ends of attempts may take after a drain's deadline and the time to stop, in milliseconds. */
const TELL_MS = 2_000

/** The end of a worker's work: until when it waits for the attempts that run, and what came of them. */
export class Drain {
  readonly #underWay: InFlight
  readonly #counts = { finished: 0, givenBack: 0 }
  #hasBegun = false
  /** When running attempts are told to stop, by the monotonic clock. */
  #deadline = Number.POSITIVE_INFINITY
  readonly #givenUp = new AbortController()
  #callOffNext: () => void = () => {}

  constructor(underWay: InFlight) {
    this.#underWay = underWay
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Fires when it no longer waits for anything. */
  get givenUp(): AbortSignal {
    return this.#givenUp.signal
  }

  get report(): DrainReport {
    return { ...this.#counts }
  }

  /** False if it had begun before. */
  begin(): boolean {
    const isFirst = !this.#hasBegun
    this.#hasBegun = true
    return isFirst
  }

  /** An attempt has ended. */
  count(outcome: keyof DrainReport): void {
    if (this.#hasBegun) this.#counts[outcome]++
  }

  /**
   * Resolves when nothing is under way any more, or nobody waits for it. The first deadline of several calls counts.
   * @param stop tells running attempts to stop: they are given back. Without an answer they end with the lease, which runs out by itself
   */
  async settled(timeoutMs: number, stopMs: number, stop: () => void): Promise<void> {
    this.#callOffNext()
    const now = performance.now()
    this.#deadline = Math.min(this.#deadline, now + timeoutMs)
    this.#callOffNext = after(this.#deadline - now, () => {
      stop()
      this.#callOffNext = after(stopMs + TELL_MS, () => this.#givenUp.abort())
    })
    const { signal } = this.#givenUp
    const givenUp = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    if (!signal.aborted) await Promise.race([this.#underWay.done(), givenUp])
    // Attempts that are given up report it first.
    if (signal.aborted) await new Promise((resolve) => setImmediate(resolve))
    this.#callOffNext()
  }
}
