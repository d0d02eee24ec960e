import { pause } from '../../engine/coordinator/base/retry.ts'
import { fold, InterlockError, isInterlockError, type Ledger, projectionAt } from '../../engine/core/index.ts'
import { type Access, type Opened, opened, telling } from './access.ts'
import { compareRows, ROWS } from './compare-rows.ts'
import { firstLedger, foldOn, noteCut } from './fold.ts'
import { trustFiles } from './fold-files.ts'

/** What `rebuild` gives: the document that `interlock rebuild --json` prints. */
export interface Rebuilt {
  /** The version that the rows are at now. */
  readonly version: number
  /** The first event that was replayed. Above 1: those before it are gone, and a snapshot told what they led to. */
  readonly fromSeq: number
  /** How many events were replayed. */
  readonly events: number
  /** Rows of Interlock's own that were wrong or too many. */
  readonly removed: number
  /** Rows of Interlock's own that were written. */
  readonly written: number
  /** Rows of your own tables that were written. */
  readonly outer: number
}

/** About a minute of waiting for the lock of a busy queue. */
const MOST_TRIES = 30
const PAUSE_MS = 2_000
const OUTER_BATCH = 5_000

/**
 * Makes every projection again from the log: the inner one, then your own tables as far as they can be written. Rows are compared
 * page by page. Wrong ones are written in parts, each in one transaction under the queue's lock. Safe while workers run: what
 * they append meanwhile is folded first. Archive files are checked before anything is written.
 * @throws InterlockError `corrupt_log`, `unknown_event`: nothing was written; `contention`
 */
export async function rebuild(given: Access): Promise<Rebuilt> {
  const access = opened(given)
  const inner = await rebuildInner(access)
  const outer = await rebuildOuter(access)
  noteCut(access, inner.fromSeq - 1)
  return { ...inner, outer }
}

/** Jobs per transaction. */
const PART = 1_000

async function rebuildInner(access: Opened) {
  const { store, queue, files } = access
  const begun = files === undefined ? null : await trustFiles(access, files)
  const first = begun?.ledger ?? (await firstLedger(access))
  const fromSeq = begun?.fromSeq ?? first.version + 1
  const rows = new RebuiltRows(access, first)
  await rows.readOn()
  // The row of the queue first: without it, or with a wrong version in it, nothing can be compared.
  await rows.put([])
  const page = await store.projectionPage(queue, { after: null, limit: ROWS })
  if (page !== null) {
    const found = await compareRows(access, page, rows.ledger, (_, version) => rows.readOn(version))
    const wrong = found?.wrong ?? []
    for (let at = 0; at < wrong.length; at += PART) await rows.put(wrong.slice(at, at + PART))
  }
  const { version, removed, written } = rows
  const once = await rebuildOnce(access)
  return { version, fromSeq, events: version - fromSeq + 1, removed, written: written + once }
}

/** What is remembered of jobs that were enqueued `once`, part by part, each under the queue's lock. */
async function rebuildOnce({ store, queue, signal }: Opened): Promise<number> {
  for (let all = 0; ; ) {
    const wrong = await store.rebuildOnce(queue)
    all += wrong
    signal.throwIfAborted()
    if (wrong === 0) return all
  }
}

/** Writes rows as the fold of the log has them, and folds on. */
class RebuiltRows {
  ledger: Ledger
  version = 0
  removed = 0
  written = 0
  readonly #access: Opened

  constructor(access: Opened, first: Ledger) {
    this.#access = access
    this.ledger = first
  }

  /** Folds on to a version; to the end of the log unless given. */
  async readOn(upTo?: number): Promise<Ledger> {
    this.ledger = await foldOn(this.#access, this.ledger, upTo)
    return this.ledger
  }

  /** Writes the rows of these jobs, and the row of the queue. */
  async put(jobIds: readonly string[]): Promise<void> {
    const { store, queue, signal } = this.#access
    for (let tries = 1; ; tries++) {
      try {
        const answer = await store.rebuild(queue, this.ledger.version, ({ missed }) => {
          this.ledger = fold(this.ledger, missed).ledger
          return { ...projectionAt(this.ledger, jobIds), jobIds }
        })
        if (answer.ok) {
          this.version = answer.version
          this.removed += answer.removed
          this.written += answer.written
          return
        }
      } catch (error) {
        if (!isInterlockError(error, 'contention') || tries === MOST_TRIES) throw error
        await pause(PAUSE_MS, signal)
      }
      signal.throwIfAborted()
      if (tries === MOST_TRIES) {
        throw new InterlockError(
          'contention',
          'the log grew faster than rebuild could read it; try again when the queue is calmer',
        )
      }
      await this.readOn()
    }
  }
}

/** Follows the whole log once more into the user's tables. Locked rows are set aside for the process that runs next. */
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
  access.onNote(
    'your tables are locked, or another process writes them; the processes of the queue go on with them',
  )
  return written
}
