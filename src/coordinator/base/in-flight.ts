import { pause } from './backoff.ts'

/** Work under way that somebody will want to see finished. */
export class Errands {
  readonly #underWay = new Set<Promise<unknown>>()

  add<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    const end = () => this.#underWay.delete(work)
    work.then(end, end)
    return work
  }

  /** Resolves when nothing is under way any more, also of what comes meanwhile; after `mostMs` in any case. */
  async done(mostMs: number): Promise<void> {
    const late = new AbortController()
    await Promise.race([this.#all(), pause(mostMs, late.signal)])
    late.abort()
  }

  async #all(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }
}
