import type { LogStore } from '../../engine/store/index.ts'

/** Rings when a log may have grown. A ring while nobody waits is kept. */
export class Bell {
  readonly #store: Pick<LogStore, 'listen'>
  readonly #queue: string
  readonly #signal: AbortSignal
  readonly #ring = () => {
    this.#hasRung = true
    this.#wake()
  }
  #stop: (() => Promise<void>) | null = null
  #hasRung = false
  #wake = () => {}

  /** @param signal it rings when this fires, and nobody waits any more */
  constructor(store: Pick<LogStore, 'listen'>, queue: string, signal: AbortSignal) {
    this.#store = store
    this.#queue = queue
    this.#signal = signal
    signal.addEventListener('abort', this.#ring)
  }

  /** From now on. You may call it again. @throws what the store throws */
  async listen(): Promise<void> {
    this.#stop ??= await this.#store.listen(this.#queue, this.#ring)
  }

  clear(): void {
    this.#hasRung = false
  }

  /** Resolves when it rings, or after a time in milliseconds: a ring may be lost. */
  woken(ms: number): Promise<void> {
    if (this.#hasRung || this.#signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#ring)
    await this.#stop?.()
  }
}
