/** A process whose handlers do little sends its next commands so soon after it was answered, in milliseconds. */
const SOON_MS = 1
/** How long the next append waits for them. A second append would take longer. */
const WAIT_MS = 2
/** What a reply counts as that did not come by then, or came much later: long replies are forgotten after some short ones. */
const LATE_MS = 3
const MOST_MS = 20
/** The share of the newest reply in what is usual. */
const NEWEST = 0.2

/**
 * Lets several processes share an append. Handlers that do little end their jobs a moment after an append has started them, in all
 * processes that are told of it; without a pause each process would have an append of its own.
 */
export class Replies {
  /** How soon after an answer each process sends its next commands, as it says itself, in milliseconds. */
  readonly #usual = new Map<string, number>()
  /** Processes that were answered, and have sent nothing since. */
  readonly #awaited = new Set<string>()
  #onHeard: () => void = () => {}

  answered(senders: Iterable<string>): void {
    for (const sender of senders) this.#awaited.add(sender)
  }

  /** @param afterMs how long after it was answered it has sent something */
  heard(sender: string, afterMs: number): void {
    this.#note(sender, afterMs)
    this.#awaited.delete(sender)
    if (this.#isOver) this.#onHeard()
  }

  /** Resolves when the processes that reply soon have done so, and soon in any case. */
  async soon(): Promise<void> {
    if (this.#isOver) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onHeard = resolve
    const timer = setTimeout(() => this.#giveUp(), WAIT_MS)
    await promise
    clearTimeout(timer)
  }

  /** Another process decides from now on. */
  forget(): void {
    this.#awaited.clear()
    this.#usual.clear()
  }

  get #isOver(): boolean {
    return this.#quick.length === 0
  }

  /** Those that are awaited and worth it. */
  get #quick(): readonly string[] {
    return [...this.#awaited].filter((sender) => (this.#usual.get(sender) ?? MOST_MS) <= SOON_MS)
  }

  #giveUp(): void {
    for (const sender of this.#quick) {
      this.#awaited.delete(sender)
      this.#note(sender, LATE_MS)
    }
    this.#onHeard()
  }

  #note(sender: string, ms: number): void {
    const newest = Math.min(ms, MOST_MS)
    const usual = this.#usual.get(sender) ?? newest
    this.#usual.set(sender, usual + NEWEST * (newest - usual))
  }
}
