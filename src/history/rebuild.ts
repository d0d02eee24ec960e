import { pause } from '../coordinator/past.ts'
import {
  InterlockError,
  isInterlockError,
  projectionOf,
  type RecordedEvent,
  Replayer,
} from '../core/index.ts'
import { type Access, type Opened, opened, telling } from './access.ts'
import { firstLedger, noteCut } from './fold.ts'
import { trustFiles } from './fold-files.ts'
import { eachEvent } from './read-log.ts'

/** What `rebuild` gives: the document that `interlock rebuild --json` prints. */
export interface Rebuilt {
  readonly version: number
  /** The first event that was replayed; above 1 where those before it are gone, and what they led to was taken from a snapshot. */
  readonly fromSeq: number
  /** How many were replayed. */
  readonly events: number
  /** Rows of the inner projection that were wrong or too many, and rows written in their place. */
  readonly removed: number
  readonly written: number
  /** Rows of the user's tables that were written. */
  readonly outer: number
}

/** A queue so busy that its lock does not come free for a minute is waited for no longer. */
const MOST_TRIES = 30
const PAUSE_MS = 2_000
const OUTER_BATCH = 5_000

/**
 * Makes every projection again from the log: the inner one in one transaction under the queue's lock, then the user's
 * tables, as far as they can be written. Safe while workers run: what they append meanwhile is folded before the rows are
 * computed. Files that were put in front of the log are checked before anything is written.
 * @throws InterlockError `corrupt_log`, `unknown_event`: nothing was written; `contention`
 */
export async function rebuild(given: Access): Promise<Rebuilt> {
  const access = opened(given)
  const inner = await rebuildInner(access)
  const outer = await rebuildOuter(access)
  noteCut(access, inner.fromSeq - 1)
  return { ...inner, outer }
}

async function rebuildInner(access: Opened) {
  const { store, queue, signal, files } = access
  const begun = files === undefined ? null : await trustFiles(access, files)
  const first = begun?.ledger ?? (await firstLedger(access))
  const fromSeq = begun?.fromSeq ?? first.version + 1
  const replayer = new Replayer(first)
  let folded = first.version
  const see = (event: RecordedEvent) => {
    // Events that a lost try has folded already come again.
    if (event.seq <= folded) return
    replayer.push(event)
    folded = event.seq
  }
  for (let tries = 1; ; tries++) {
    await eachEvent(access, 'replayed', see, { after: folded })
    try {
      const answer = await store.rebuild(queue, folded, ({ missed }) => {
        for (const event of missed) see(event)
        return projectionOf(replayer.ledger())
      })
      if (answer.ok) {
        const { version, removed, written } = answer
        return { version, fromSeq, events: version - fromSeq + 1, removed, written }
      }
    } catch (error) {
      if (!isInterlockError(error, 'contention') || tries === MOST_TRIES) throw error
      await pause(PAUSE_MS, signal)
    }
    signal.throwIfAborted()
    if (tries === MOST_TRIES) {
      throw new InterlockError(
        'contention',
        'the log grew faster than it was folded; rebuild when the queue is calmer',
      )
    }
  }
}

/** Follows the whole log once more into the user's tables. Rows that are locked are set aside, for the process that runs next. */
async function rebuildOuter(access: Opened): Promise<number> {
  const { store, queue, signal } = access
  const first = await store.project(queue, 1)
  if (first.targets === 0) return 0
  await store.reproject(queue)
  const progress = telling(access, "followed into the user's tables", first.version)
  let written = 0
  try {
    for (let busy = 0; busy < MOST_TRIES; ) {
      const step = await store.project(queue, OUTER_BATCH)
      written += step.written
      progress.update(step.projectedSeq)
      signal.throwIfAborted()
      if (step.projectedSeq >= step.version) return written
      if (step.busy) await pause((PAUSE_MS * ++busy) / MOST_TRIES, signal)
    }
  } finally {
    progress.stop()
  }
  access.onNote("the user's tables are locked or another process writes them; it goes on there by itself")
  return written
}
