/** A call that has had no answer for so long hangs, in milliseconds: an append takes some, a wait for the queue's lock 2 s at most. */
const HANG_MS = 1_000
/** How often calls are looked at while there are some. */
const LOOK_MS = 500

/**
 * Notices calls that hang although their server lives. It may have been replaced and not know: a primary whose standby was promoted elsewhere
 * takes every command, and its commits wait for that standby for ever.
 */
export class HangWatch {
  readonly #onHang: () => void
  /** When the calls under way began, the first one first. */
  readonly #calls = new Set<{ readonly began: number }>()
  #timer: NodeJS.Timeout | undefined

  /** @param onHang called at each look while a call hangs */
  constructor(onHang: () => void) {
    this.#onHang = onHang
  }

  async during<Out>(work: () => Promise<Out>): Promise<Out> {
    const call = { began: performance.now() }
    this.#calls.add(call)
    this.#lookLater()
    try {
      return await work()
    } finally {
      this.#calls.delete(call)
    }
  }

  #lookLater(): void {
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  #look(): void {
    this.#timer = undefined
    const [first] = this.#calls
    if (first === undefined) return
    if (performance.now() - first.began >= HANG_MS) this.#onHang()
    this.#lookLater()
  }
}
