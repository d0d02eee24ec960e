/** For how many appends handlers may hold up the event loop before the process counts as busy. */
const APPENDS = 4
/** Of so many appends the fastest counts: the others waited in line. */
const RECENT = 16
/** Timers, and so all that is measured here, are no finer. In milliseconds. */
const TICK_MS = 1

/**
 * The turns of the event loop, which all attempts of a worker share: while one computes, the others, their beats and their ends wait. A
 * process is busy while its handlers hold up the event loop for longer than appends take here and now. Then another process would do the
 * next job sooner.
 */
export class Turns {
  readonly #appendsMs: number[] = []
  /** When the present turn began, as far as attempts have seen it, by `performance.now()`. */
  #began: number | undefined
  /** How long the turns before it were, in all. In milliseconds. */
  #heldMs = 0
  /** Handlers that have not begun, since those before them took long. */
  #waiting = 0

  /**
   * The time by a clock that stands while handlers hold up the event loop, in milliseconds. By any other clock an append would seem as slow
   * as the handlers that compute meanwhile, and what they hold up would never be long beside it.
   */
  get freeMs(): number {
    const now = performance.now()
    return (this.#began ?? now) - this.#heldMs
  }

  /** An append of this worker has taken so long, by `freeMs`. */
  learn(appendMs: number): void {
    this.#appendsMs.push(appendMs)
    if (this.#appendsMs.length > RECENT) this.#appendsMs.shift()
  }

  /** Handlers have held up the event loop for long: the next one waits for the next turn. */
  get isLong(): boolean {
    const now = performance.now()
    if (this.#began === undefined) {
      this.#began = now
      setImmediate(() => this.#over(now))
    }
    return isLong(now - this.#began, this.#appendsMs)
  }

  get isBusy(): boolean {
    return this.#waiting > 0 || this.isLong
  }

  /** Resolves in the turn in which the next handler may begin. */
  async toBegin(): Promise<void> {
    this.#waiting++
    do await nextTurn()
    while (this.isLong)
    this.#waiting--
  }

  /** Resolves when nothing is held up any more. */
  async toRest(): Promise<void> {
    do await nextTurn()
    while (this.isBusy)
  }

  #over(began: number): void {
    this.#heldMs += performance.now() - began
    this.#began = undefined
  }
}

/** @param appendsMs what the last appends took; none: nobody knows what is long here */
export const isLong = (turnMs: number, appendsMs: readonly number[]): boolean =>
  appendsMs.length > 0 && turnMs > APPENDS * Math.max(TICK_MS, Math.min(...appendsMs))

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
