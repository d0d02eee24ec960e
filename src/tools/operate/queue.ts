import { projectionOf } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import type { Submitted, SubmittedJob } from '../../engine/store/index.ts'
import { isoTime } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import {
  activeFirst,
  type DiagnosedJob,
  diagnosedDocument,
  diagnosedIn,
  pausedDocument,
  pausedModels,
} from '../history/documents.ts'
import type { Access, PauseDocument, ToldDocument } from '../history/index.ts'
import { type Look, lookAt } from './look.ts'

/** A job that was submitted and is not in the queue: times as ISO texts. */
export interface SubmittedDocument extends Omit<SubmittedJob, 'at'> {
  readonly at: string
}

/** What `queue` gives: the document that `interlock queue --json` prints. */
export interface QueueDocument {
  /** Which queue. */
  readonly queue: string
  /** How many live jobs there are. */
  readonly total: number
  /** The paused models. */
  readonly paused: readonly PauseDocument[]
  /** First the jobs that run, then the line. */
  readonly jobs: readonly ToldDocument[]
  /** Jobs that came by SQL or as rows of `jobs`, and that nobody has taken in yet; the oldest first. */
  readonly submitted: readonly SubmittedDocument[]
  /** Jobs that were refused and have not come in since, the newest first. */
  readonly refused: readonly SubmittedDocument[]
}

/**
 * Lists jobs: what runs, what waits in line order and for which job, what was submitted and is not in line. Does not join the queue.
 * @param options `limit`: how many of each, a whole number from 1 to 1,000,000; 20 unless given. At most 1,000 that are not in line
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`; `store_unavailable`
 */
export async function queue(
  given: Access,
  options: { readonly limit?: number | undefined } = {},
): Promise<QueueDocument> {
  const access = opened(given)
  checkCall('queue', options)
  return queueDocument(access.queue, await lineAt(access, options.limit ?? 20))
}

/** The first live jobs, and how many there are; and the first that are not in line. */
export interface QueueListing {
  readonly look: Look
  readonly total: number
  readonly jobs: readonly DiagnosedJob[]
  readonly submitted: Submitted
}

const MOST_SUBMITTED = 1_000

/** What was submitted is read before the line: a job that is taken in meanwhile is then told of twice, not never. */
export async function lineAt(access: Opened, limit: number): Promise<QueueListing> {
  const { store, queue } = access
  const submitted = await store.submitted(queue, Math.min(limit, MOST_SUBMITTED))
  const look = await lookAt(access)
  const rows = projectionOf(look.ledger).jobs.toSorted(activeFirst)
  return { look, total: rows.length, jobs: rows.slice(0, limit).map(diagnosedIn(look)), submitted }
}

export function queueDocument(name: string, { look, total, jobs, submitted }: QueueListing): QueueDocument {
  const those = (wanted: SubmittedJob['state']) =>
    submitted.jobs
      .filter(({ state }) => state === wanted)
      .map(({ at, ...job }) => ({ ...job, at: isoTime(at) }))
  return {
    queue: name,
    total,
    paused: pausedModels(look.ledger, look.operators).map(pausedDocument),
    jobs: jobs.map(diagnosedDocument),
    submitted: those('submitted'),
    refused: those('refused'),
  }
}
