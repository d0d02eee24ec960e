import type { AppendRole, DataRole, MembershipRole, SubmissionRole } from '../store/index.ts'
import { ReadLine, SharedRead } from './base/concurrency.ts'

/** Of the four connections of a pool one is left for all other calls. */
const MOST_READS = 3

/** What is read for those who ask about jobs. */
export type JobReads = Pick<AppendRole, 'endings'> &
  Pick<DataRole, 'data'> &
  Pick<MembershipRole, 'workers'> &
  Pick<SubmissionRole, 'ofJob'>

/** However many ask at once: what is the same for all is read once, the rest in line. */
export function jobReadsOf(store: JobReads, ownQueue: string): JobReads {
  const line = new ReadLine(MOST_READS)
  const workers = new SharedRead(() => store.workers(ownQueue))
  return {
    workers: () => workers.ask(),
    ofJob: (queue, jobId) => line.during(() => store.ofJob(queue, jobId)),
    data: (queue, jobIds) => line.during(() => store.data(queue, jobIds)),
    endings: (queue, jobIds) => line.during(() => store.endings(queue, jobIds)),
  }
}
