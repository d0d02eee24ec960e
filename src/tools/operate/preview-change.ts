/** Which jobs a change is about, and how each of them is at present: what `changeJobs` checks before it changes one. */
import { invalidInput, jobOf, type Ledger, triesOf } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { type Opened, opened } from '../history/access.ts'
import type { Access } from '../history/index.ts'
import {
  type FoundJob,
  type FoundJobs,
  type FoundState,
  findJobs,
  type JobFilter,
  stateOf,
} from './find-jobs.ts'

/**
 * What is done to many jobs. `cancel`: as `coordinator.cancel`. `move`: another priority, or the place before another job, in the order in
 * which they stand. `retry`: dead ones go in line again. `delete`: what is kept of a job beside the log is deleted, and a waiting one is
 * cancelled first; its events stay.
 */
export type JobChange =
  | { readonly do: 'cancel'; readonly force?: boolean | undefined }
  | { readonly do: 'move'; readonly priority: number }
  | { readonly do: 'move'; readonly before: string }
  | { readonly do: 'retry' | 'delete' }

/** Jobs that are to be changed, as they were at one moment. It is plain JSON: keep it, send it, and give it to `changeJobs`. */
export interface ChangePreview {
  readonly queue: string
  readonly change: JobChange
  /** Of the log that was looked at. */
  readonly version: number
  readonly jobs: readonly MarkedJob[]
}

export interface MarkedJob {
  readonly jobId: string
  readonly state: FoundState
  /** It is another one once the job has started, ended, moved or come back. */
  readonly mark: string
}

const dead = ['dead'] as const
const ended = ['dead', 'completed', 'failed', 'cancelled', 'expired'] as const
/** Of which jobs: unless a filter says it, and at all. */
export const changeable: Readonly<
  Record<JobChange['do'], { readonly usual: readonly FoundState[]; readonly all: readonly FoundState[] }>
> = {
  cancel: { usual: ['waiting', 'active', 'submitted'], all: ['waiting', 'active', 'submitted'] },
  move: { usual: ['waiting'], all: ['waiting'] },
  retry: { usual: dead, all: dead },
  delete: { usual: ended, all: ['waiting', ...ended] },
}

/**
 * Which jobs a change would be about. Changes nothing.
 * @param filter as for `jobs`. States unless given: those that can be changed so; for `delete` all that have ended
 * @throws InterlockError as `jobs`
 * @example
 * const preview = await previewChange({ store }, { do: 'cancel' }, { tag: 'import-7' })
 * if (preview.jobs.length < 1_000) await changeJobs({ store }, preview)
 */
export async function previewChange(
  given: Access,
  change: JobChange,
  filter: JobFilter = {},
): Promise<ChangePreview> {
  const access = opened(given)
  checkCall('previewChange', change, filter)
  return (await previewWith(access, change, filter)).preview
}

/** The preview, and the jobs for people to look at. */
export async function previewWith(
  access: Opened,
  change: JobChange,
  filter: JobFilter,
): Promise<FoundJobs & { readonly preview: ChangePreview }> {
  const { usual, all } = changeable[change.do]
  const { states = usual } = filter
  const wrong = states.find((state) => !all.includes(state))
  if (wrong !== undefined)
    throw invalidInput(
      `states: ${change.do} is for jobs that are ${all.join(', ')}; leave out ${wrong}`,
      'states',
    )
  const seen = await findJobs(access, { ...filter, states })
  // A dead job has failed, too.
  const ids = new Set<string>()
  const found = seen.found.filter(({ spec }) => !ids.has(spec.jobId) && ids.add(spec.jobId))
  const { queue } = access
  const jobs = found.map((job) => ({ jobId: job.spec.jobId, state: stateOf(job), mark: markOf(job) }))
  return { ...seen, found, preview: { queue, change, version: seen.look.ledger.version, jobs } }
}

function markOf({ row, submitted, letter, ended: past }: FoundJob): string {
  if (submitted !== undefined) return `submitted ${submitted.id}`
  if (row === undefined) return letter === undefined ? `ended ${past?.end.seq}` : `dead ${letter.seq}`
  return row.state === 'active'
    ? `active ${row.fencing_token}`
    : `waiting ${row.queued_at} ${row.attempt} ${row.postponed} ${row.priority}`
}

/** The mark of a live job at present; undefined: it is not live. */
export function markIn(ledger: Ledger, jobId: string): string | undefined {
  const job = jobOf(ledger, jobId)
  if (job === undefined) return undefined
  const { attempt, postponed } = triesOf(job)
  return job.active
    ? `active ${job.token}`
    : `waiting ${job.queuedAt} ${attempt} ${postponed} ${job.priority}`
}
