import type { DataChange, Micros } from '../core/index.ts'
import type { AppendAnswer, AppendRequest, TurnView } from './append.ts'
import type { Checkup } from './checkup.ts'
import type { AttemptNote, JobData } from './data.ts'
import type { DeadFilter, DeadJob } from './dead.ts'
import type { InboxAnswer, InboxRequest } from './inbox.ts'
import type { Adoptable, AdoptableFilter, Arrival, RefusedArrival } from './intake.ts'
import type {
  ChainPage,
  ChunkKey,
  KeptEvents,
  LogPage,
  RowPage,
  SnapshotChunk,
  StoredSnapshot,
} from './log.ts'
import type { Projection, ProjectStep, RebuildAnswer } from './projection.ts'
import type { OnWake } from './wake.ts'
import type { BeatAnswer, WorkerBeat, WorkerRow } from './worker.ts'

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
  /**
   * Checks that the database is migrated and readable by this release; makes the queue's head when it is new.
   * @param options `make: false` for who only looks: it makes nothing
   * @throws InterlockError `unknown_queue` where it must not be made; its details name the queues that there are (`queues`)
   */
  open(queue: string, options?: { readonly make?: boolean }): Promise<void>
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
   * Waits a few seconds for the queue's baton, which processes under pressure hand on, so that one at a time appends without
   * losing to others. A courtesy only: appends are as good without it. Returns how to give it back, which never fails; null
   * when it did not come free. Absent where a store cannot keep one over several calls.
   */
  baton?(queue: string): Promise<(() => Promise<void>) | null>
  /** Events after `after`, at most `limit` (1..10,000). Never takes the lock. */
  read(queue: string, after: number, limit: number): Promise<LogPage>
  /** A page of rows in the place of events, for who looks into a log that cannot be read. Void events are as they are read. */
  rows(queue: string, after: number, limit: number): Promise<RowPage>
  /** The inner projection of one moment. Null when the queue has never been opened. */
  projection(queue: string): Promise<Projection | null>
  /**
   * Brings the coordination columns of the user's `jobs` and `workflow_executions` up to date with the log, following at
   * most `batch` (1..10,000) events, in a transaction of its own. A store without such tables answers `targets: 0`.
   */
  project(queue: string, batch: number): Promise<ProjectStep>
  /**
   * Writes the inner projection again: under the lock, `rowsAt` is shown what was missed since `since` and gives all rows
   * of the log at that version. One transaction; workers wait for it, and go on as if nothing had happened.
   */
  rebuild(queue: string, since: number, rowsAt: (view: TurnView) => Projection): Promise<RebuildAnswer>
  /** The newest snapshot that is no newer than `upTo` (null: the newest of all); null when there is none. */
  snapshot(queue: string, upTo: number | null): Promise<StoredSnapshot | null>
  /**
   * Keeps a snapshot for processes that start later, and for a cut; the newest four stay. One whose state says `chunks` is made of
   * what {@link LogStore.putChunk} was given by the same `maker`, and is seen from then on. False: there is one at that number already,
   * which stays as it is. `incomplete`: not all its chunks are there (any more).
   */
  putSnapshot(queue: string, snapshot: StoredSnapshot): Promise<boolean | 'incomplete'>
  /**
   * Keeps a part of a snapshot that is still being made: nobody sees it before {@link LogStore.putSnapshot}. Of a maker that has not
   * come back for 10 minutes it is taken away by a later call.
   */
  putChunk(queue: string, chunk: SnapshotChunk): Promise<void>
  /** The body of a chunk; null when it is not there (any more). */
  chunk(queue: string, key: ChunkKey): Promise<string | null>
  /** Whether what was archived and kept is there as it was; null where nothing was kept. Reads all of it. */
  kept(queue: string): Promise<KeptEvents | null>
  /**
   * Takes the events up to a snapshot out of the log: with `keep` to where `read` still finds them, else for good, and with
   * them what is kept beside the log of jobs that came before and have ended. Of jobs that had not ended by then everything is
   * known as before: a job that fails is among the dead. `unkept`: how many went with them that earlier calls had kept.
   * @throws InterlockError `invalid_input` when there is no snapshot at that number
   */
  archive(
    queue: string,
    through: number,
    keep: boolean,
  ): Promise<{ readonly archivedSeq: number; readonly archived: number; readonly unkept: number }>
  /**
   * Where to cut the log so that nothing older than a time is left in it, for the one process that is to do it: the number of the
   * last older event. Null: there is not an hour's worth of them, or another process has been told so less than 55 minutes ago and
   * has not cut since.
   */
  claimCut(queue: string, before: Micros): Promise<number | null>
  /** The chain after an event, at most `limit` (1..10,000) of it; null: the queue keeps none, or the store cannot. */
  chain(queue: string, after: number, limit: number): Promise<ChainPage | null>
  /** From the next event on, each carries the hash of the one before it. Stays; again does nothing. */
  startChain(queue: string): Promise<void>
  /** Starts the outer projection again: {@link LogStore.project} then walks the whole log again. */
  reproject(queue: string): Promise<void>
  beat(beat: WorkerBeat): Promise<BeatAnswer>
  /**
   * What is kept of these jobs (1,000 at most) beside the log: one entry for each id, in the order given. Of a job that was
   * enqueued again only what its present life has.
   */
  data(queue: string, jobIds: readonly string[]): Promise<readonly JobData[]>
  /** Keeps a note of a running attempt. False, and nothing written: the token is not that of the running attempt. */
  note(queue: string, note: AttemptNote): Promise<boolean>
  /** Deletes what is kept of these jobs beside the log; the log stays. Twice does nothing more. */
  forget(queue: string, jobIds: readonly string[]): Promise<void>
  /**
   * Claims up to `limit` (1..1,000) rows of `jobs` that are to be taken in, in the order of their arrival. They are kept
   * for this caller for 5 s; what neither an append has put in line nor `taken` has named by then is given to others again. What one queue has claimed, no other
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
  /**
   * Commands that were put into the inbox by SQL and are not decided yet, the oldest first; `limit` 1 to 1,000, fewer where they
   * are large. They are kept for this caller for 2 s; what it has not answered by then is given to others.
   */
  inbox(queue: string, limit: number): Promise<readonly InboxRequest[]>
  /** What became of them. The first answer stays; answers are kept for a day. */
  answer(queue: string, answers: readonly InboxAnswer[]): Promise<void>
  /** Ends this incarnation: its lease is gone at once. */
  leave(queue: string, workerId: string): Promise<void>
  workers(queue: string): Promise<readonly WorkerRow[]>
  /**
   * Called soon after somebody appended, with the version the log was at then, where that is known; and, with an
   * `intake`, soon after something came in beside the log. Without either, both may be so. `concern` (all unless given): which processes
   * what was appended has to do with. A hint only: it may come late, double, or never. Returns how to stop.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A store that can hold the lock while its caller decides. */
export type TurnStore = LogStore & Required<Pick<LogStore, 'turn'>>
