import { createHash } from 'node:crypto'
import type { WorkloadJob } from '../workload/job.ts'

/**
 * The kind under which a run puts its jobs in line: a hash of what the file says. So the log itself tells which jobs
 * are of this file (under whatever name and folder it lies), workers of a run never take a job of somebody else on the
 * same queue, and nobody else's worker takes theirs.
 */
export function runKind(jobs: readonly WorkloadJob[]): string {
  const hash = createHash('sha256')
  for (const { input, seconds } of jobs) {
    const { jobId, jobType, models, priority, kind, payload } = input
    const more = kind === undefined && payload === undefined ? [] : [kind ?? null, payload ?? null]
    hash.update(`${JSON.stringify([jobId, jobType, models, priority, seconds, ...more])}\n`)
  }
  return `run:${hash.digest('hex').slice(0, 16)}`
}
