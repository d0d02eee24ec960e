interface Waiting {
  readonly rank: number
  readonly go: () => void
}

/**
 * Lets this process have one mutating call under way at a time: the user's front end needs the API's ten connections too. The
 * lowest rank goes first.
 */
export class Lane {
  readonly #waiting: Waiting[] = []
  #busy = false

  async run<Out>(rank: number, work: () => Promise<Out>): Promise<Out> {
    if (this.#busy) await new Promise<void>((go) => this.#waiting.push({ rank, go }))
    this.#busy = true
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** It stays busy while the next one takes over, so that no other call gets in between. */
  #next(): void {
    const first = this.#waiting.reduce<Waiting | undefined>(
      (best, each) => (best === undefined || each.rank < best.rank ? each : best),
      undefined,
    )
    if (first === undefined) {
      this.#busy = false
      return
    }
    this.#waiting.splice(this.#waiting.indexOf(first), 1)
    first.go()
  }
}
