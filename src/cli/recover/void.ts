import { queueView } from '../../coordinator/api/view.ts'
import { beginEpoch } from '../../coordinator/commit/begin-epoch.ts'
import { commitBeside } from '../../coordinator/commit/commit-beside.ts'
import { isInterlockError, jobOf, type Ledger } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { FoundSomething } from '../failure.ts'
import { timeText } from '../format.ts'
import type { Frame } from '../frame.ts'
import { rebuild } from '../history/rebuild.ts'
import { reportOf, tell, type VoidedEvent } from './report.ts'
import { type Found, findUnreadable } from './unreadable.ts'

const PATIENCE_MS = 30_000

/**
 * Declares every event void that nobody can read, in one append that also begins a new epoch and drains the queue; then makes the
 * rows anew. What is active is in doubt from then on.
 */
export async function voidUnreadable(frame: Frame, store: LogStore): Promise<readonly VoidedEvent[]> {
  const { queue, signal, as: name } = frame
  const found = await findUnreadable(store, queue)
  if (found === null) return []
  const voids = found.events.map(({ seq, as }) => ({ of: seq, as }))
  const options = { store, queue, name, patience: { forMs: PATIENCE_MS, signal } }
  const { isNewEpoch } = await commitBeside(
    options,
    [{ type: 'void', voids }, { type: 'recover' }],
    found.ledger,
  )
  // More jobs were active than one append takes: the rest of it.
  if (!isNewEpoch) await beginEpoch(options)
  await rebuild(frame, store)
  return documentsOf(found)
}

/** Looks; where the log cannot be read, it names and shows what nobody can read. @throws FoundSomething when it did so */
export async function orUnreadable<T>(frame: Frame, store: LogStore, look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (!isInterlockError(error, 'corrupt_log')) throw error
    const found = await findUnreadable(store, frame.queue)
    if (found === null) throw error
    const { now } = await store.rows(frame.queue, 0, 1)
    const view = queueView(frame.queue, found.ledger, now)
    tell(frame, reportOf({ view, doubtful: [] }, { unreadable: documentsOf(found) }))
    throw new FoundSomething()
  }
}

const documentsOf = ({ events, ledger }: Found): readonly VoidedEvent[] =>
  events.map(({ seq, row, why, as }) => {
    const jobId = typeof row['job_id'] === 'string' ? row['job_id'] : null
    const becomes = jobId === null ? null : fateOf(ledger, jobId)
    return { seq, type: String(row['event_type']), jobId, why, data: row['data'] ?? null, as, becomes }
  })

/** What becomes of a job, an event of which is read otherwise than it was written. */
function fateOf(ledger: Ledger, jobId: string): string {
  const job = jobOf(ledger, jobId)
  if (job === undefined) return 'it is not live'
  if (job.active) return 'it is active: say what became of it'
  if (job.dueAt === null || job.dueAt === Number.POSITIVE_INFINITY) return 'it waits in line'
  return `it waits until ${timeText(job.dueAt)}; to end it: interlock cancel ${jobId}`
}
