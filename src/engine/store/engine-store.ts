import type { Json, Micros, OnceRecord, Operator, RecordedEvent, StandIn } from '../core/index.ts'
import type { AppendRole } from './append.ts'
import type { OutsideLine } from './checkup.ts'
import type { MembershipRole } from './membership.ts'
import type { DataRole, DeadLetterRole, SubmissionRole } from './side-data.ts'
import type { UserTablesRole } from './user-tables.ts'
import type { WakeRole } from './wake.ts'

/**
 * What the engine needs of a store to work: 34 calls, in roles. A part asks for the role it needs, or picks calls of it. Everything
 * is written to the log by `append`. Errors: `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`,
 * `corrupt_log`, `unknown_event`, `closed`.
 */
export interface EngineStore
  extends StoreTraits,
    LogRole,
    AppendRole,
    SnapshotRole,
    ArchiveRole,
    MembershipRole,
    OperatorRole,
    DataRole,
    DeadLetterRole,
    SubmissionRole,
    IntakeRole,
    InboxRole,
    UserTablesRole,
    WakeRole {}

/** The name and habits of a store, and how to close it. */
export interface StoreTraits {
  /** For messages: `memory`, `pglite:<dir>`, `postgres://host:port/database` — never with credentials. */
  readonly name: string
  /** Defaults of a coordinator over this store, if each request has its price. */
  readonly defaults?: { readonly pollMs: number; readonly leaseMs: number }
  /**
   * Each call has its price. A worker then reads only when it has to know, not whenever something happens; and the user's tables
   * follow once a second, through one process for all.
   */
  readonly frugal?: true
  /** The time of a store in this process, which can be read without a call. A server's is learned from its answers. */
  readonly clock?: StoreClock
  close(): Promise<void>
}

/** A clock that can be read at any moment. */
export interface StoreClock {
  now(): Micros
  /** Calls back once, when `ms` milliseconds have passed on it. Returns how to cancel that. */
  after(ms: number, callBack: () => void): () => void
}

/** One page of the log, ascending. `version` is the head at the time of reading; `now` the database's clock. */
export interface LogPage {
  readonly events: readonly RecordedEvent[]
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** Events up to this one were archived. If they were not kept, a page that begins before it is empty. */
  readonly archivedSeq: number
  /** A standby has answered: it may be behind, so it does not show that the log went back. */
  readonly isOfStandby?: boolean
  /** Commits wait for a standby, and nobody has said that these did: see `AppendRole.confirm`. */
  readonly isUnconfirmed?: boolean
}

/** Role "log": the events as they are stored. Folding, streaming and looking need only this. */
export interface LogRole {
  /**
   * Checks that the database is migrated and that this release can read it. Makes the queue if it is new.
   * @param options `make: false` for a reader: nothing is made
   * @throws InterlockError `unknown_queue` if the queue is new and must not be made; its details name the queues there are
   * (`queues`)
   */
  open(queue: string, options?: { readonly make?: boolean }): Promise<void>
  /** Events after `after`, at most `limit` (1..10,000). Never takes the lock. */
  read(queue: string, after: number, limit: number): Promise<LogPage>
}

/** The folded ledger at a sequence number, unchecked. Its state describes its chunks: `{shape, maker, chunks, …}`. */
export interface StoredSnapshot {
  readonly seq: number
  readonly state: unknown
}

/** Names a chunk: that of a snapshot at a number, written by one maker, counted from 0. */
export interface ChunkKey {
  readonly seq: number
  /** A random name for one snapshot, so that two processes can write one at the same number. 1 to 100 characters. */
  readonly maker: string
  readonly n: number
}

/** A part of a snapshot, as lines of JSON: 4 MB at most. */
export interface SnapshotChunk extends ChunkKey {
  readonly body: string
}

/** Role "snapshots": stored ledgers, so that a process that starts reads only newer events. */
export interface SnapshotRole {
  /** The newest snapshot that is not newer than `upTo` (null: the newest of all); null if there is none. */
  snapshot(queue: string, upTo: number | null): Promise<StoredSnapshot | null>
  /**
   * Keeps a snapshot for processes that start later, and for a cut; the newest four stay. A snapshot whose state has `chunks`
   * consists of what the same `maker` gave {@link SnapshotRole.putChunk}, and is visible from then on. False: there is one at
   * that number already, which stays. `incomplete`: some of its chunks are not there (any more).
   */
  putSnapshot(queue: string, snapshot: StoredSnapshot): Promise<boolean | 'incomplete'>
  /**
   * Keeps a part of a snapshot that is still being made: nobody sees it before {@link SnapshotRole.putSnapshot}. If its maker
   * does not come back for 10 minutes, a later call deletes it.
   */
  putChunk(queue: string, chunk: SnapshotChunk): Promise<void>
  /** The body of a chunk; null if it is not there (any more). */
  chunk(queue: string, key: ChunkKey): Promise<string | null>
}

/** Role "archive": takes old events out of the log. */
export interface ArchiveRole {
  /**
   * Takes the events up to a snapshot out of the log. With `keep`, `read` still finds them; otherwise they are erased, together
   * with the data of jobs that had ended by then. Jobs that had not ended lose nothing: if one fails, it is among the dead
   * letters. `unkept`: how many events that earlier calls had kept were erased too.
   * @throws InterlockError `invalid_input` if there is no snapshot at that number
   */
  archive(
    queue: string,
    through: number,
    keep: boolean,
  ): Promise<{ readonly archivedSeq: number; readonly archived: number; readonly unkept: number }>
  /**
   * Where to cut the log so that it has nothing older than a time: the number of the last older event. One process gets the task.
   * Null: there is less than an hour's worth to cut, or another process got the task less than 55 minutes ago and has not cut
   * since.
   */
  claimCut(queue: string, before: Micros): Promise<number | null>
}

/** Role "operators": who acts through a process. It is kept beside the log, which has the worker id and names nobody. */
export interface OperatorRole {
  /** Notes who acts under a worker id. What was noted first stays. */
  sign(queue: string, workerId: string, operator: Operator): Promise<void>
}

/** A row of `jobs` that was inserted as pending since the migration, is still pending, and was not queued. */
export interface Arrival {
  readonly arrivalId: number
  /** Null, or longer than 200 characters: the row cannot be a job. */
  readonly jobId: string | null
  /**
   * `required_models` (only trusted roles can write it), else `[model]`, else none. Unchecked. No more than 101 are read, and 201
   * characters of each, so a row with more than 100 cannot be a job.
   */
  readonly models: readonly unknown[]
  /** From the columns with these names; null if the row or the table has none. Unchecked. */
  readonly priority: number | null
  readonly jobType: string | null
  readonly kind: string | null
  /** `user_id`. */
  readonly fairKey: string | null
  /** From the columns that the user named for them. Unchecked. */
  readonly dedupeKey?: string | null
  readonly dedupeWhile?: string | null
  /** How it needs its models, and what it uses: `{ modes, asks, uses }`, from the column that the user named. Unchecked; absent: nothing. */
  readonly requirements?: unknown
}

/** An arrival that cannot be a job, and the reason, for `job_queue_not_taken_in`. */
export interface RefusedArrival {
  readonly arrivalId: number
  /** One sentence, 500 characters at most. */
  readonly reason: string
}

/** Role "intake": rows of the user's `jobs` on their way into the line. */
export interface IntakeRole {
  /**
   * Claims up to `limit` (1..1,000) rows of `jobs` to take in, in the order of their arrival. They are reserved for this caller
   * for 5 s; then others get those that no append has put in line and `taken` has not named. A row that one queue has claimed
   * goes to no other queue. Empty in a store without such a table.
   */
  arrivals(queue: string, limit: number): Promise<readonly Arrival[]>
  /** Finishes arrivals: those whose job is in the log now, and those that cannot be jobs. You may call it twice. */
  taken(queue: string, arrivalIds: readonly number[], refused?: readonly RefusedArrival[]): Promise<void>
}

/** A command that was put into the inbox by SQL. */
export interface InboxRequest {
  readonly requestId: string
  /** As it was put there, unchecked. */
  readonly command: Json
}

export interface InboxAnswer {
  readonly requestId: string
  /** Null: it could not be decided, and goes back for others to decide. */
  readonly answer: Json
}

/** The end of an attempt that its handler has committed with its own writes, as a command of the inbox. */
export interface CommittedEnd extends InboxRequest {
  readonly isDecided: boolean
}

/** A job that was committed in a transaction of its submitter, as SQL has it. */
export interface SubmissionRow {
  readonly id: number
  readonly job: Json
}

/** A submitted job in a list. */
export interface ListedSubmission extends SubmissionRow {
  readonly at: Micros
}

export interface IncomingCommands {
  readonly requests: readonly InboxRequest[]
  readonly submissions: readonly SubmissionRow[]
}

/**
 * By their ids. `known`: nothing is left to do, since the jobs are in line already. `held`: they cannot come into line yet, and are looked at
 * again in 10 s.
 */
export interface SettledSubmissions {
  readonly known: readonly number[]
  readonly held: readonly { readonly id: number; readonly code: string; readonly message: string }[]
}

/** The jobs of one large call, which its process has decided. */
export interface CallToSubmit {
  /** 1 to 190 characters; begins with `call:`. */
  readonly requestId: string
  /** By which another call under the same id is known. */
  readonly digest: string
  /** As SQL has them (`submissionOf`), each id once, in the order in which they come into line: 10,000 at most. */
  readonly jobs: readonly { readonly job_id: string; readonly [field: string]: Json }[]
  /** The rest of the call: jobs that are there already. */
  readonly known: readonly string[]
  /** Of how many jobs the payloads were staged under the request's id. */
  readonly staged: number
}

/**
 * `ok`: committed, by this call or one before it. Else nothing was. `reused`: the id is of another call. `unstaged`: stage the payloads again.
 * `changed`: some of the jobs are in line by now, or their ids are taken, as `once` says: decide again.
 */
export type SubmittedAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: 'reused' | 'unstaged' | 'changed'
      readonly once: readonly OnceRecord[]
    }

/** How far the jobs of such a call are. */
export interface SubmittedCall {
  readonly isReused: boolean
  /** Another process is putting them in line. */
  readonly isTaken: boolean
  /** How many are not in line yet. */
  readonly left: number
  /** Those of them that are not held, in order, unless another process has them. They are reserved for the caller for 5 s. */
  readonly open: readonly { readonly id: number; readonly jobId: string }[]
  /** Those that cannot come into line yet, and why. */
  readonly held: readonly { readonly jobId: string; readonly reason: string }[]
  /** What came of them; null until all are in line. */
  readonly answer: { readonly known: readonly string[]; readonly doubles: readonly StandIn[] } | null
}

/** Role "inbox": commands and jobs by SQL, for any process to decide. */
export interface InboxRole {
  /**
   * What SQL put in and nobody has decided, the oldest first: commands (`limit` 1 to 1,000), and submitted jobs (10 times as many); fewer
   * if they are large. They are reserved for this caller for 2 s; what is then undecided goes to others.
   * @param again also submitted jobs that were put off, before their time
   */
  incoming(queue: string, limit: number, again: boolean): Promise<IncomingCommands>
  /** What became of submitted jobs beside those that an append has put in line. Tells those who wait for answers. */
  settle(queue: string, settled: SettledSubmissions): Promise<void>
  /** What waits outside of the line. Reads only, and cheap enough for every few seconds. Null if there is nothing to look at. */
  backlog(queue: string): Promise<OutsideLine | null>
  /** Commits jobs of one call as submissions, all or none, reserved for the caller for 5 s. You may call it twice. @throws InterlockError `job_exists` */
  submitCall(queue: string, call: CallToSubmit): Promise<SubmittedAnswer>
  /**
   * How far a call is, and what is left of it. Null: no such call is committed.
   * @param isHolder it was reserved for the caller before
   */
  submittedCall(
    queue: string,
    call: Pick<CallToSubmit, 'requestId' | 'digest'>,
    isHolder: boolean,
  ): Promise<SubmittedCall | null>
  /** Cancels a submitted job that is not in line yet. False: there is none, or it is in line by now. */
  cancelSubmitted(queue: string, jobId: string): Promise<boolean>
  /** Cancels the submitted jobs that come after one of these, in however many steps. Returns which. */
  cancelSubmittedAfter(queue: string, jobIds: readonly string[]): Promise<readonly string[]>
  /** Answers commands. The first answer counts; answers are kept for a day. */
  answer(queue: string, answers: readonly InboxAnswer[]): Promise<void>
  /**
   * The end of the attempt with this token that its handler has committed with its own writes (`job_queue_complete_in`); null: there is
   * none. Absent in a store in which a program has no transactions.
   */
  readonly endOf?: (queue: string, token: number) => Promise<CommittedEnd | null>
  /** The schema that the installation has for itself, for statements in transactions of a program. Absent: it is the default. */
  readonly schema?: string
}
