/** In milliseconds. From a few requests on the way to what 16 processes need to go one after the other. */
const LEAST = 200
const MOST = 400

/**
 * How long a process waits before it tries for what others try for as well: at random within a window that doubles when another
 * one was faster, and halves when this one was. So processes that lose leave the next try to the one that wins, and none waits
 * that is alone. (The contention window of CSMA/CA, IEEE 802.11.)
 */
export class ContentionWindow {
  #ms = 0

  /** Milliseconds to wait before the next try; 0 for a process that has not lost lately. */
  delayMs(chance: () => number = Math.random): number {
    return chance() * this.#ms
  }

  /** Another process was faster. */
  lost(): void {
    this.#ms = Math.min(MOST, Math.max(LEAST, 2 * this.#ms))
  }

  /** This process was the first. */
  won(): void {
    this.#ms = this.#ms > LEAST ? this.#ms / 2 : 0
  }
}
