import type { Claim, DataChange, RecordedEvent, Started } from '../../core/index.ts'
import type { Incoming, NotedProgress } from '../../store/index.ts'

/** A time that has always passed. */
export const AT_ONCE = 0

/** A call that waits for the start of a job. Only the gate knows more about it. */
export interface StartCall {
  readonly jobId: string
}

/** What led to a start: a call at the gate, a claim, or anything else. */
export type StartReason = StartCall | 'claim' | null

/**
 * Whether an attempt belongs to this process, as far as it knows. `unsure`: the database has not yet said that the lease of the
 * attempt is alive. `none`: the attempt has ended, or was lost with its lease.
 */
export type HoldState = 'held' | 'unsure' | 'none'

/** What is sent with a command. */
export interface SendOptions {
  /** What this process could start in the same append. */
  readonly claim?: Claim | undefined
  /** The data to keep of the jobs that the command puts in line or ends. */
  readonly data?: readonly DataChange[]
  /** Nobody waits for the answer: what this process knows is enough. */
  readonly isLook?: boolean
  /** When the call was made, by `performance.now()`, if it did something else first: its patience counts from then. */
  readonly madeAt?: number
  /** Who gets what the command starts, before anybody else. With a claim, the caller of the claim. */
  readonly requester?: StartReason
  /**
   * The id of the command and the worker id in its events, if they are not this process's own. `isOwn`: only the id is not, and this
   * process is its sender all the same.
   */
  readonly as?: {
    readonly id: string
    readonly workerId: string
    readonly hash?: number
    readonly isOwn?: boolean
  }
}

/** The process that a member belongs to, as the member sees it: what it is told beside the answers to commands. */
export interface MemberOwner {
  /** Somebody here waits for the start of a job that he has asked for. */
  readonly isWaiting: boolean
  /** An event that this process has folded. */
  see(event: RecordedEvent): void
  /** A job was started for this process, by any command. Returns true if it belongs to the sender of that command. */
  started(attempt: Started, requester: StartReason): boolean
  /** Something may have arrived beside the log. @param again after the last message, without one */
  arrived(incoming: Incoming, again?: boolean): void
  /** Messages may have been missed. */
  missed(): void
  /** A running attempt has noted its progress; without a note: some may have been missed. */
  noted(note?: NotedProgress): void
  /** A job that was about to start is to be cancelled: the command is in the inbox. */
  requested(): void
  /** Once per poll, after the log was read. */
  polled(): void
  /** The process goes on under another worker id, which is registered now. */
  renewed(): void
  /** A job may start that could not before, although no event says so. */
  mayStart(): void
  /** Fires the schedules that are due. What fails is noted; the next time that comes tries again. */
  fireSchedules(): Promise<void>
  /** Events were skipped that were archived for good before this process read them. */
  skipped(): void
}
