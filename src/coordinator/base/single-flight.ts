/**
 * One piece of work that never runs twice at once. If it is asked for while it runs, it is done once more, so that nothing that
 * came after it began is missed, however many ask.
 */
export class SingleFlight {
  readonly #work: () => Promise<void>
  readonly #onError: (error: unknown) => void
  #run: Promise<void> | undefined
  #isWanted = false
  #isClosed = false

  /** @param onError told what the work throws; what was asked for meanwhile is dropped then, and has to be asked for again */
  constructor(work: () => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work
    this.#onError = onError
  }

  get isRunning(): boolean {
    return this.#run !== undefined
  }

  /** Runs it at once, or once more when it has ended. Resolves when nothing is to be done any more. */
  request(): Promise<void> {
    this.#isWanted = !this.#isClosed
    if (this.#run !== undefined) return this.#run
    // Known before the work begins, which may ask again at once.
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#run = promise
    void this.#runAll().then(resolve)
    return promise
  }

  /** The run that is under way, or one that begins now. */
  join(): Promise<void> {
    return this.#run ?? this.request()
  }

  /** Resolves when it does not run. */
  async idle(): Promise<void> {
    while (this.#run !== undefined) await this.#run
  }

  /** It runs no more. Resolves when the present run has ended. */
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
      // In the same turn as the last look at what is wanted: nobody can ask in between.
      this.#run = undefined
    }
  }
}
