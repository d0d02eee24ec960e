import { isInterlockError, projectionOf } from '../core/index.ts'
import { type Difference, ledgerAt } from '../history/index.ts'
import { type Opened, type PausedModel, pausedModels, rowDifferences } from '../history/parts.ts'
import type { Projection } from '../port/index.ts'

/** More than that after the last snapshot takes longer than a look should; `verify` takes its time. */
const MOST_EVENTS = 100_000

export interface Drift {
  /** Fields of rows that are not what the log says; null: looking would take too long. */
  readonly fields: readonly Difference[] | null
  /** Models from which nothing starts, which the log alone knows; null: looking would take too long. */
  readonly paused: readonly PausedModel[] | null
  /** Why the log cannot be folded, if so. */
  readonly unreadable: string | null
}

/** Compares the rows with the log, folded from its last snapshot. Cheaper than `verify`, which trusts no snapshot. */
export async function driftOf(access: Opened, stored: Projection | null): Promise<Drift> {
  const { store, queue } = access
  // Without its row the queue may have a log all the same: then the row is what is wrong.
  const version = stored === null ? (await store.read(queue, 0, 1)).version : stored.state.version
  const kept = await store.snapshot(queue, version)
  if (version - (kept?.seq ?? 0) > MOST_EVENTS) return { fields: null, paused: null, unreadable: null }
  try {
    const ledger = await ledgerAt(access, version)
    return {
      fields: rowDifferences(stored, projectionOf(ledger)),
      paused: pausedModels(ledger),
      unreadable: null,
    }
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
    return { fields: null, paused: null, unreadable: error.message }
  }
}
