import { setTimeout as sleep } from 'node:timers/promises'
import { MICROS_PER_MS, type Micros } from '../../engine/core/index.ts'
import type { Frame } from './frame.ts'

/** A night in which nothing happened is not worth watching. */
const LONGEST_PAUSE_MS = 2_000

/** Plays events with the pauses that they had. */
export class Pace {
  readonly #signal: AbortSignal
  readonly #speed: number
  #before: Micros

  /**
   * @param speed how many times faster than it happened; 0: without pauses
   * @param before the time of the last event that is shown at once; 0: there is none
   */
  constructor({ signal }: Frame, speed: number, before: Micros) {
    this.#signal = signal
    this.#speed = speed
    this.#before = before
  }

  /** Waits for this event's turn, at most 2 s. Ends early, without an error, at Ctrl-C. */
  async until(at: Micros): Promise<void> {
    const apart =
      this.#before === 0 || this.#speed === 0 ? 0 : (at - this.#before) / MICROS_PER_MS / this.#speed
    this.#before = at
    if (apart < 1 || this.#signal.aborted) return
    await sleep(Math.min(apart, LONGEST_PAUSE_MS), undefined, { signal: this.#signal }).catch(
      (error: unknown) => {
        if (!this.#signal.aborted) throw error
      },
    )
  }
}
