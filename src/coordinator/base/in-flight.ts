import { pause } from './backoff.ts'

/** Work under way that somebody will want to see finished. */
export class InFlight {
  readonly #works = new Set<Promise<unknown>>()

  add<T>(work: Promise<T>): Promise<T> {
    this.#works.add(work)
    const end = () => this.#works.delete(work)
    work.then(end, end)
    return work
  }

  /** Resolves when nothing is under way any more, also of what comes meanwhile; however it ended. */
  async done(): Promise<void> {
    while (this.#works.size > 0) await Promise.allSettled(this.#works)
  }

  /** The same, after `mostMs` in any case. */
  async doneWithin(mostMs: number): Promise<void> {
    const late = new AbortController()
    await Promise.race([this.done(), pause(mostMs, late.signal)])
    late.abort()
  }
}
