import { keepForCut } from '../../engine/coordinator/maintenance/retention.ts'
import { InterlockError } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { plural } from '../format/index.ts'
import { type Access, type Opened, opened } from './access.ts'
import { ledgerAt } from './fold.ts'
import { cutAt, type Point } from './log-point.ts'

/** A cut that takes longer than this is announced: one transaction shows no progress. */
const QUIET_MS = 2_000

export interface ArchiveOptions {
  /** The number of the last event to take out, or a time: every event before it is taken out. */
  readonly before: Point
  /** True (the default): they move to `job_queue_log_archive`, where every reader still finds them. False: they are erased. */
  readonly keep?: boolean | undefined
}

/** What `archive` gives: the document that `interlock archive --json` prints. */
export interface ArchiveDocument {
  /** The last event that is no longer in the log. */
  readonly archivedSeq: number
  /** How many events this call took out. */
  readonly archived: number
  /** How many events that earlier calls had kept left the archive table with them. */
  readonly unkept: number
  /** The file that was written; null: no file was. */
  readonly file: string | null
  /** Whether they are in `job_queue_log_archive` now. */
  readonly kept: boolean
}

/** Where archived events are written before they leave the log. */
export interface ArchiveTarget {
  readonly name: string
  /** Writes every readable event up to `through`. When it resolves, all of it is on the disk. */
  write(access: Opened, through: number): Promise<void>
  /** Removes all of it. You may call it at any time. */
  discard(): Promise<void>
}

/**
 * Takes old events out of the log, below a snapshot that it makes. What runs and waits is not touched. To write the events to a
 * file first, use `archiveTo` of `interlock-queue/history/files`.
 * @throws InterlockError `invalid_input`; `contention`; `corrupt_log`: nothing was taken out
 * @example await archive({ store }, { before: new Date(Date.now() - 30 * 86_400_000) })
 */
export async function archive(given: Access, options: ArchiveOptions): Promise<ArchiveDocument> {
  const access = opened(given)
  checkCall('archive', options)
  const { before, keep = true } = options
  return archiveThrough(access, await cutAt(access, 'before', before), keep, null)
}

/** Archives up to a number, and writes to the target first, if there is one. If nothing was taken out, the target is removed. */
export async function archiveThrough(
  access: Opened,
  through: number,
  keep: boolean,
  openTarget: (() => Promise<ArchiveTarget>) | null,
): Promise<ArchiveDocument> {
  const { store, queue, signal } = access
  const { archivedSeq } = await store.rows(queue, 0, 1)
  if (through <= archivedSeq) return { archivedSeq, archived: 0, unkept: 0, file: null, kept: keep }
  const target = (await openTarget?.()) ?? null
  try {
    const ledger = await ledgerAt(access, through)
    await keepForCut(store, queue, ledger, signal)
    await target?.write(access, through)
    signal.throwIfAborted()
  } catch (error) {
    await target?.discard()
    throw error
  }
  const done = await cut(access, through, keep, target, through - archivedSeq)
  if (done.archivedSeq >= through) return { ...done, file: target?.name ?? null, kept: keep }
  await target?.discard()
  throw new InterlockError(
    'contention',
    `your own tables are behind those events, or another process archives; nothing was archived${target === null ? '' : ' and no file is left'}, try again`,
  )
}

async function cut(
  { store, queue, onNote }: Opened,
  through: number,
  keep: boolean,
  target: ArchiveTarget | null,
  events: number,
) {
  const quiet = setTimeout(
    () => onNote(`deleting ${plural(events, 'event')} from the log, all in one transaction`),
    QUIET_MS,
  )
  try {
    return await store.archive(queue, through, keep)
  } catch (error) {
    // The answer may have been lost on its way, and the events may be in the file only.
    if (target !== null)
      onNote(
        `${target.name} is complete and stays: nobody knows whether its events were deleted from the log`,
      )
    throw error
  } finally {
    clearTimeout(quiet)
  }
}
