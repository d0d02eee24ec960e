import { pause } from '../../coordinator/base/backoff.ts'
import {
  InterlockError,
  isInterlockError,
  projectionOf,
  type RecordedEvent,
  Replayer,
} from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { eachEvent } from '../read-log.ts'
import { progressOf } from '../terminal/progress.ts'
import type { FromArchive } from './archive-file.ts'
import { firstLedger } from './fold.ts'
import { trustFiles } from './fold-files.ts'

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
 * Makes every projection anew from the log: the inner one in one transaction under the queue's lock, then the user's
 * tables, as far as they can be written. Safe while workers run: what they append meanwhile is folded before the rows are
 * computed. Files that were put in front of the log are checked before anything is written.
 * @throws InterlockError `corrupt_log`, `unknown_event`: nothing was written; `contention`
 */
export async function rebuild(
  frame: Frame,
  store: LogStore,
  files: FromArchive | null = null,
): Promise<Rebuilt> {
  const inner = await rebuildInner(frame, store, files)
  return { ...inner, outer: await rebuildOuter(frame, store) }
}

async function rebuildInner(frame: Frame, store: LogStore, files: FromArchive | null) {
  const begun = files === null ? null : await trustFiles(frame, store, files)
  const first = begun?.ledger ?? (await firstLedger(frame, store))
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
    await eachEvent(frame, store, 'replayed', see, { after: folded })
    try {
      const answer = await store.rebuild(frame.queue, folded, ({ missed }) => {
        for (const event of missed) see(event)
        return projectionOf(replayer.ledger())
      })
      if (answer.ok) {
        const { version, removed, written } = answer
        return { version, fromSeq, events: version - fromSeq + 1, removed, written }
      }
    } catch (error) {
      if (!isInterlockError(error, 'contention') || tries === MOST_TRIES) throw error
      await pause(PAUSE_MS, frame.signal)
    }
    frame.signal.throwIfAborted()
    if (tries === MOST_TRIES) {
      throw new InterlockError(
        'contention',
        'the log grew faster than it was folded; rebuild when the queue is calmer',
      )
    }
  }
}

/** Follows the whole log once more into the user's tables. Rows that are locked are set aside, for whoever runs next. */
async function rebuildOuter(frame: Frame, store: LogStore): Promise<number> {
  const first = await store.project(frame.queue, 1)
  if (first.targets === 0) return 0
  await store.reproject(frame.queue)
  const progress = progressOf(frame, "followed into the user's tables", first.version)
  let written = 0
  try {
    for (let busy = 0; busy < MOST_TRIES; ) {
      const step = await store.project(frame.queue, OUTER_BATCH)
      written += step.written
      progress.update(step.projectedSeq)
      frame.signal.throwIfAborted()
      if (step.projectedSeq >= step.version) return written
      if (step.busy) await pause((PAUSE_MS * ++busy) / MOST_TRIES, frame.signal)
    }
  } finally {
    progress.stop()
  }
  frame.note("the user's tables are locked or another process writes them; it goes on there by itself")
  return written
}
