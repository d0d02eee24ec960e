import { createCoordinator, type Logger } from '../../coordinator/index.ts'
import { beginEpoch as beginEpochIn, queueView } from '../../coordinator/parts.ts'
import type { Access } from '../../history/index.ts'
import { type Opened, opened } from '../../history/parts.ts'
import { doubtOf } from '../in-doubt.ts'
import { lookAt } from '../look.ts'
import { checkDoubtful, decide, type Said, wishesOf } from './decide.ts'
import { type RecoverDocument, reportOf, type Seen } from './report.ts'
import { orUnreadable, voidAll } from './void.ts'

const PATIENCE_MS = 30_000

/** Who does it, for the log. */
export interface ByOptions {
  readonly name?: string | undefined
}

/**
 * After a backup was restored: the jobs whose end may be lost. Does not join the queue: a process that joined would expire their
 * leases. Where the log has events that nobody can read, these.
 * @throws InterlockError `invalid_input`; `unknown_event`; `corrupt_log` for a log that was damaged otherwise; `store_unavailable`
 */
export async function inDoubt(given: Access): Promise<RecoverDocument> {
  const access = opened(given)
  const found = await orUnreadable(access, () => seenAt(access))
  return 'seen' in found ? reportOf(found.seen) : found.unreadable
}

/** The queue, and the jobs of which nobody knows the end; without joining it. */
export async function seenAt(access: Opened): Promise<Seen> {
  const { ledger, now } = await lookAt(access)
  const view = queueView(access.queue, ledger, now)
  return { view, doubtful: (await doubtOf(access.store, view)).jobs }
}

/**
 * Begins a new epoch, in which the queue is drained: after a backup was restored while no process ran that could notice.
 * @returns the jobs whose end may be lost
 * @throws InterlockError as {@link inDoubt}; `contention`
 */
export async function beginEpoch(given: Access, { name }: ByOptions = {}): Promise<RecoverDocument> {
  const access = opened(given)
  await epochIn(access, name)
  return inDoubt(access)
}

/** Before this process joins the queue: with its first beat it would expire leases of jobs that are in doubt. */
export const epochIn = ({ store, queue, signal }: Opened, name?: string): Promise<void> =>
  beginEpochIn({ store, queue, limit: { forMs: PATIENCE_MS, signal }, name })

/**
 * Declares every event void that nobody can read, in a new epoch, in which the queue is drained, and makes the rows again. The log
 * stays as it is.
 * @throws InterlockError as {@link inDoubt}; `contention`
 */
export async function voidUnreadable(given: Access, { name }: ByOptions = {}): Promise<RecoverDocument> {
  const access = opened(given)
  const voided = await voidAll(access, name)
  return reportOf(await seenAt(access), { voided })
}

/**
 * Says what became of jobs of which nobody knew the end. Joins the queue for it.
 * @throws InterlockError `invalid_input` for a job that is named twice; `job_not_active`, `not_holder` for one that is not in doubt:
 * nothing was decided then. What fails later is told in the document, as `undecided`
 * @example await recover({ store }, { completed: ['a'], requeue: ['b'] })
 */
export async function recover(given: Access, { name, ...said }: Said & ByOptions): Promise<RecoverDocument> {
  const access = opened(given)
  const wishes = wishesOf(said)
  const seen = await seenAt(access)
  for (const { jobId } of wishes) checkDoubtful(seen, jobId)
  if (wishes.length === 0) return reportOf(seen)
  const { store, queue } = access
  const logger = loggerOf(access)
  const joined = await createCoordinator({ store, queue, logger, ...(name === undefined ? {} : { name }) })
  return decide(joined, seen, wishes).finally(() => joined.close())
}

function loggerOf({ onNote }: Opened): Logger {
  return { info: () => {}, warn: onNote, error: onNote }
}
