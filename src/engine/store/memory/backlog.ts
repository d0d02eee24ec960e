import { MICROS_PER_MS, type Micros } from '../../core/index.ts'
import type { OutsideLine, SubmittedAs } from '../index.ts'
import type { MemoryQueue } from './database.ts'
import { submittedIn } from './inbox.ts'

const MOST = 10_000

/** `job_queue_backlog`, of a store without the user's tables. */
export function backlogIn(queue: MemoryQueue, now: Micros): OutsideLine {
  const { undecided, jobs } = submittedIn(queue, MOST)
  const submitted = new Map<string, SubmittedAs>()
  for (const { jobId, state, code, at, message } of jobs) {
    if (state !== 'submitted' || (jobId !== null && queue.jobs.has(jobId))) continue
    const known = submitted.get(code)
    submitted.set(
      code,
      known === undefined ? { code, jobs: 1, jobId, at, message } : { ...known, jobs: known.jobs + 1 },
    )
  }
  const { oldestAt } = undecided
  const ageMs = oldestAt === null ? null : (now - oldestAt) / MICROS_PER_MS
  const inbox = openIn(queue)
  return {
    behind: null,
    arrivals: { rows: 0, ageMs: null },
    inbox: { rows: inbox, ageMs: inbox === 0 ? null : ageMs },
    submitted: [...submitted.values()],
    ending: [],
  }
}

/** Commands and submitted jobs that nobody has looked at. */
const openIn = ({ inbox, submissions }: MemoryQueue): number =>
  [...inbox.values()].filter(({ answer }) => answer === null).length +
  [...submissions.values()].filter(({ held }) => held === null).length
