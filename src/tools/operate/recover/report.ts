import type { ActiveJobView, QueueView } from '../../../engine/coordinator/index.ts'
import type { ErrorCode } from '../../../engine/core/index.ts'

/** How a job in doubt ended, as you say it. */
export interface Wish {
  readonly jobId: string
  readonly end: 'completed' | 'requeued' | 'failed'
}

/** The queue, and the jobs in doubt. */
export interface QueueInDoubt {
  readonly view: QueueView
  readonly doubtful: readonly ActiveJobView[]
}

type Undecided = Wish & { readonly error: { readonly code: ErrorCode | null; readonly message: string } }

/** An event that is unreadable, or was until it was declared void. */
export interface VoidedEvent {
  readonly seq: number
  readonly type: string
  readonly jobId: string | null
  readonly why: string
  /** As it was written. */
  readonly data: unknown
  /** What becomes of its job. */
  readonly becomes: string | null
}

interface Happened {
  readonly decided?: readonly Wish[]
  readonly undecided?: readonly Undecided[]
  readonly unreadable?: readonly VoidedEvent[]
  readonly voided?: readonly VoidedEvent[]
}

/** A job in doubt: nobody knows how it ended. */
export interface DoubtfulJob
  extends Pick<ActiveJobView, 'jobId' | 'jobType' | 'models' | 'fencingToken' | 'attempt'> {
  readonly startedAt: string
}

/** What `inDoubt`, `recover` and the others give: the document that `interlock recover --json` prints. */
export interface RecoverDocument {
  /** 1 at first; one more each time that a backup was restored, or events were declared void. */
  readonly epoch: number
  /** How the queue stands: `idle`, `running` or `draining`. */
  readonly status: QueueView['status']
  /** How many jobs wait. */
  readonly waitingCount: number
  /**
   * Unreadable events that are not yet void: `{ seq, type, jobId, why, data, becomes }`, with `data` as it was written, and `becomes` what
   * happens to the job. Nothing else can be done before, and the exit code is 3.
   */
  readonly unreadable: readonly VoidedEvent[]
  /** The same for events that were declared void (`--void`). */
  readonly voided: readonly VoidedEvent[]
  /** Decisions that were carried out: `{ jobId, end }`, with `completed`, `requeued` or `failed`. */
  readonly decided: readonly Wish[]
  /** Decisions that could not be carried out any more: `{ jobId, end, error: { code, message } }`; the exit code is 1 then. */
  readonly undecided: readonly Undecided[]
  /** Jobs in doubt, of which nobody knows how they ended: `{ jobId, jobType, models, fencingToken, startedAt, attempt }`. */
  readonly doubtful: readonly DoubtfulJob[]
}

export const reportOf = (
  { view, doubtful: left }: QueueInDoubt,
  { decided = [], undecided = [], unreadable = [], voided = [] }: Happened = {},
): RecoverDocument => ({
  epoch: view.epoch,
  status: view.status,
  waitingCount: view.waitingCount,
  unreadable,
  voided,
  decided,
  undecided,
  doubtful: left.map(doubtful),
})

const doubtful = ({
  jobId,
  jobType,
  models,
  fencingToken,
  startedAt,
  attempt,
}: ActiveJobView): DoubtfulJob => ({
  jobId,
  jobType,
  models,
  fencingToken,
  startedAt: startedAt.toISOString(),
  attempt,
})
