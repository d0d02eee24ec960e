import { ContentionWindow } from '../base/contention-window.ts'

/** Who has taken something in since the last message, as far as this process knows. */
export type Taker = 'nobody' | 'this' | 'another'

/**
 * When this process looks for what came in beside the log. A message about it reaches all processes at once, and one takes in
 * everything. Where each call has its price, those that found nothing because another one was faster let others look first, and do
 * not look if the log shows meanwhile that one has taken something in. If that one dies, a heartbeat tells of the rest.
 */
export class FirstLook {
  readonly look: () => void
  takenBy: Taker = 'nobody'
  readonly #window: ContentionWindow | undefined
  #timer: NodeJS.Timeout | undefined
  /** The look under way was made because a message had come. */
  #isAnswer = false
  /** When it was made, by `performance.now()`, and how long it took. */
  #madeAt = 0
  #tookMs = 0
  /** The look for the last message found nothing. */
  #foundNothing = false

  /** @param isFrugal each call has its price; otherwise it looks whenever it hears of something */
  constructor(isFrugal: boolean, look: () => void) {
    this.#window = isFrugal ? new ContentionWindow() : undefined
    this.look = look
  }

  /** A message has come. */
  hear(): void {
    this.#foundNothing = false
    const ms = this.#window?.delayMs() ?? 0
    if (ms === 0) this.#answer()
    else this.#timer ??= setTimeout(() => this.#answer(), ms).unref()
  }

  /** The log shows that a process has taken something in. If it was this one, {@link looked} follows. */
  seeTaken(): void {
    this.takenBy = 'another'
    if (this.#foundNothing) this.#lose()
    this.close()
  }

  /** A look has ended. */
  looked(found: boolean): void {
    if (found) this.takenBy = 'this'
    if (!this.#isAnswer) return
    this.#isAnswer = false
    this.#tookMs = performance.now() - this.#madeAt
    if (found) this.#window?.won()
    else if (this.takenBy === 'another') this.#lose()
    else this.#foundNothing = true
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #lose(): void {
    this.#foundNothing = false
    this.#window?.lost(this.#tookMs)
  }

  #answer(): void {
    this.#timer = undefined
    this.#isAnswer = true
    this.#madeAt = performance.now()
    this.look()
  }
}
