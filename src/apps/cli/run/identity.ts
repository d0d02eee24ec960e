import { createHash } from 'node:crypto'
import type { WorkloadJob } from '../workload/job.ts'

/**
 * The kind of a run's jobs: a hash of the file's content. So the log itself shows which jobs are of this file, under any name and
 * in any folder. Workers of a run never take other jobs of the queue, and other workers never take theirs.
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
