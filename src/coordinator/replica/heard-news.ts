import type { News } from '../../port/index.ts'

/** The most that are kept. A process further behind reads the log. */
const MOST = 32

/**
 * Appends that this process was told of and has not folded yet. They are hints, not the truth: they are folded only if they
 * continue exactly from the version it knows, and anything missing is read from the log.
 */
export class HeardNews {
  readonly #byAfter = new Map<number, News>()

  /** @param known the version up to which the log is folded; older news are dropped */
  hear(news: News | undefined, known: number): void {
    if (news === undefined) return
    for (const after of this.#byAfter.keys()) if (after < known) this.#byAfter.delete(after)
    if (news.after >= known && this.#byAfter.size < MOST) this.#byAfter.set(news.after, news)
  }

  /** Takes the news that continue this version, if there are any. */
  after(version: number): News | undefined {
    const news = this.#byAfter.get(version)
    this.#byAfter.delete(version)
    return news
  }
}
