import type { Command, DataChange, Micros, ProjectionChanges, RecordedEvent } from '../core/index.ts'
import type { JobData } from './data.ts'

/** What one append wants to write. The events already carry their sequence numbers and times. */
export interface AppendRequest {
  readonly queue: string
  /** The version (last sequence number) that the deciding replica was at. The first event is the next. */
  readonly expectedVersion: number
  /**
   * The time of that event as the replica has folded it, 0 before the first one. Times rise from event to event, so it tells
   * that event from another one that has its number after a restore. Without it the numbers alone are compared.
   */
  readonly expectedAt?: Micros
  readonly events: readonly RecordedEvent[]
  /** The inner projection after these events: computed by the core, written by the store in the same transaction, and the data that goes with it. */
  readonly changes: ProjectionChanges
  /** Jobs that these events start, and of which the caller needs what is kept beside the log. */
  readonly wanted?: readonly string[]
  /** The rows of its `queued` with `intake` were claimed (`LogStore.arrivals`): those that are gone since are not taken in. */
  readonly ofArrivals?: boolean
  /** The commands of other processes that these events decide, in a process that decides for them (`handIn`). */
  readonly handled?: Handled
}

/** A command, and what goes with it, on the way to the process that decides. */
export interface Handing {
  readonly command: Command
  readonly data?: readonly DataChange[]
}

/** The same as it lies there. */
export interface HandedIn extends Handing {
  readonly sender: string
}

/** Commands that were handed in and need nothing more, and whose they were. */
export interface Handled {
  /** Ids of commands. */
  readonly done: readonly string[]
  readonly senders: readonly string[]
}

/** What came of handing in: another process decides, or there is none, and it is the sender who decides from now on, for these as well. */
export type HandInAnswer =
  | { readonly decides: false }
  | { readonly decides: true; readonly version: number; readonly handed: readonly HandedIn[] }

/** A command that is in the log already, with the sequence numbers of what it did. */
export interface KnownCommand {
  readonly commandId: string
  readonly commandHash: number
  readonly seqs: readonly number[]
}

/**
 * What the store says of an append. Only `ok: true` wrote anything. A conflict is an answer, not an exception.
 *
 * - `ok`: everything was written; `data`: what is kept of the wanted jobs, 64 KB at most, none of jobs that were made of a row: what
 *   is not there, `LogStore.data` has.
 * - `version`: others were faster; `missed` are the events after `expectedVersion` (bounded in count and bytes: read on
 *   when the last one is below `version`), which lead to `epoch`.
 * - `log_went_back`: the log ends before `expectedVersion`, or has another event there than that of `expectedAt`; not asked where
 *   there is no `expectedAt`. Of an event that was archived and not kept nobody can tell: that is `version`.
 * - `known`: some of the commands are in the log already.
 * - `requested`: a `started` of jobs that SQL has asked to be cancelled (a `cancel` in the inbox), which nobody has decided yet.
 * - `taken`: a `queued` with `intake` for jobs that the log knows already, live or ended, or whose rows are not there to be taken in
 *   any more.
 * - `dead_worker`: a `started` for a worker whose lease is not live.
 * - `live_worker`: a `lease_expired` for a worker whose lease is not past ttl + grace.
 * - `unstaged`: what was staged for some of the commands is not there (any more): stage it again.
 * - `clock`: the times of the events are more than a second away from the database's clock; `now` is that clock.
 */
export type AppendAnswer =
  | (Stand & {
      readonly ok: true
      readonly data?: readonly JobData[] | undefined
      /** Of an append with `handled`: the commands of others that wait now. */
      readonly handed?: readonly HandedIn[] | undefined
    })
  | Refused<'version', { epoch: number; missed: readonly RecordedEvent[] }>
  | Refused<'known', { known: readonly KnownCommand[] }>
  | Refused<'dead_worker' | 'live_worker', { workerIds: readonly string[] }>
  | Refused<'taken' | 'requested', { jobIds: readonly string[] }>
  | Refused<'unstaged', { commandIds: readonly string[] }>
  | Refused<'clock' | 'log_went_back'>

/** Where the log ends, and the database's clock. */
interface Stand {
  readonly version: number
  readonly now: Micros
}

type Refused<Reason extends string, More extends object = object> = Stand & {
  readonly ok: false
  readonly reason: Reason
} & Readonly<More>

/** What a turn sees once it holds the queue's lock: everything up to the head, and the database's clock. */
export interface TurnView {
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** The time of the event with the number that the caller named; null for 0, and where nobody can tell. */
  readonly sinceAt: Micros | null
  /** The events after it. */
  readonly missed: readonly RecordedEvent[]
}

/** Role "append": the one way to write to the log, and what keeps processes that write at once out of each other's way. */
export interface AppendRole {
  append(request: AppendRequest): Promise<AppendAnswer>
  /**
   * Puts data of a command aside for the append that will name it (`changes.staged`), past the queue's lock: nothing that is kept
   * of a job changes by it. What no append has taken over is cleared away after an hour. Twice does nothing more.
   */
  stage(queue: string, commandId: string, data: readonly DataChange[]): Promise<void>
  /**
   * Lock, read what was missed since `since`, let the caller decide, append, unlock: one short transaction. `decide`
   * is synchronous, so a client never keeps the lock longer than it computes; null appends nothing. Absent in a store of
   * which every call is a transaction of its own (PostgREST): there a lost append is tried again after a pause.
   */
  readonly turn?: (
    queue: string,
    since: number,
    decide: (view: TurnView) => AppendRequest | null,
  ) => Promise<AppendAnswer>
  /**
   * For processes that write at once: one of them decides for all for as long as there is something to write, and the others hand
   * their commands in to it. A courtesy that saves lost appends: the version of an append guards the log without it. Nothing
   * depends on it but time, so what was handed in may be lost. Absent where nobody can be told that it was carried out.
   */
  readonly deciding?: DecidingRole
}

/** Commands that one process carries out for all; `until` in milliseconds from now. */
export interface DecidingRole {
  /**
   * Hands commands in to the process that decides. Where there is none, or its time is over, the sender becomes it for `forMs`. It
   * is told by `OnWake` (`handled`) when some of its commands were carried out, or come to nothing.
   */
  handIn(
    queue: string,
    handing: { readonly sender: string; readonly forMs: number; readonly commands: readonly Handing[] },
  ): Promise<HandInAnswer>
  /**
   * The process that decides goes on for `forMs`, picks up what waits, and says what needs no append (`handled`). With `resigns` it
   * decides no longer where nothing waits. `decides: false`: it does not, or not any more.
   */
  pickUp(
    queue: string,
    options: Handled & { readonly decider: string; readonly forMs: number; readonly resigns: boolean },
  ): Promise<{ readonly decides: boolean; readonly handed: readonly HandedIn[] }>
}
