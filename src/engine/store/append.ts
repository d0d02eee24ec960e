import type {
  Command,
  CommandResult,
  DataChange,
  JobOutcome,
  Micros,
  OnceRecord,
  ProjectionChanges,
  RecordedEvent,
} from '../core/index.ts'
import type { BeatAnswer, WorkerBeat } from './membership.ts'
import type { JobData } from './side-data.ts'
import type { ProjectStep } from './user-tables.ts'

/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What one append wants to write. The events already carry their sequence numbers and times. */
export interface AppendRequest {
  readonly queue: string
  /** The version (last sequence number) that the caller decided on. The first event has the next number. */
  readonly expectedVersion: number
  /**
   * The time of that event as the caller folded it; 0 before the first one. Times rise from event to event, so the time tells
   * this event apart from one that has its number after a restore. If it is absent, only the numbers are compared.
   */
  readonly expectedAt?: Micros
  readonly events: readonly RecordedEvent[]
  /**
   * The inner projection after these events, with its data. The core computes it; the store writes it in the same transaction.
   */
  readonly changes: ProjectionChanges
  /** Jobs that these events start, if the caller needs their data. */
  readonly wanted?: readonly string[]
  /**
   * The rows of its `queued` events with `intake` were claimed (`LogStore.arrivals`). Rows that are gone since then are not taken
   * in.
   */
  readonly ofArrivals?: boolean
  /**
   * What goes along with an append where each call has its price (`LookPolicy.goesAlong`), and nowhere else. A heartbeat; those of the wanted jobs
   * that came as a row, whose rows are read before the append; and a step of the outer projection after it, of so many events at most.
   */
  readonly beat?: WorkerBeat
  readonly rows?: readonly string[]
  readonly project?: number
  /** The commands of other processes that these events carry out, if this process combines (`CombiningRole`). */
  readonly answered?: AnsweredByAppend
}

/** An event of a log, and what tells it from one that has its number after a restore; `version` 0: none. */
export interface KnownEvent {
  readonly version: number
  readonly at: Micros
}

/** A command with what is written together with its events. */
export interface CommandWithData {
  readonly command: Command
  readonly data?: readonly DataChange[]
}

/** A command that another process has published, as the store keeps it. */
export interface PublishedCommand extends CommandWithData {
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

/** Answers as their receiver gets them. `version`: that of the append that made them true. */
export interface ReceivedAnswers {
  readonly version: number
  /** That append waits for a standby: see `AppendRole.confirm`. */
  readonly isUnconfirmed?: boolean
  readonly answers: readonly CommandAnswer[]
  readonly data: readonly JobData[]
}

/** Published commands that are finished, and their senders. */
export interface Answered {
  /** Ids of commands. */
  readonly done: readonly string[]
  /** Who has to read the log for what came of its commands. */
  readonly senders: readonly string[]
}

/** What is finished with an append by the combiner. */
export interface AnsweredByAppend extends Answered {
  readonly combiner: string
  /** Who need not: they are told. What the store cannot tell, it adds to `senders`. */
  readonly answers?: readonly (AnswersTo & { readonly sender: string })[]
  /** Which other processes the append concerns. */
  readonly concern?: Concern
}

/**
 * Where the published commands stood at a look: which election the combiner is of, and the first command. If both are the same at the next
 * look, the combiner makes no progress.
 */
export interface PublicationMark {
  readonly election: number
  readonly oldest: number | null
}

/** Commands of one process for the combiner. */
export interface Publication {
  readonly sender: string
  readonly commands: readonly CommandWithData[]
  /** So long the sender waits before it publishes again, in milliseconds. After four times that, nobody waits for them. */
  readonly waitMs: number
  /** What it saw at its last look, if it was not answered since. */
  readonly seen: PublicationMark | null
}

/** Either there is a combiner, or the sender is it from now on, for these commands too. `barren`: elections in a row that came to nothing. */
export type PublishAnswer =
  | { readonly combines: false; readonly seen: PublicationMark; readonly barren: number }
  | { readonly combines: true; readonly version: number; readonly published: readonly PublishedCommand[] }

/** A command that is in the log already, with the sequence numbers of what it did. */
export interface KnownCommand {
  readonly commandId: string
  readonly commandHash: number
  readonly seqs: readonly number[]
}

/**
 * The store's answer to an append. Only `ok: true` wrote anything. A conflict is an answer, not an exception.
 *
 * - `ok`: everything was written. `data` is the data of the wanted jobs, at most 64 KB, of those that came as a row only where `rows` asked
 *   for it; `LogStore.data` has the rest.
 * - `version`: another process was faster. `missed` has the events after `expectedVersion`, which lead to `epoch`. It is limited
 *   in count and bytes: read on if the last one is below `version`.
 * - `log_went_back`: the log ends before `expectedVersion`, or its event there has another time than `expectedAt`. Not checked
 *   without `expectedAt`. If the event was archived and not kept, it cannot be checked: the answer is `version`.
 * - `known`: some of the commands are in the log already.
 * - `requested`: a `started` for jobs with an undecided `cancel` in the inbox.
 * - `taken`: a `queued` with `intake` for jobs that the log already knows, live or ended, or whose rows can no longer be taken
 *   in.
 * - `once`: a `queued` with `once` for jobs whose ids are still taken by others that were enqueued `once`.
 * - `ending`: an end, or a request to stop, of jobs whose handler ends the attempt in a transaction of its own (`completeIn`), which is
 *   committed and not decided yet, or commits at this moment.
 * - `submissions`: `queued` events of submitted jobs that another process has put in line; `ids` of these submissions.
 * - `dead_worker`: a `started` for a worker whose lease is not live.
 * - `live_worker`: a `lease_expired`, or a `worker_gone` that has not `left`, for a worker whose ttl and grace are not over.
 * - `unstaged`: data that was staged for some of the commands is missing: stage it again.
 * - `clock`: the times of the events do not rise, or are away from the database's clock, which is `now`: more than a second, or, if they
 *   are older and there is no `started`, no `worker_serves` and no offer among them, more than 5 s.
 */
export type AppendAnswer =
  | (Stand & {
      readonly ok: true
      readonly data?: readonly JobData[] | undefined
      /** For an append with `answered`: the commands of others that are published now. */
      readonly published?: readonly PublishedCommand[] | undefined
      /** The answer to the heartbeat that came along. */
      readonly beat?: BeatAnswer | undefined
      /** The step of the outer projection that went along, unless it failed. */
      readonly projected?: ProjectStep | undefined
    })
  | RefusedAppend<'version', { epoch: number; missed: readonly RecordedEvent[] }>
  | RefusedAppend<'known', { known: readonly KnownCommand[] }>
  | RefusedAppend<'dead_worker' | 'live_worker', { workerIds: readonly string[] }>
  | RefusedAppend<'taken' | 'requested' | 'ending', { jobIds: readonly string[] }>
  | RefusedAppend<'once', { once: readonly OnceRecord[] }>
  | RefusedAppend<'submissions', { ids: readonly number[] }>
  | RefusedAppend<'unstaged', { commandIds: readonly string[] }>
  | RefusedAppend<'clock' | 'log_went_back'>

/** Where the log ends, and the database's clock. */
interface Stand {
  readonly version: number
  readonly now: Micros
  /** For an append with `answered`: whether its sender still is the combiner. For another that was written: false if there is a combiner. */
  readonly combines?: boolean | undefined
}

type RefusedAppend<Reason extends string, More extends object = object> = Stand & {
  readonly ok: false
  readonly reason: Reason
} & Readonly<More>

/** What a turn sees while it holds the queue's lock: everything up to the head, and the database's clock. */
export interface TurnView {
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** The time of the event with the number that the caller gave; null for 0, or if it is unknown. */
  readonly sinceAt: Micros | null
  /** The events after it. */
  readonly missed: readonly RecordedEvent[]
}

/** Role "append": the only way to write to the log, and how processes keep out of each other's way. */
export interface AppendRole {
  append(request: AppendRequest): Promise<AppendAnswer>
  /**
   * Stores the data of a command, outside the queue's lock, for the append that will name it (`changes.staged`). It changes no
   * data of a job. Data that no append has taken over is deleted after an hour. You may call it twice.
   */
  stage(queue: string, commandId: string, data: readonly DataChange[]): Promise<void>
  /**
   * How the last lives of these jobs ended, 10,000 ids at most, for jobs that are to come after them. An id is missing if neither the log nor
   * its archive has an end of it.
   */
  endings(queue: string, jobIds: readonly string[]): Promise<ReadonlyMap<string, JobOutcome>>
  /**
   * For processes that write at the same time: one of them, the combiner, carries out the commands of all (docs/inside/several-writers.md). It
   * only saves lost appends. The version of an append guards the log without it, and published commands may get lost. Absent in a store
   * that cannot tell a process that its command was carried out.
   */
  readonly combining?: CombiningRole
  /**
   * Resolves when all that could be read before is where commits have to be: with the standby, if they wait for one. An append that was
   * answered is; what is only read or heard of (`isUnconfirmed`) may not be: a commit is shown to others when its wait was cancelled, its
   * session ended, or its server crashed. Absent in a store where whatever can be read is where it has to be, or nobody can know.
   * @param known the last event that was read. The server that confirms may be another one by now, which lacks it
   * @returns whether it has that event; false: what was read is of a log that is gone
   * @throws what the store throws: then it is unknown
   */
  readonly confirm?: (queue: string, known: KnownEvent) => Promise<boolean>
}

/** How processes combine their commands. */
export interface CombiningRole {
  /**
   * Publishes commands for the combiner. If there is none, or it makes no progress, the sender combines from now on. `OnWake`
   * (`answered`, `answers`) tells the sender when some of its commands were carried out, or need no append.
   */
  publish(queue: string, publication: Publication): Promise<PublishAnswer>
  /**
   * The combiner has nothing left to do, and says which commands need no append. It resigns if nothing is published; else it goes on with
   * what is. `combines` is also false if another process has taken its place.
   */
  resign(
    queue: string,
    answered: Answered & { readonly combiner: string },
  ): Promise<{ readonly combines: boolean; readonly published: readonly PublishedCommand[] }>
}
