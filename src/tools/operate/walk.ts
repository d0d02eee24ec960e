/** A walk from page to page folds the queue once: what one page leaves, the next one goes on from. */
import { isInterlockError, type Ledger, Replayer } from '../../engine/core/index.ts'
import { type LogStore, pagesAfter } from '../../engine/store/index.ts'
import { type Opened, openedBy } from '../history/access.ts'
import { ledgerAt } from '../history/index.ts'

/** How long a page waits for the next one, in milliseconds. It holds all waiting jobs in memory. */
const KEPT_MS = 10_000

interface Kept {
  readonly ledger: Ledger
  readonly timer: NodeJS.Timeout
}

const kept = new WeakMap<LogStore, Map<string, Kept>>()

/** Keeps the queue, as a page has shown it, for the next page. */
export function keepForNext({ store, queue }: Opened, ledger: Ledger): void {
  const ofStore = kept.get(store) ?? new Map<string, Kept>()
  kept.set(store, ofStore)
  clearTimeout(ofStore.get(queue)?.timer)
  const timer = setTimeout(() => ofStore.delete(queue), KEPT_MS).unref()
  ofStore.set(queue, { ledger, timer })
}

/** The access of a page that is not the first: it reads only what has come since the page before, if that is kept. */
export function goingOn(access: Opened): Opened {
  const known = kept.get(access.store)?.get(access.queue)?.ledger
  if (known === undefined || access.ledger !== undefined) return access
  return openedBy(access, () => readOn(access, known))
}

/** In a log that was restored, or cut beyond what is known, it begins anew. */
async function readOn(access: Opened, from: Ledger): Promise<Ledger> {
  const { store, queue, signal } = access
  try {
    const replayer = new Replayer(from)
    let isNew = false
    for await (const { events } of pagesAfter(store, queue, from.version, { known: { at: from.lastAt } })) {
      for (const event of events) replayer.push(event)
      isNew ||= events.length > 0
      signal.throwIfAborted()
    }
    return isNew ? replayer.ledger() : from
  } catch (error) {
    if (!isInterlockError(error, 'log_went_back') && !isInterlockError(error, 'archived')) throw error
    return ledgerAt(access, (await store.rows(queue, 0, 1)).version)
  }
}
