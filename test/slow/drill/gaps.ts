/** The longest time between two events, in milliseconds. */
export class Gaps {
  #longest = 0
  #lastAt = performance.now()

  mark(): void {
    const now = performance.now()
    this.#longest = Math.max(this.#longest, now - this.#lastAt)
    this.#lastAt = now
  }

  /** Since this was last asked. */
  take(): number {
    const gap = this.#longest
    this.#longest = 0
    return gap
  }
}
