import type {
  Command,
  CommandResult,
  DataChange,
  Micros,
  ProjectionChanges,
  RecordedEvent,
} from '../core/index.ts'
import type { JobData } from './data.ts'
import type { Concern } from './wake.ts'

/** What one append wants to write. The events already carry their sequence numbers and times. */
export interface AppendRequest {
  readonly queue: string
  /** The version (last sequence number) that the caller decided on. The first event has the next number. */
  readonly expectedVersion: number
  /**
   * The time of that event as the caller folded it; 0 before the first one. Times rise from event to event, so the time
   * distinguishes the event from one that has its number after a restore. Without it only the numbers are compared.
   */
  readonly expectedAt?: Micros
  readonly events: readonly RecordedEvent[]
  /**
   * The inner projection after these events, with its data. The core computes it; the store writes it in the same transaction.
   */
  readonly changes: ProjectionChanges
  /** Jobs that these events start, if the caller needs what is kept of them beside the log. */
  readonly wanted?: readonly string[]
  /**
   * The rows of its `queued` with `intake` were claimed (`LogStore.arrivals`). Rows that are gone since then are not taken in.
   */
  readonly ofArrivals?: boolean
  /** The commands of other processes that these events carry out, if this process decides for them (`handIn`). */
  readonly handled?: HandledByAppend
}

/** A command with its data, on the way to the process that decides. */
export interface Handing {
  readonly command: Command
  readonly data?: readonly DataChange[]
}

/** The same as the store keeps it. */
export interface HandedIn extends Handing {
  readonly sender: string
  /** Where its sender can be told what came of it, in the store's own words; absent: the sender reads the log. */
  readonly answerTo?: string
}

/** What came of a command. */
export interface CommandAnswer {
  readonly commandId: string
  readonly result: CommandResult
}

/** Answers for one sender, and the jobs that they start for it, whose data goes along where there is room. */
export interface AnswersTo {
  readonly to: string
  readonly answers: readonly CommandAnswer[]
  readonly wanted: readonly string[]
}

/** The same as its receiver hears it. `version`: that of the append that made them true. */
export interface HeardAnswers {
  readonly version: number
  readonly answers: readonly CommandAnswer[]
  readonly data: readonly JobData[]
}

/** Commands that were handed in and are finished, and who sent them. */
export interface Handled {
  /** Ids of commands. */
  readonly done: readonly string[]
  /** Who has to read the log for what came of its commands. */
  readonly senders: readonly string[]
}

/** The same, with an append. */
export interface HandledByAppend extends Handled {
  /** Who need not: they are told. What the store cannot tell, it adds to `senders`. */
  readonly answers?: readonly (AnswersTo & { readonly sender: string })[]
  /** Whom the append concerns beside those. */
  readonly concern?: Concern
}

/**
 * The answer to handing in. Either another process decides; or none does, and the sender decides from now on, for these commands
 * too.
 */
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
 * What the store answers to an append. Only `ok: true` wrote anything. A conflict is an answer, not an exception.
 *
 * - `ok`: everything was written. `data` is what is kept of the wanted jobs, at most 64 KB and without jobs that were made of a
 *   row; `LogStore.data` has the rest.
 * - `version`: others were faster. `missed` has the events after `expectedVersion`, which lead to `epoch`. It is limited in
 *   count and bytes: read on if the last one is below `version`.
 * - `log_went_back`: the log ends before `expectedVersion`, or its event there has another time than `expectedAt`. Not checked
 *   without `expectedAt`. If the event was archived and not kept, nobody can tell: the answer is `version`.
 * - `known`: some of the commands are in the log already.
 * - `requested`: a `started` for jobs that SQL has asked to cancel (a `cancel` in the inbox) and that nobody has decided yet.
 * - `taken`: a `queued` with `intake` for jobs that the log already knows, live or ended, or whose rows can no longer be taken
 *   in.
 * - `dead_worker`: a `started` for a worker whose lease is not live.
 * - `live_worker`: a `lease_expired` for a worker whose lease is not past ttl + grace.
 * - `unstaged`: data that was staged for some of the commands is not there (any more): stage it again.
 * - `clock`: the times of the events are more than a second away from the database's clock, which is `now`.
 */
export type AppendAnswer =
  | (Stand & {
      readonly ok: true
      readonly data?: readonly JobData[] | undefined
      /** For an append with `handled`: the commands of others that wait now. */
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

/** What a turn sees while it holds the queue's lock: everything up to the head, and the database's clock. */
export interface TurnView {
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** The time of the event that the caller named by number; null for 0, and if nobody can tell. */
  readonly sinceAt: Micros | null
  /** The events after it. */
  readonly missed: readonly RecordedEvent[]
}

/** Role "append": the only way to write to the log, and what keeps processes from getting in each other's way. */
export interface AppendRole {
  append(request: AppendRequest): Promise<AppendAnswer>
  /**
   * Puts data of a command aside for the append that will name it (`changes.staged`), outside the queue's lock. It changes
   * nothing that is kept of a job. Data that no append has taken over is deleted after an hour. You may call it twice.
   */
  stage(queue: string, commandId: string, data: readonly DataChange[]): Promise<void>
  /**
   * Locks, reads what was missed since `since`, lets the caller decide, appends, unlocks: one short transaction. `decide` is
   * synchronous, so a client holds the lock only while it computes; null appends nothing. A store whose every call is a
   * transaction of its own (PostgREST) does not have it: a lost append is then tried again after a pause.
   */
  readonly turn?: (
    queue: string,
    since: number,
    decide: (view: TurnView) => AppendRequest | null,
  ) => Promise<AppendAnswer>
  /**
   * For processes that write at once: one of them decides for all while there is something to write, and the others hand it their
   * commands. It only saves lost appends: the version of an append guards the log without it, and what was handed in may be lost.
   * Absent in a store that cannot tell a process that its command was carried out.
   */
  readonly deciding?: DecidingRole
}

/** Commands that one process carries out for all. `until` is in milliseconds from now. */
export interface DecidingRole {
  /**
   * Hands commands to the process that decides. If there is none, or its time is over, the sender decides for `forMs`. `OnWake`
   * (`handled`) tells the sender when some of its commands were carried out, or failed.
   */
  handIn(
    queue: string,
    handing: { readonly sender: string; readonly forMs: number; readonly commands: readonly Handing[] },
  ): Promise<HandInAnswer>
  /**
   * The deciding process goes on for `forMs`, picks up what waits, and says which commands need no append (`handled`). With
   * `resigns` it stops deciding if nothing waits. `decides: false`: this process does not decide, or no longer does.
   */
  pickUp(
    queue: string,
    options: Handled & { readonly decider: string; readonly forMs: number; readonly resigns: boolean },
  ): Promise<{ readonly decides: boolean; readonly handed: readonly HandedIn[] }>
}
