import { keepSnapshot, readSnapshot } from '../../engine/coordinator/replica/snapshots.ts'
import {
  InterlockError,
  isInterlockError,
  type Ledger,
  projectionOf,
  type RecordedEvent,
} from '../../engine/core/index.ts'
import type { Opened } from './access.ts'
import { type ArchivedFiles, type BadEvent, giveAsWritten } from './bad-event.ts'
import { checkChain } from './chain.ts'
import { foldSound, type Sound } from './fold-checked.ts'
import { ledgerDifferences } from './row-differences.ts'

/** Folds the events of archive files. They have to lead to the state that was kept at the cut. */
export async function foldFiles(
  access: Opened,
  { last }: ArchivedFiles,
  alsoSee?: (event: RecordedEvent) => void,
): Promise<Sound> {
  const all = await foldSound(access, last, { alsoSee })
  if (all.ledger === null) return all
  const there = await keptAt(access, last)
  if (there === null || ledgerDifferences(projectionOf(there), projectionOf(all.ledger)).length === 0)
    return all
  const what = `the files up to event ${last} are not the events archived from this log: they lead to another state than the log had there`
  return { ...all, ledger: null, bad: { seq: last, what, todo: giveAsWritten } }
}

/**
 * Folds archive files for a caller who writes what they say: every possible check comes first. If the snapshot of the cut is gone, it
 * is made again: without it nobody can open the queue.
 * @throws InterlockError `corrupt_log`: nothing was written
 */
export async function trustFiles(access: Opened, files: ArchivedFiles): Promise<Sound & { ledger: Ledger }> {
  const { ledger, bad, ...all } = await foldFiles(access, files)
  const chain = await checkChain(access, files.mark === null ? [] : [files.mark])
  const wrong = bad ?? files.bad ?? chain?.bad ?? null
  if (ledger === null || wrong !== null) throw untrue(wrong)
  const { store, queue, signal } = access
  const kept = await store.snapshot(queue, files.last)
  if (kept?.seq !== files.last) await keepSnapshot(store, queue, ledger, { signal })
  return { ...all, bad, ledger }
}

function untrue(bad: BadEvent | null): InterlockError {
  const what = bad === null ? 'the files cannot be read' : `event ${bad.seq}: ${bad.what}`
  return new InterlockError('corrupt_log', `nothing was written: ${what}; ${giveAsWritten}`)
}

/** Null if there is no readable snapshot. With the files nothing depends on it. */
async function keptAt({ store, queue, onNote }: Opened, seq: number): Promise<Ledger | null> {
  const kept = await store.snapshot(queue, seq)
  if (kept?.seq !== seq) return null
  try {
    return await readSnapshot(store, queue, kept)
  } catch (error) {
    if (!isInterlockError(error)) throw error
    onNote(`skipped: ${error.message}`)
    return null
  }
}
