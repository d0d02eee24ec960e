import type { News } from '../../store/index.ts'

/** The most news that are kept. A process further behind reads the log. */
const MOST_NEWS = 32

/**
 * Appends that this process was told of and has not folded yet. They are hints, not the truth: they are folded only if they
 * continue exactly from the version it knows, and anything missing is read from the log.
 */
export class HeardNews {
  readonly #byAfter = new Map<number, News>()

  /** @param known the version up to which the log is folded; older news are dropped */
  hear(news: News | undefined, known: number): void {
    if (news === undefined) return
    for (const [after, { version }] of this.#byAfter) if (version <= known) this.#byAfter.delete(after)
    const longest = Math.max(known, this.#byAfter.get(news.after)?.version ?? 0)
    if (news.version > longest && this.#byAfter.size < MOST_NEWS) this.#byAfter.set(news.after, news)
  }

  /** Takes the news that continue this version, if there are any. @throws InterlockError if they are not a list of events */
  after(version: number): News | undefined {
    const exact = this.#byAfter.get(version)
    if (exact !== undefined) {
      this.#byAfter.delete(version)
      return exact
    }
    const [after, news] =
      [...this.#byAfter].find(([start, each]) => start < version && each.version > version) ?? []
    if (after === undefined || news === undefined) return undefined
    this.#byAfter.delete(after)
    return restOf(news, version)
  }
}

/** The news beyond a version in the midst of them, such as that of an append of the reader's own. */
function restOf({ after, events, ...news }: News, known: number): News | undefined {
  const all = events()
  const last = all[known - after - 1]
  if (last?.seq !== known) return undefined
  return { ...news, after: known, at: last.at, events: () => all.slice(known - after) }
}
