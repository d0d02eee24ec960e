import { Forecaster, pastIn } from '../../engine/coordinator/forecaster.ts'
import { isInterlockError, type Ledger, type QueueFacts } from '../../engine/core/index.ts'
import type { WorkerRow } from '../../engine/store/index.ts'
import type { Opened } from '../history/access.ts'
import { type PausedModel, pausedModels } from '../history/documents.ts'
import { ledgerAt } from '../history/index.ts'
import { operatorsOf } from '../history/operators.ts'

/** A queue at one moment. */
export interface Look extends QueueFacts {
  readonly ledger: Ledger
  readonly workers: readonly WorkerRow[]
  readonly ending: ReadonlySet<string>
}

/** Reads the queue without joining it, so that looking changes nothing. */
export async function lookAt(access: Opened): Promise<Look> {
  return lookOf(access, await access.store.rows(access.queue, 0, 1))
}

/** Looks at the queue at a version that is known. */
export async function lookOf(
  access: Opened,
  { version, now }: { readonly version: number; readonly now: number },
): Promise<Look> {
  const ledger = access.ledger === undefined ? await ledgerAt(access, version) : await access.ledger()
  return { ledger, now, ...(await besideLog(access, ledger)) }
}

/** What the log does not say of a queue. The processes are read last: one that has started a job is there then. */
export async function besideLog(
  access: Pick<Opened, 'store' | 'queue'>,
  ledger: Ledger,
): Promise<Omit<Look, 'ledger' | 'now'>> {
  const operators = await operatorsOf(access, ledger)
  const ending = new Set(await access.store.committedEnds(access.queue))
  return { operators, ending, workers: await access.store.workers(access.queue) }
}

/** Says when jobs start that wait, as a process of the queue does. */
export const forecasterOf = ({ store, queue }: Opened): Forecaster => new Forecaster(pastIn(store, queue))

/** What only the log knows of a queue; nulls: it cannot be folded, and everything else is still shown. */
export interface Logged {
  readonly paused: readonly PausedModel[] | null
  /** The fold of the log. */
  readonly ledger: Ledger | null
}

export async function loggedAt(access: Opened, version: number): Promise<Logged> {
  try {
    const ledger = await ledgerAt(access, version)
    return { paused: pausedModels(ledger, await operatorsOf(access, ledger)), ledger }
  } catch (error) {
    if (!isInterlockError(error)) throw error
    access.onNote(`nobody can tell which models are paused: ${error.message}`)
    return { paused: null, ledger: null }
  }
}
