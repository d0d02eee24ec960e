/** Nothing is said of what is quicker. */
const QUIET_MS = 2_000
const LINE_EVERY_MS = 5_000

/** Says on standard error what is under way: in one line that changes on a terminal, else in a line every 5 s. */
export class Progress {
  readonly #out = process.stderr
  #startedAt = performance.now()
  #saidAt = Number.NEGATIVE_INFINITY
  #what = ''

  /** What is done from now on. */
  readonly show = (what: string): void => {
    this.#what = what
    const now = performance.now()
    if (now - this.#startedAt < QUIET_MS) return
    if (this.#out.isTTY) this.#out.write(`\r\u001b[K${what}`)
    else if (now - this.#saidAt >= LINE_EVERY_MS) this.#out.write(`${what}\n`)
    else return
    this.#saidAt = now
  }

  /** A piece of work that is not told about in between: said again every 5 s. Ends with `clear`. */
  start(what: string): void {
    this.#startedAt = performance.now()
    this.#what = what
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.show(this.#what), LINE_EVERY_MS).unref()
  }
  #timer: NodeJS.Timeout | undefined

  clear(): void {
    clearInterval(this.#timer)
    if (this.#out.isTTY && this.#saidAt > 0) this.#out.write('\r\u001b[K')
  }
}
