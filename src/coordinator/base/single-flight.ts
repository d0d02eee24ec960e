/**
 * One piece of work that never runs twice at once. If it is requested while it runs, it runs once more: nothing that came after
 * it began is missed, however many ask.
 */
export class SingleFlight {
  readonly #work: () => Promise<void>
  readonly #onError: (error: unknown) => void
  #run: Promise<void> | undefined
  #isWanted = false
  #isClosed = false

  /** @param onError gets the errors of the work; requests that came meanwhile are then dropped, and have to be made again */
  constructor(work: () => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work
    this.#onError = onError
  }

  get isRunning(): boolean {
    return this.#run !== undefined
  }

  /** Runs the work at once, or once more when the current run has ended. Resolves when nothing is left to do. */
  request(): Promise<void> {
    this.#isWanted = !this.#isClosed
    if (this.#run !== undefined) return this.#run
    // Set before the work begins, since the work may request again at once.
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#run = promise
    void this.#runAll().then(resolve)
    return promise
  }

  /** The current run, or one that begins now. */
  join(): Promise<void> {
    return this.#run ?? this.request()
  }

  /** Resolves when it does not run. */
  async idle(): Promise<void> {
    while (this.#run !== undefined) await this.#run
  }

  /** No more runs. Resolves when the current run has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#isWanted = false
    await this.#run
  }

  async #runAll(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false
        await this.#work()
      }
    } catch (error) {
      this.#isWanted = false
      this.#onError(error)
    } finally {
      // In the same turn as the last check for requests, so that none comes in between.
      this.#run = undefined
    }
  }
}
