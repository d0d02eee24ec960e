import { wholeOption } from '../codec/index.ts'
import { projectionOf } from '../core/index.ts'
import type { Access, PauseDocument, ToldDocument } from '../history/index.ts'
import {
  activeFirst,
  opened,
  pausedDocument,
  pausedModels,
  type ToldJob,
  toldDocument,
  toldIn,
} from '../history/parts.ts'
import { type Look, lookAt } from './look.ts'

/** What `queue` gives: the document that `interlock queue --json` prints. */
export interface QueueDocument {
  readonly queue: string
  /** How many live jobs there are. */
  readonly total: number
  readonly paused: readonly PauseDocument[]
  /** First the jobs that run, then the line. */
  readonly jobs: readonly ToldDocument[]
}

/**
 * Lists live jobs in line order: what runs, what waits and for which job. Does not join the queue.
 * @param options `limit`: how many, a whole number from 1 to 1,000,000; 20 unless given
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`; `store_unavailable`
 */
export async function queue(
  given: Access,
  { limit }: { readonly limit?: number | undefined } = {},
): Promise<QueueDocument> {
  const access = opened(given)
  const most = wholeOption('limit', limit, 20, 1, 1_000_000)
  const look = await lookAt(access)
  return queueDocument(access.queue, look, lineIn(look, most))
}

/** The first live jobs, and how many there are. */
export interface Line {
  readonly total: number
  readonly jobs: readonly ToldJob[]
}

export function lineIn({ ledger, now, hasWorker }: Look, limit: number): Line {
  const rows = projectionOf(ledger).jobs.toSorted(activeFirst)
  return { total: rows.length, jobs: rows.slice(0, limit).map(toldIn(ledger, now, hasWorker)) }
}

export const queueDocument = (name: string, { ledger }: Look, { total, jobs }: Line): QueueDocument => ({
  queue: name,
  total,
  paused: pausedModels(ledger).map(pausedDocument),
  jobs: jobs.map(toldDocument),
})
