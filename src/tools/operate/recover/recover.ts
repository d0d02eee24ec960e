import { queueView } from '../../../engine/coordinator/api/view.ts'
import { PATIENCE_MS } from '../../../engine/coordinator/base/retry.ts'
import { beginEpoch as beginEpochIn } from '../../../engine/coordinator/commit/commit-beside.ts'
import { createCoordinator, type Logger } from '../../../engine/coordinator/index.ts'
import { checkCall } from '../../../engine/events/index.ts'
import { type Opened, opened } from '../../history/access.ts'
import type { Access } from '../../history/index.ts'
import { doubtOf } from '../in-doubt.ts'
import { lookAt } from '../look.ts'
import { checkDoubtful, decide, endingsOf, type Said } from './decide.ts'
import { type QueueInDoubt, type RecoverDocument, reportOf } from './report.ts'
import { type ByOptions, orUnreadable, voidAll } from './void.ts'

export type { ByOptions } from './void.ts'

/**
 * After a backup was restored: lists the jobs whose end may be lost. Does not join the queue, which would expire their leases. If
 * the log has unreadable events, lists these instead.
 * @throws InterlockError `invalid_input`; `unknown_event`; `corrupt_log` if the log is damaged in another way;
 * `store_unavailable`
 */
export async function inDoubt(given: Access): Promise<RecoverDocument> {
  const access = opened(given)
  const found = await orUnreadable(access, () => seenAt(access))
  return 'seen' in found ? reportOf(found.seen) : found.unreadable
}

/** The queue and the jobs in doubt, without joining it. */
export async function seenAt(access: Opened): Promise<QueueInDoubt> {
  const { ledger, now } = await lookAt(access)
  const view = queueView(access.queue, ledger, now)
  return { view, doubtful: (await doubtOf(access.store, view)).jobs }
}

/**
 * Begins a new epoch and drains the queue. For a backup that was restored while no process ran that could notice.
 * @returns the jobs whose end may be lost
 * @throws InterlockError as {@link inDoubt}; `contention`
 */
export async function beginEpoch(given: Access, options: ByOptions = {}): Promise<RecoverDocument> {
  const access = opened(given)
  checkCall('by', options)
  await epochIn(access, options)
  return inDoubt(access)
}

/** Call it before this process joins the queue: its first beat would expire the leases of jobs in doubt. */
export const epochIn = ({ store, queue, signal }: Opened, by: ByOptions): Promise<void> =>
  beginEpochIn({ store, queue, limit: { forMs: PATIENCE_MS, signal }, ...by })

/**
 * Declares every unreadable event void, in a new epoch with the queue drained, and makes the rows again. The log itself does not
 * change.
 * @throws InterlockError as {@link inDoubt}; `contention`
 */
export async function voidUnreadable(given: Access, options: ByOptions = {}): Promise<RecoverDocument> {
  const access = opened(given)
  checkCall('by', options)
  const voided = await voidAll(access, options)
  return reportOf(await seenAt(access), { voided })
}

/**
 * Says how jobs in doubt ended. Joins the queue to do so.
 * @throws InterlockError `invalid_input` if a job is named twice; `job_not_active`, `not_holder` for a job that is not in doubt.
 * Nothing was decided then. Later failures are in the document, as `undecided`
 * @example await recover({ store }, { completed: ['a'], requeue: ['b'] })
 */
export async function recover(given: Access, options: Said & ByOptions): Promise<RecoverDocument> {
  const access = opened(given)
  checkCall('recover', options)
  const { name, operator, ...said } = options
  const endings = endingsOf(said)
  const seen = await seenAt(access)
  for (const { jobId } of endings) checkDoubtful(seen, jobId)
  if (endings.length === 0) return reportOf(seen)
  const { store, queue } = access
  const logger = loggerOf(access)
  const joined = await createCoordinator({
    store,
    queue,
    logger,
    operator,
    ...(name === undefined ? {} : { name }),
  })
  return decide(joined, seen, endings).finally(() => joined.close())
}

function loggerOf({ onNote }: Opened): Logger {
  return { info: () => {}, warn: onNote, error: onNote }
}
