/** How many tries may follow one another within the window. The most leave a few processes of 16 that try before they hear of the first. */
const LEAST = 4
const MOST = 16

/**
 * How long a process waits before it tries for what others try for as well: at random within a window that doubles when another
 * one was faster, and halves when this one was. So processes that lose leave the next try to the one that wins, and none waits
 * that is alone. (The contention window of CSMA/CA, IEEE 802.11.) It is a multiple of what a try takes here and now.
 */
export class ContentionWindow {
  #ms = 0
  #leastMs = 0

  /** Milliseconds to wait before the next try; 0 for a process that has not lost lately. */
  delayMs(chance: () => number = Math.random): number {
    return chance() * this.#ms
  }

  /** Another process was faster. @param tookMs how long the try took that came to nothing */
  lost(tookMs: number): void {
    this.#leastMs = LEAST * tookMs
    this.#ms = Math.min(MOST * tookMs, Math.max(this.#leastMs, 2 * this.#ms))
  }

  /** This process was the first. */
  won(): void {
    this.#ms = this.#ms > this.#leastMs ? this.#ms / 2 : 0
  }
}
