import type { Coordinator } from '../../../engine/coordinator/index.ts'
import {
  type AttemptKey,
  InterlockError,
  invalidInput,
  isInterlockError,
  operand,
} from '../../../engine/core/index.ts'
import { type QueueInDoubt, type RecoverDocument, reportOf, type Wish } from './report.ts'

/** What you may say of a job, and what happens to it then. */
const ends = {
  completed: (coordinator: Coordinator, attempt: AttemptKey) => coordinator.complete(attempt),
  requeued: (coordinator: Coordinator, attempt: AttemptKey) => coordinator.release(attempt, 'drained'),
  failed: (coordinator: Coordinator, attempt: AttemptKey) =>
    coordinator.fail(attempt, { code: 'unknown_end', retryAt: null }),
} as const

/** What became of jobs in doubt: their ids, each once. */
export interface Said {
  /** They were done. */
  readonly completed?: readonly string[] | undefined
  /** They go back into the line, and the lost attempt does not count. */
  readonly requeue?: readonly string[] | undefined
  /** They failed for good. */
  readonly fail?: readonly string[] | undefined
}

export function endingsOf({ completed = [], requeue = [], fail = [] }: Said): readonly Wish[] {
  const endings = [
    ...completed.map((jobId) => ({ jobId, end: 'completed' as const })),
    ...requeue.map((jobId) => ({ jobId, end: 'requeued' as const })),
    ...fail.map((jobId) => ({ jobId, end: 'failed' as const })),
  ]
  if (new Set(endings.map(({ jobId }) => jobId)).size === endings.length) return endings
  throw invalidInput('options: a job is named twice; give each job one outcome', 'options')
}

/** Only jobs in doubt. Any other job has a worker that will say how it ended, and the worker's word counts. */
export function checkDoubtful({ view, doubtful }: QueueInDoubt, jobId: string): void {
  if (doubtful.some((job) => job.jobId === jobId)) return
  const job = view.active().find((active) => active.jobId === jobId)
  if (job === undefined)
    throw new InterlockError(
      'job_not_active',
      `job ${jobId} is not active; look with: npx interlock-queue recover`,
    )
  const holder =
    job.workerId === null ? 'its worker has detached it in this epoch' : `worker ${job.workerId} runs it`
  throw new InterlockError(
    'not_holder',
    `job ${jobId} is not in doubt: ${holder}; to stop it: npx interlock-queue cancel ${operand(jobId)}, and if a backup was restored: npx interlock-queue recover --begin`,
  )
}

/** Decides all at once, so that they go into one append. Failures are reported beside the results. */
export async function decide(
  coordinator: Coordinator,
  { doubtful }: QueueInDoubt,
  endings: readonly Wish[],
): Promise<RecoverDocument> {
  const { epoch } = coordinator.state()
  const tokens = new Map(doubtful.map(({ jobId, fencingToken }) => [jobId, fencingToken]))
  const answers = await Promise.allSettled(
    endings.map(({ jobId, end }) =>
      ends[end](coordinator, { jobId, fencingToken: tokens.get(jobId) ?? 0, epoch }),
    ),
  )
  const outcomes = endings.map((ending, index) => ({ ending, answer: answers[index] }))
  const view = coordinator.state()
  const live = new Set(view.active().map(({ jobId }) => jobId))
  return reportOf(
    { view, doubtful: doubtful.filter(({ jobId }) => live.has(jobId)) },
    {
      decided: outcomes.flatMap(({ ending, answer }) => (answer?.status === 'fulfilled' ? [ending] : [])),
      undecided: outcomes.flatMap(({ ending, answer }) =>
        answer?.status === 'rejected' ? [{ ...ending, error: failureOf(answer.reason) }] : [],
      ),
    },
  )
}

/** `code` is null if the error is not Interlock's. */
const failureOf = (error: unknown) => ({
  code: isInterlockError(error) ? error.code : null,
  message: error instanceof Error ? error.message : String(error),
})
