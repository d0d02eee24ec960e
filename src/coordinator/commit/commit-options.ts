import type { Decision, Ledger } from '../../core/index.ts'
import type { ContentionWindow } from '../base/contention-window.ts'
import type { TimeLimit } from '../base/retry.ts'
import type { LogView } from '../replica/log-view.ts'
import type { AppendStore, BeatsAlong } from './appender.ts'
import type { Pending } from './open-commands.ts'
import type { Patience } from './patience.ts'
import type { StartedData } from './started-data.ts'

/** What the committer reports, beside the answers to commands. */
export interface CommitHooks {
  /** The store says that these worker processes have no live lease. */
  readonly onDeadWorkers: (workerIds: readonly string[]) => void
  /** SQL has requested to cancel jobs that were about to start. */
  readonly onRequested: () => void
  readonly onUnreadable: (error: unknown) => void
  /** Something was started for this process that it does not wait for any more: up to this version it has to read. */
  readonly onUnexpected: (version: number) => void
  /** This process has appended: the ledger before and after, and whether it took in rows. */
  readonly onAppended: (before: Ledger, after: Ledger, hasRows: boolean) => void
}

export interface CommitOptions {
  readonly log: LogView
  readonly store: AppendStore
  readonly limit: TimeLimit
  readonly hooks: CommitHooks
  /** The data that handlers need of started jobs. Without it, appends bring no data. */
  readonly startedData?: StartedData
  /** The name of this process among those that combine. Without it, the process does not take part. */
  readonly name?: () => string
  /** The heartbeats of this process, which go along with its appends where each call has its price. */
  readonly beats?: BeatsAlong
}

export interface CommitterHooks {
  /** Called when an append is under way and the next may be decided on its expected result. */
  readonly onSent?: (decision: Decision) => void
  /** Other processes have published commands. Without it, this process takes no part in combining. */
  readonly onPublished?: (commands: readonly Pending[]) => void
  /** Absent: looks that lose to other processes are tried again at once. */
  readonly looks?: LookHooks | undefined
  /** Of the calls that wait for the commands; a fresh one unless given. */
  readonly patience?: Patience
}

export interface LookHooks {
  readonly contention: ContentionWindow
  /** Another process took what these looked for: they come again later. */
  readonly onPutOff: (looks: readonly Pending[]) => void
}
