import type {
  FailureCode,
  JobRow,
  JobSpec,
  Json,
  Micros,
  ProjectionChanges,
  RecordedEvent,
  StateRow,
} from '../core/index.ts'
import type { Checkup } from './checkup.ts'

/** What one append wants to write. The events already carry their sequence numbers and times. */
export interface AppendRequest {
  readonly queue: string
  /** The version (last sequence number) that the deciding replica was at. The first event is the next. */
  readonly expectedVersion: number
  readonly events: readonly RecordedEvent[]
  /** The inner projection after these events: computed by the core, written by the store in the same transaction, and the data that goes with it. */
  readonly changes: ProjectionChanges
}

/** A command that is in the log already, with the sequence numbers of what it did. */
export interface KnownCommand {
  readonly commandId: string
  readonly commandHash: number
  readonly seqs: readonly number[]
}

/**
 * What the store says of an append. Only `ok: true` wrote anything. A conflict is an answer, not an exception.
 *
 * - `version`: others were faster; `missed` are the events after `expectedVersion` (bounded in count and bytes: read on
 *   when the last one is below `version`).
 * - `known`: some of the commands are in the log already.
 * - `taken`: a `queued` with `intake` for jobs that the log knows already, live or ended.
 * - `dead_worker`: a `started` for a worker whose lease is not live.
 * - `live_worker`: a `lease_expired` for a worker whose lease is not past ttl + grace.
 * - `clock`: the times of the events are more than a second away from the database's clock; `now` is that clock.
 */
export type AppendAnswer =
  | { readonly ok: true; readonly version: number; readonly now: Micros }
  | {
      readonly ok: false
      readonly reason: 'version'
      readonly version: number
      readonly now: Micros
      readonly missed: readonly RecordedEvent[]
    }
  | {
      readonly ok: false
      readonly reason: 'known'
      readonly version: number
      readonly now: Micros
      readonly known: readonly KnownCommand[]
    }
  | {
      readonly ok: false
      readonly reason: 'dead_worker' | 'live_worker'
      readonly version: number
      readonly now: Micros
      readonly workerIds: readonly string[]
    }
  | {
      readonly ok: false
      readonly reason: 'taken'
      readonly version: number
      readonly now: Micros
      readonly jobIds: readonly string[]
    }
  | { readonly ok: false; readonly reason: 'clock'; readonly version: number; readonly now: Micros }

/** What a turn sees once it holds the queue's lock: everything up to the head, and the database's clock. */
export interface TurnView {
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** The events after the version that the caller named. */
  readonly missed: readonly RecordedEvent[]
}

/** One page of the log, ascending. `version` is the head at the time of reading; `now` the database's clock. */
export interface LogPage {
  readonly events: readonly RecordedEvent[]
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** Events up to this one were archived. A page that begins before it is empty when they were not kept. */
  readonly archivedSeq: number
}

/** A worker process as the database knows it. One row and one heartbeat for all the jobs it runs. */
export interface WorkerBeat {
  readonly queue: string
  /** The incarnation: made at start, never reused. */
  readonly workerId: string
  /** Handlers it has; null: every kind. */
  readonly kinds: readonly string[] | null
  readonly freeSlots: number
  /** The release of Interlock that it runs. */
  readonly release: string
  /** How long the lease lives without another beat, in milliseconds (ttl), and the grace after it. */
  readonly ttlMs: number
  readonly graceMs: number
}

export interface BeatAnswer {
  /** False: the lease is gone (expired, or declared dead); this incarnation never gets it back. */
  readonly alive: boolean
  readonly now: Micros
  readonly expiresAt: Micros
  readonly version: number
  /** Workers whose lease is past ttl + grace and that still hold something; any live process expires them. */
  readonly overdue: readonly string[]
  /** There are rows of `jobs` to be taken in, and commands by SQL to be decided, that nobody is at. */
  readonly arrived: boolean
  readonly requested: boolean
}

export interface WorkerRow {
  readonly workerId: string
  readonly kinds: readonly string[] | null
  readonly freeSlots: number
  readonly release: string
  readonly startedAt: Micros
  readonly beatAt: Micros
  readonly expiresAt: Micros
  readonly state: 'live' | 'late' | 'dead'
}

/** The inner projection as it is stored, for `verify`: must equal the fold of the log at `state.version`. */
export interface Projection {
  /** With the policy in force. */
  readonly state: StateRow
  /** By `job_id`, in the order of JavaScript's `<`. */
  readonly jobs: readonly JobRow[]
}

/** One step of the outer projection: how far the user's tables follow the log now. */
export interface ProjectStep {
  readonly projectedSeq: number
  readonly version: number
  readonly written: number
  /** Rows that could not be written (locked, or refused by a trigger or CHECK of the user), to be tried again. */
  readonly setAside: number
  /** Somebody else is at it, or a table is locked: nothing was moved. */
  readonly busy: boolean
  /** How many of the user's tables there are to write to. */
  readonly targets: number
}

/** What is kept of a job beside the log. Null where there is nothing. */
export interface JobData {
  readonly jobId: string
  readonly payload: Json
  readonly result: Json
  /** Of the last attempt that failed: `{ name, message, stack? }`. */
  readonly error: Json
  /** What the last attempt noted for the next one. */
  readonly checkpoint: Json
  readonly progress: Json
  /** The user's row of `jobs` as JSON, by the names of its columns; numbers beyond 2^53 lose digits. */
  readonly row: { readonly [column: string]: Json } | null
}

/** How far a running attempt has come. */
export interface AttemptNote {
  readonly jobId: string
  /** The fencing token of the attempt. */
  readonly token: number
  /** Given to the next attempt; on the disk when the call returns. Absent: stays; null: emptied. */
  readonly checkpoint?: Json
  /** For people; may be lost with a crash of the server. */
  readonly progress?: Json
}

/** What a rebuild of the inner projection did. `ok: false`: more was missed than one turn reads; nothing was changed. */
export type RebuildAnswer =
  | {
      readonly ok: true
      readonly version: number
      /** Rows that were wrong or too many, and rows written in their place. */
      readonly removed: number
      readonly written: number
    }
  | { readonly ok: false; readonly version: number; readonly missed: readonly RecordedEvent[] }

/** A row of `jobs` that was inserted as pending since the migration, is still pending, and was not queued. */
export interface Arrival {
  readonly arrivalId: number
  /** Null, or longer than 200 characters: no job can be made of it. */
  readonly jobId: string | null
  /** `required_models` (only trusted roles can write it), else `[model]`, else none. Not checked. */
  readonly models: readonly unknown[]
  /** From the columns of these names; null where the row or the table has none. Not checked. */
  readonly priority: number | null
  readonly jobType: string | null
  readonly kind: string | null
  /** `user_id`. */
  readonly fairKey: string | null
}

/** An arrival that cannot be a job, and why, for `job_queue_not_taken_in`. */
export interface RefusedArrival {
  readonly arrivalId: number
  /** One sentence, 500 characters at most. */
  readonly reason: string
}

/** The states in which a row of `jobs` can be taken in by hand. */
export type AdoptableState = 'pending' | 'running'

/** A row of `jobs` that no log knows and that has not arrived: made before Interlock was activated, or refused before. */
export interface AdoptableRow extends Omit<Arrival, 'arrivalId' | 'jobId' | 'fairKey'> {
  readonly jobId: string
  readonly state: AdoptableState
  /** `queued_at` of the first coordinator, else `created_at`; null where the row has neither. */
  readonly since: Micros | null
}

/** Rows in the order in which they would be taken in, and how many there are in each state; null: there is no usable table. */
export interface Adoptable {
  readonly totals: { readonly [state: string]: number } | null
  readonly rows: readonly AdoptableRow[]
}

/** Which rows; what is absent restricts nothing. */
export interface AdoptableFilter {
  readonly states?: readonly AdoptableState[]
  readonly jobIds?: readonly string[]
  /** 1 to 10,000. */
  readonly limit: number
}

/** A command that was put into the inbox by SQL. */
export interface InboxRequest {
  readonly requestId: string
  /** As it was put there: not checked. */
  readonly command: Json
}

export interface InboxAnswer {
  readonly requestId: string
  readonly answer: Json
}

/** Which dead letters; what is absent restricts nothing. */
export interface DeadFilter {
  readonly jobIds?: readonly string[]
  /** One of the models that the job needed. */
  readonly model?: string
  /** Those that ended then or later. */
  readonly since?: Micros
  /** Those whose end has a smaller sequence number: to page on. */
  readonly before?: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** A job whose last life ended without success. */
export interface DeadJob {
  readonly jobId: string
  /** Of the event that ended it. */
  readonly seq: number
  readonly at: Micros
  /** Why the last attempt failed; or it was lost with its lease, or the job waited too long. */
  readonly code: FailureCode | 'lease_expired' | 'expired'
  /** How many attempts were started. */
  readonly attempts: number
  /** What it was asked to be; the models are those that it needed last. */
  readonly spec: JobSpec
  /** `{ name, message, stack? }` of the last attempt that failed; null when nothing was told, or it was deleted. */
  readonly error: Json
}

/** The folded ledger at a sequence number, as the core writes it down ({@link LedgerSnapshot}); not checked. */
export interface StoredSnapshot {
  readonly seq: number
  readonly state: unknown
}

/** A page of the hash chain of a queue: each event as the text that its hash is made over, and the hash it carries. */
export interface ChainPage {
  readonly version: number
  /** Events after this one are chained. */
  readonly chainFrom: number
  /** The hash from which it goes on, where the events before are gone; null: made from the name of the queue. */
  readonly start: string | null
  /** Of the last event, in hexadecimal: the anchor. */
  readonly head: string
  readonly events: readonly { readonly seq: number; readonly text: string; readonly hash: string | null }[]
}

/**
 * Whom an append has to do with, beside the process that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or, where it is not known which, both. */
export type Intake = 'rows' | 'requests' | 'both'

export type OnWake = (version?: number, intake?: Intake | false, concern?: Concern) => void

/**
 * Where a queue's log lives. All writes to the log go through `append` (or `turn`, which is an append under a lock that
 * is held while the caller decides). Errors: `not_migrated`, `database_older`, `database_newer`, `store_unavailable`,
 * `store_in_use`, `corrupt_log`, `unknown_event`, `closed`.
 */
export interface LogStore {
  /** For messages: `memory`, `pglite:<dir>`, `postgres://host:port/database` — never with credentials. */
  readonly name: string
  /** What a coordinator over this store does unless its options say otherwise: where each request has its price. */
  readonly defaults?: { readonly pollMs: number; readonly leaseMs: number }
  /**
   * Each call has its price: a worker then reads what others did when it has to know and not whenever it happens, and the
   * user's tables follow once a second, through one process for all.
   */
  readonly frugal?: true
  /** Checks that the database is migrated and readable by this release; makes the queue's head when it is new. */
  open(queue: string): Promise<void>
  append(request: AppendRequest): Promise<AppendAnswer>
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
   * Waits a few seconds for the queue's baton, which processes under pressure hand on, so that one at a time appends without
   * losing to others. A courtesy only: appends are as good without it. Returns how to give it back, which never fails; null
   * when it did not come free. Absent where a store cannot keep one over several calls.
   */
  baton?(queue: string): Promise<(() => Promise<void>) | null>
  /** Events after `after`, at most `limit` (1..10,000). Never takes the lock. */
  read(queue: string, after: number, limit: number): Promise<LogPage>
  /** The inner projection of one moment. Null when the queue has never been opened. */
  projection(queue: string): Promise<Projection | null>
  /**
   * Brings the coordination columns of the user's `jobs` and `workflow_executions` up to date with the log, following at
   * most `batch` (1..10,000) events, in a transaction of its own. A store without such tables answers `targets: 0`.
   */
  project(queue: string, batch: number): Promise<ProjectStep>
  /**
   * Makes the inner projection anew: under the lock, `rowsAt` is shown what was missed since `since` and gives all rows
   * of the log at that version. One transaction; workers wait for it, and go on as if nothing had happened.
   */
  rebuild(queue: string, since: number, rowsAt: (view: TurnView) => Projection): Promise<RebuildAnswer>
  /** The newest snapshot that is no newer than `upTo` (null: the newest of all); null when there is none. */
  snapshot(queue: string, upTo: number | null): Promise<StoredSnapshot | null>
  /** Keeps a snapshot for processes that start later; the newest four stay. Twice does nothing more. */
  putSnapshot(queue: string, snapshot: StoredSnapshot): Promise<void>
  /**
   * Takes the events up to a snapshot out of the log: with `keep` to where `read` still finds them, else for good, and with
   * them what is kept beside the log of jobs that came before and have ended.
   * @throws InterlockError `invalid_input` when there is no snapshot at that number
   */
  archive(
    queue: string,
    through: number,
    keep: boolean,
  ): Promise<{ readonly archivedSeq: number; readonly archived: number }>
  /**
   * Archives the events up to the newest snapshot of which all are older than a time, `keep` as above; what any process may do
   * at any time. Returns how many.
   */
  retain(queue: string, before: Micros, keep: boolean): Promise<number>
  /** The chain after an event, at most `limit` (1..10,000) of it; null: the queue keeps none, or the store cannot. */
  chain(queue: string, after: number, limit: number): Promise<ChainPage | null>
  /** From the next event on, each carries the hash of the one before it. Stays; again does nothing. */
  startChain(queue: string): Promise<void>
  /** Starts the outer projection anew: {@link LogStore.project} then walks the whole log again. */
  reproject(queue: string): Promise<void>
  beat(beat: WorkerBeat): Promise<BeatAnswer>
  /**
   * What is kept of these jobs (1,000 at most) beside the log: one entry for each id, in the order given. Of a job that was
   * enqueued anew only what its present life has.
   */
  data(queue: string, jobIds: readonly string[]): Promise<readonly JobData[]>
  /** Keeps a note of a running attempt. False, and nothing written: the token is not that of the running attempt. */
  note(queue: string, note: AttemptNote): Promise<boolean>
  /** Deletes what is kept of these jobs beside the log; the log stays. Twice does nothing more. */
  forget(queue: string, jobIds: readonly string[]): Promise<void>
  /**
   * Claims up to `limit` (1..1,000) rows of `jobs` that are to be taken in, in the order of their arrival. They are kept
   * for this caller for 5 s; what `taken` has not named by then is given to others again. What one queue has claimed, no other
   * queue gets. A store without such a table has none.
   */
  arrivals(queue: string, limit: number): Promise<readonly Arrival[]>
  /** What became of them: those whose job is in the log by now, and those that cannot be jobs. Twice does nothing more. */
  taken(queue: string, arrivalIds: readonly number[], refused?: readonly RefusedArrival[]): Promise<void>
  /** Rows of `jobs` that are never taken in by themselves; reads only. A store without such a table has none. */
  adoptable(filter: AdoptableFilter): Promise<Adoptable>
  /**
   * Lets rows of {@link LogStore.adoptable} arrive for this queue, in the order given (10,000 at most), as pending ones; what
   * takes rows in puts them in line. Returns the ids of those that arrived; twice does nothing more.
   */
  adopt(queue: string, jobIds: readonly string[]): Promise<readonly string[]>
  /** What `interlock doctor` looks at; reads only, and not for every minute. Null where there is nothing to look at. */
  checkup(queue: string): Promise<Checkup | null>
  /**
   * Jobs whose last life ended without success (a final `failed`, a final `lease_expired`, `expired`), that are not in line again
   * and were not dropped: the newest first.
   */
  dead(queue: string, filter: DeadFilter): Promise<readonly DeadJob[]>
  /** Takes dead letters off that list and deletes what is kept of them. Returns how many; twice does nothing more. */
  drop(queue: string, jobIds: readonly string[]): Promise<number>
  /** Commands that were put into the inbox by SQL and are not decided yet, the oldest first; `limit` 1 to 1,000. */
  inbox(queue: string, limit: number): Promise<readonly InboxRequest[]>
  /** What became of them. The first answer stays; answers are kept for a day. */
  answer(queue: string, answers: readonly InboxAnswer[]): Promise<void>
  /** Ends this incarnation: its lease is gone at once. */
  leave(queue: string, workerId: string): Promise<void>
  workers(queue: string): Promise<readonly WorkerRow[]>
  /**
   * Called soon after somebody appended, with the version the log was at then, where that is known; and, with an
   * `intake`, soon after something came in beside the log. Without either, both may be so. `concern` (all unless given): whom
   * what was appended has to do with. A hint only: it may come late, double, or never. Returns how to stop.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A store that can hold the lock while its caller decides. */
export type TurnStore = LogStore & Required<Pick<LogStore, 'turn'>>
