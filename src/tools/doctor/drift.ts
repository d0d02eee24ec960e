import { isInterlockError, type JobRow, type Ledger, Replayer } from '../../engine/core/index.ts'
import type { Projection } from '../../engine/store/index.ts'
import { type Difference, ledgerAt } from '../history/index.ts'
import {
  compareRows,
  eachEvent,
  noState,
  type Opened,
  operatorsOf,
  type PausedModel,
  pageAfter,
  pausedModels,
} from '../history/parts.ts'

/** Folding more events than that takes too long for a quick look. `verify` takes its time. */
const MOST_EVENTS = 100_000

export interface Drift {
  /** Fields of rows that differ from the log; null: looking would take too long. */
  readonly fields: readonly Difference[] | null
  /** Paused models, which only the log knows; null: looking would take too long. */
  readonly paused: readonly PausedModel[] | null
  /** The fold of the log, if the rows are as it says; null: they are not, or nobody looked. */
  readonly ledger: Ledger | null
  /** Why the log cannot be folded; null: it can. */
  readonly unreadable: string | null
}

/**
 * Compares the rows with the log, folded from its last snapshot. Cheaper than `verify`, which trusts no snapshot.
 * @param first the first page of the rows; null: the queue has none
 * @param onRows called with all of them, whether they are compared or not
 */
export async function driftOf(
  access: Opened,
  first: Projection | null,
  onRows: (rows: readonly JobRow[]) => void,
): Promise<Drift> {
  const { store, queue } = access
  // A queue without its row may still have a log: then the row is wrong.
  const version = first === null ? (await store.read(queue, 0, 1)).version : first.state.version
  const kept = await store.snapshot(queue, version)
  const ledger = version - (kept?.seq ?? 0) > MOST_EVENTS ? unlooked : await foldedAt(access, version)
  if (!('jobs' in ledger) || first === null) {
    for (let page = first; page !== null; page = await pageAfter(access, page)) onRows(page.jobs)
    if (!('jobs' in ledger)) return ledger
    return { ...unlooked, fields: version === 0 ? [] : [noState], paused: pausedModels(ledger) }
  }
  const paused = pausedModels(ledger, await operatorsOf(access, ledger))
  const readOn = async (from: Ledger, upTo: number) => {
    const replayer = new Replayer(from)
    await eachEvent(access, 'replayed', (event) => replayer.push(event), { after: from.version, upTo })
    return replayer.ledger()
  }
  const compared = await compareRows(access, first, ledger, readOn, onRows)
  const { differences: fields = null, ledger: last = null } = compared ?? {}
  return { fields, paused, ledger: fields?.length === 0 ? last : null, unreadable: null }
}

const unlooked: Drift = { fields: null, paused: null, ledger: null, unreadable: null }

/** The fold at a version, or why the log cannot be folded. */
async function foldedAt(access: Opened, version: number): Promise<Ledger | Drift> {
  try {
    return await ledgerAt(access, version)
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
    return { ...unlooked, unreadable: error.message }
  }
}
