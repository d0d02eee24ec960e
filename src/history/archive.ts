import { keepForCut } from '../coordinator/parts.ts'
import { InterlockError } from '../core/index.ts'
import { plural } from '../format/index.ts'
import { type Access, type Opened, opened } from './access.ts'
import { ledgerAt } from './fold.ts'
import { cutAt, type Point } from './point.ts'

/** A cut that takes longer than this gets a word, since nobody sees how far one transaction is. */
const QUIET_MS = 2_000

export interface ArchiveOptions {
  /** The number of the last event to take out, or the time before which every event is taken out. */
  readonly before: Point
  /** Whether they stay in `job_queue_log_archive`, where every reader still finds them; true unless given. False: erased. */
  readonly keep?: boolean | undefined
}

/** What `archive` gives: the document that `interlock archive --json` prints. */
export interface ArchiveDocument {
  /** The log begins after this event now. */
  readonly archivedSeq: number
  /** How many events were taken out. */
  readonly archived: number
  /** How many went with them that earlier calls had kept. */
  readonly unkept: number
  /** The file that was written; null: none. */
  readonly file: string | null
  readonly kept: boolean
}

/** Where events go that are taken out, before anything is taken out. */
export interface ArchiveTarget {
  readonly name: string
  /** Everything up to there that can be read, whole and on the disk when it resolves. */
  write(access: Opened, through: number): Promise<void>
  /** Leaves nothing of it behind; safe at any time. */
  discard(): Promise<void>
}

/**
 * Takes old events out of the log, below a snapshot that it makes; what runs and waits stays as it is. To write them to a file
 * first: `archiveTo` of `interlock-queue/history/files`.
 * @throws InterlockError `invalid_input`; `contention`; `corrupt_log`: nothing was taken out
 * @example await archive({ store }, { before: new Date(Date.now() - 30 * 86_400_000) })
 */
export async function archive(
  given: Access,
  { before, keep = true }: ArchiveOptions,
): Promise<ArchiveDocument> {
  const access = opened(given)
  return archiveThrough(access, await cutAt(access, 'before', before), keep, null)
}

/** The same up to a number, to a target if there is one. Where nothing was taken out, nothing is left of the target. */
export async function archiveThrough(
  access: Opened,
  through: number,
  keep: boolean,
  openTarget: (() => Promise<ArchiveTarget>) | null,
): Promise<ArchiveDocument> {
  const { store, queue, signal } = access
  const { archivedSeq } = await store.read(queue, 0, 1)
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
    `your own tables do not follow that far yet, or another process archives; nothing was taken out${target === null ? '' : ' and no file is left'}, try again`,
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
    () => onNote(`taking ${plural(events, 'event')} out of the log, all in one transaction`),
    QUIET_MS,
  )
  try {
    return await store.archive(queue, through, keep)
  } catch (error) {
    // The answer may have been lost on its way, and the events with the file.
    if (target !== null)
      onNote(`${target.name} is whole and stays: whether its events were taken out of the log is not known`)
    throw error
  } finally {
    clearTimeout(quiet)
  }
}
