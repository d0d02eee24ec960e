import type { News } from '../../port/index.ts'

/** More than this are not kept: who is so far behind reads. */
const MOST = 32

/**
 * What a process was told of appends before it has folded them. No truth: it is folded only where it goes on exactly from what is known,
 * and what is missing is read.
 */
export class HeardNews {
  readonly #byAfter = new Map<number, News>()

  /** @param known how far the log is folded: what is older is of no use, and goes */
  hear(news: News | undefined, known: number): void {
    if (news === undefined) return
    for (const after of this.#byAfter.keys()) if (after < known) this.#byAfter.delete(after)
    if (news.after >= known && this.#byAfter.size < MOST) this.#byAfter.set(news.after, news)
  }

  /** Takes what follows this version, if it was told. */
  after(version: number): News | undefined {
    const news = this.#byAfter.get(version)
    this.#byAfter.delete(version)
    return news
  }
}
