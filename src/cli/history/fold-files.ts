import { keepSnapshot } from '../../coordinator/replica/keep-snapshot.ts'
import { readSnapshot } from '../../coordinator/replica/read-snapshot.ts'
import {
  InterlockError,
  isInterlockError,
  type Ledger,
  projectionOf,
  type RecordedEvent,
} from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { rowDifferences } from '../row-differences.ts'
import { type FromArchive, giveAsWritten } from './archive-file.ts'
import { checkChain } from './chain.ts'
import { type BadEvent, foldSound, type Sound } from './sound.ts'

/** Folds the events that are in files. They have to come to the state that was kept where the log was cut. */
export async function foldFiles(
  frame: Frame,
  store: LogStore,
  { last }: FromArchive,
  alsoSee?: (event: RecordedEvent) => void,
): Promise<Sound> {
  const all = await foldSound(frame, store, last, { alsoSee })
  if (all.ledger === null) return all
  const there = await keptAt(frame, store, last)
  if (there === null || rowDifferences(projectionOf(there), projectionOf(all.ledger)).length === 0) return all
  const what = `the files up to event ${last} are not what was taken out of this log: they come to another state than it had there`
  return { ...all, ledger: null, bad: { seq: last, what, todo: giveAsWritten } }
}

/**
 * The same for whoever writes by what the files say: every check that there is comes first. Where the snapshot of the cut is
 * gone, without which nobody can open the queue, it is made anew.
 * @throws InterlockError `corrupt_log`: nothing was written
 */
export async function trustFiles(
  frame: Frame,
  store: LogStore,
  files: FromArchive,
): Promise<Sound & { ledger: Ledger }> {
  const { ledger, bad, ...all } = await foldFiles(frame, store, files)
  const chain = await checkChain(frame, store, files.mark === null ? [] : [files.mark])
  const wrong = bad ?? files.bad ?? chain?.bad ?? null
  if (ledger === null || wrong !== null) throw untrue(wrong)
  const kept = await store.snapshot(frame.queue, files.last)
  if (kept?.seq !== files.last) await keepSnapshot(store, frame.queue, ledger, { signal: frame.signal })
  return { ...all, bad, ledger }
}

function untrue(bad: BadEvent | null): InterlockError {
  const what = bad === null ? 'the files cannot be read' : `event ${bad.seq}: ${bad.what}`
  return new InterlockError('corrupt_log', `nothing was written: ${what}; ${giveAsWritten}`)
}

/** Null where there is no snapshot, or none that can be read: with the files nothing hangs on it. */
async function keptAt(frame: Frame, store: LogStore, seq: number): Promise<Ledger | null> {
  const kept = await store.snapshot(frame.queue, seq)
  if (kept?.seq !== seq) return null
  try {
    return await readSnapshot(store, frame.queue, kept)
  } catch (error) {
    if (!isInterlockError(error)) throw error
    frame.note(`passed over: ${error.message}`)
    return null
  }
}
