/** How long a reader goes on without viewers, so that a reloaded page has its data at once. */
const LINGER_MS = 10_000

/** Runs while there are viewers, and a while longer. */
export class Attendance {
  readonly #run: (signal: AbortSignal) => Promise<void>
  #present = 0
  #going: { readonly end: AbortController; readonly done: Promise<void> } | null = null
  #lingering: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(run: (signal: AbortSignal) => Promise<void>) {
    this.#run = run
  }

  /** A viewer has come. @returns what to call when it leaves */
  enter(): () => void {
    this.#present++
    clearTimeout(this.#lingering)
    if (this.#going === null && !this.#isClosed) {
      const end = new AbortController()
      this.#going = { end, done: this.#run(end.signal) }
    }
    let isHere = true
    return () => {
      if (isHere) this.#leave()
      isHere = false
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#stop()
  }

  #leave(): void {
    if (--this.#present > 0 || this.#isClosed) return
    this.#lingering = setTimeout(() => void this.#stop(), LINGER_MS)
    this.#lingering.unref()
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#lingering)
    const last = this.#going
    this.#going = null
    last?.end.abort()
    await last?.done
  }
}
