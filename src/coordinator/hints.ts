import { type Observable, Subject } from 'rxjs'

/** How long, and half as long again on average, a process without a free slot leaves rows that arrived to others. */
const FULL_MS = 1_000

/** Tells the workers of this process when to look for jobs (`wake$`), and for rows that have arrived (`intake$`). */
export class Hints {
  readonly #wake = new Subject<void>()
  readonly #intake = new Subject<void>()
  #intakeLater: NodeJS.Timeout | undefined

  get wake$(): Observable<void> {
    return this.#wake.asObservable()
  }

  get intake$(): Observable<void> {
    return this.#intake.asObservable()
  }

  /** Something may have become startable. */
  wake(): void {
    this.#wake.next()
  }

  /** Rows may have arrived. */
  takeIn(): void {
    this.#intake.next()
  }

  /** The same for a process that has no slot for them: others may be faster. */
  takeInLater(): void {
    this.#intakeLater ??= setTimeout(() => this.#takeInNow(), FULL_MS * (1 + Math.random())).unref()
  }

  /** There is a slot: what was left to others for a while is looked for at once. */
  freed(): void {
    if (this.#intakeLater !== undefined) this.#takeInNow()
  }

  /** What was left to others stays with them. */
  pause(): void {
    clearTimeout(this.#intakeLater)
  }

  complete(): void {
    this.#wake.complete()
    this.#intake.complete()
  }

  #takeInNow(): void {
    clearTimeout(this.#intakeLater)
    this.#intakeLater = undefined
    this.#intake.next()
  }
}
