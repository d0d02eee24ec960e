/** Runs one piece of work after the other: the driver wants no question to wait behind another on a connection. */
export class InTurn {
  #last: Promise<void> | undefined

  /** Nothing is under way: what is run now begins at once. */
  get isFree(): boolean {
    return this.#last === undefined
  }

  async run<Out>(work: () => Promise<Out>): Promise<Out> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    if (before !== undefined) await before
    try {
      return await work()
    } finally {
      if (this.#last === promise) this.#last = undefined
      resolve()
    }
  }
}
