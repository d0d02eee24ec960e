import { keepForCut } from '../../coordinator/maintenance/cut.ts'
import { InterlockError } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { NewFile } from '../new-file.ts'
import { writeArchive } from './archive-writer.ts'
import { ledgerAt } from './fold.ts'

/** A cut that takes longer than this gets a word, since nobody sees how far one transaction is. */
const QUIET_MS = 2_000

export interface CutOptions {
  /** The last event to take out. */
  readonly through: number
  /** The file that they go to; undefined: none. */
  readonly to?: string | undefined
  /** Whether they stay where every command reads them on. */
  readonly keep: boolean
}

export type Cut = Awaited<ReturnType<LogStore['archive']>> & {
  /** The file that was written; null: none. */
  readonly file: string | null
}

/**
 * Takes old events out of the log, below a snapshot that it makes. What goes to a file is there, whole and on the disk, before
 * anything is taken out; where nothing was taken out no file is left.
 * @throws InterlockError `invalid_input` for the path, `contention`; LocalFailure when the disk is full
 */
export async function archive(
  frame: Frame,
  store: LogStore,
  { through, to, keep }: CutOptions,
): Promise<Cut> {
  const { archivedSeq } = await store.read(frame.queue, 0, 1)
  if (through <= archivedSeq) return { archivedSeq, archived: 0, unkept: 0, file: null }
  const file = to === undefined ? null : await NewFile.create('--to', to)
  try {
    const ledger = await ledgerAt(frame, store, through)
    await keepForCut(store, frame.queue, ledger, frame.signal)
    if (file !== null) {
      await writeArchive(frame, store, file, through)
      await file.finish()
    }
    frame.signal.throwIfAborted()
  } catch (error) {
    await file?.discard()
    throw error
  }
  const done = await cut(frame, store, { through, to, keep }, through - archivedSeq)
  if (done.archivedSeq >= through) return { ...done, file: to ?? null }
  await file?.discard()
  throw new InterlockError(
    'contention',
    `your own tables do not follow that far yet, or another process archives; nothing was taken out${to === undefined ? '' : ' and no file is left'}, try again`,
  )
}

async function cut(frame: Frame, store: LogStore, options: CutOptions, events: number) {
  const { through, to, keep } = options
  const quiet = setTimeout(
    () => frame.note(`taking ${plural(events, 'event')} out of the log, all in one transaction`),
    QUIET_MS,
  )
  try {
    return await store.archive(frame.queue, through, keep)
  } catch (error) {
    // The answer may have been lost on its way, and the events with the file.
    if (to !== undefined)
      frame.note(`${to} is whole and stays: whether its events were taken out of the log is not known`)
    throw error
  } finally {
    clearTimeout(quiet)
  }
}
