import type { ActiveJobView, QueueView } from '../../../engine/coordinator/index.ts'
import type { ErrorCode } from '../../../engine/core/index.ts'
import type { Wish } from './decide.ts'

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
  readonly epoch: number
  readonly status: QueueView['status']
  readonly waitingCount: number
  /** Unreadable events. Until they are declared void, nothing else can be done. */
  readonly unreadable: readonly VoidedEvent[]
  readonly voided: readonly VoidedEvent[]
  readonly decided: readonly Wish[]
  readonly undecided: readonly Undecided[]
  /** Jobs in doubt that nobody has decided. */
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
