import type { LogPage, LogStore } from '../../../engine/store/index.ts'

/** Pages that are kept, of some 200 KB each. */
const MOST = 24

/** Pages of a log for all viewers. */
export interface Pages {
  /** As the store returns them. A full page never changes, so it is read once. */
  read(after: number, limit: number): Promise<LogPage>
  /** The log is another one: drops all pages. */
  clear(): void
}

export function pagesOf(store: Pick<LogStore, 'read'>, queue: string): Pages {
  const kept = new Map<string, Promise<LogPage>>()
  return {
    read: (after, limit) => {
      const key = `${after}:${limit}`
      const known = kept.get(key)
      if (known !== undefined) {
        // The page used last is dropped last.
        kept.delete(key)
        kept.set(key, known)
        return known
      }
      const asked = store.read(queue, after, limit)
      kept.set(key, asked)
      const forget = () => {
        if (kept.get(key) === asked) kept.delete(key)
      }
      asked.then(({ events }) => {
        if (events.length < limit) forget()
        const [oldest] = kept.keys()
        if (kept.size > MOST && oldest !== undefined) kept.delete(oldest)
      }, forget)
      return asked
    },
    clear: () => kept.clear(),
  }
}
