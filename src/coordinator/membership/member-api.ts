import type { Claim, DataChange, RecordedEvent, Started } from '../../core/index.ts'
import type { Incoming } from '../../port/index.ts'

/** A time that has always passed. */
export const AT_ONCE = 0

/** A call that waits for the start of a job; what else it is only the gate knows. */
export interface StartCall {
  readonly jobId: string
}

/** Whose command a start came of: a call at the gate, a claim, or anything else. */
export type Taker = StartCall | 'claim' | null

/**
 * Whether an attempt is this process's, as far as it knows: `unsure` while the database has not said that the lease under which it was
 * started lives; `none` when it has ended, or was lost with its lease.
 */
export type Hold = 'held' | 'unsure' | 'none'

/** What goes along with a command. */
export interface SendOptions {
  /** What this process could start in the same append. */
  readonly claim?: Claim | undefined
  /** What is kept beside the log of the jobs that the command puts in line or ends. */
  readonly data?: readonly DataChange[]
  /** Who gets what the command starts, before anybody else; with a claim, the one who claims. */
  readonly taker?: Taker
  /** The command's own id, and the worker id that its events name, where it is somebody else's. */
  readonly as?: { readonly id: string; readonly workerId: string; readonly hash?: number }
}

/** What a member tells of, beside the answers to its commands. */
export interface MemberHooks {
  /** Every event, once it is folded. */
  readonly onEvent: (event: RecordedEvent) => void
  /** A job was started for this process, by whatever command. True: it belongs to whose command it came of. */
  readonly onStarted: (attempt: Started, taker: Taker) => boolean
  /** Somebody here waits for the start of a job that he has asked for. */
  readonly isWaiting: () => boolean
  /** Something may have come in beside the log. */
  readonly onIncoming: (incoming: Incoming) => void
  /** Once per poll, when the log has been read. */
  readonly onPoll: () => void
  /** The process goes on under another id, which is registered now. */
  readonly onRenewed: () => void
  /** Somebody may start who could not before, although no event says so. */
  readonly onOpening: () => void
  /** Events were passed over that were archived for good before this process read them. */
  readonly onSkipped: () => void
}
