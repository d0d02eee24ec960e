import { type JobState, jobStateOf } from './law/state.ts'
import type { Job } from './ledger.ts'

/**
 * How a live job stands, in the words of `job.machine.ts`, and a little finer in line. `held`: a model that it needs is paused,
 * so it stands in no line. `offered`: it may start, and no worker has taken it yet. `returning` is never seen between two
 * appends.
 */
export type Standing = JobState | 'held' | 'offered'

/** The only place that derives it from the fields of a job. */
export function standingOf(job: Job): Standing {
  const state = jobStateOf(job)
  if (state !== 'in_line') return state
  if (job.heldOn !== null) return 'held'
  return job.offeredAt === null ? 'in_line' : 'offered'
}
