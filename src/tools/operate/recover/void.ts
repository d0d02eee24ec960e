import { queueView } from '../../../engine/coordinator/api/view.ts'
import { PATIENCE_MS } from '../../../engine/coordinator/base/retry.ts'
import { beginEpoch as beginEpochIn, commitBeside } from '../../../engine/coordinator/commit/commit-beside.ts'
import { isInterlockError, jobOf, type Ledger, type Operator, operand } from '../../../engine/core/index.ts'
import { timeText } from '../../format/index.ts'
import type { Opened } from '../../history/access.ts'
import { rebuild } from '../../history/index.ts'
import { type RecoverDocument, reportOf, type VoidedEvent } from './report.ts'
import { type FoundUnreadable, findUnreadable } from './unreadable.ts'

/** Who decides, for the log. */
export interface ByOptions {
  readonly name?: string | undefined
  /** A person or role, the machine, what was typed: beside the log (`job_queue_operators`). */
  readonly operator?: Operator | undefined
}

/**
 * Declares every unreadable event void, in one append that also begins a new epoch and drains the queue. Then makes the rows
 * again. Active jobs are in doubt from then on.
 */
export async function voidAll(access: Opened, by: ByOptions): Promise<readonly VoidedEvent[]> {
  const { store, queue, signal } = access
  const found = await findUnreadable(store, queue)
  if (found === null) return []
  const seqs = found.events.map(({ seq }) => seq)
  const options = { store, queue, ...by, limit: { forMs: PATIENCE_MS, signal } }
  const { isNewEpoch } = await commitBeside(
    options,
    [{ type: 'void', seqs }, { type: 'recover' }],
    found.ledger,
  )
  // One append was not enough for all active jobs: this does the rest.
  if (!isNewEpoch) await beginEpochIn(options)
  await rebuild(access)
  return documentsOf(found)
}

/** Runs the look. If the log cannot be read, reports the unreadable events instead. */
export async function orUnreadable<T>(
  { store, queue }: Opened,
  look: () => Promise<T>,
): Promise<{ readonly seen: T } | { readonly unreadable: RecoverDocument }> {
  try {
    return { seen: await look() }
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log')) throw error
    const found = await findUnreadable(store, queue)
    if (found === null) throw error
    const { now } = await store.rows(queue, 0, 1)
    const view = queueView(queue, found.ledger, now)
    return { unreadable: reportOf({ view, doubtful: [] }, { unreadable: documentsOf(found) }) }
  }
}

const documentsOf = ({ events, ledger }: FoundUnreadable): readonly VoidedEvent[] =>
  events.map(({ seq, row, why }) => {
    const jobId = typeof row['job_id'] === 'string' ? row['job_id'] : null
    const becomes = jobId === null ? null : fateOf(ledger, jobId)
    return { seq, type: String(row['event_type']), jobId, why, data: row['data'] ?? null, becomes }
  })

/** What happens to a job when one of its events counts as nothing. */
function fateOf(ledger: Ledger, jobId: string): string {
  const job = jobOf(ledger, jobId)
  if (job === undefined) return 'it is not live'
  if (job.active) return 'it is active: say how it ended'
  if (job.dueAt === null || job.dueAt === Number.POSITIVE_INFINITY) return 'it waits in line'
  return `it waits until ${timeText(job.dueAt)}; to end it: npx interlock-queue cancel ${operand(jobId)}`
}
