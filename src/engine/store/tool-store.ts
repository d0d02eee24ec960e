import type { JobRow, Json, KnownOperator, Micros, RecordedEvent, StateRow } from '../core/index.ts'
import type { TurnView } from './append.ts'
import type { Checkup } from './checkup.ts'
import type { Arrival, ListedSubmission, LogPage } from './engine-store.ts'
import type { UserTablesRole } from './user-tables.ts'

/**
 * What only tools need of a store: to look into the log and what is kept beside it, to check it, and to make it right again. The
 * engine works without. A tool that also reads or writes as the engine does asks for {@link LogStore}, or picks calls of it.
 */
export interface ToolStore {
  /** A page of rows instead of events, to look into an unreadable log, and at the head of any. Void events are as `voided` events say to read them. */
  rows(queue: string, after: number, limit: number): Promise<RowPage>
  /** The whole inner projection of one moment, for a queue that is not too long. Null if the queue was never opened. */
  projection(queue: string): Promise<Projection | null>
  /**
   * A part of it: the row of the queue, and rows of jobs of the same moment. The next page is of another moment: see the version
   * of its state. Null if the queue was never opened.
   */
  projectionPage(queue: string, filter: ProjectionFilter): Promise<Projection | null>
  /**
   * Makes rows of the inner projection again. Under the lock, `rowsAt` is called with what was missed since `since` and returns
   * the rows at that version, all of them or those of some jobs. It is one transaction; workers wait for it, then go on.
   */
  rebuild(queue: string, since: number, rowsAt: (view: TurnView) => RebuildRows): Promise<RebuildAnswer>
  /** Starts the outer projection again: {@link UserTablesRole.project} then follows the whole log once more. */
  reproject(queue: string): Promise<void>
  /** Whether the archived events that were kept are still there and unchanged; null if none were kept. Reads all of them. */
  kept(queue: string): Promise<KeptEvents | null>
  /** The chain after an event, at most `limit` (1..10,000) events; null: the queue keeps none, or the store cannot. */
  chain(queue: string, after: number, limit: number): Promise<ChainPage | null>
  /** From the next event on, each carries the hash of the one before it. It cannot be undone; a second call does nothing. */
  startChain(queue: string): Promise<void>
  /**
   * A page of the payloads that are kept, of jobs whose ids come after this one in the order of the store, `''` for the first page: some
   * 4 MB at most. Empty: there are no more.
   */
  payloads(queue: string, after: string): Promise<readonly KeptPayload[]>
  /** Ends and submissions that SQL has put in, and of which the log says something else: 1,000 at most. */
  checkIncoming(queue: string): Promise<readonly IncomingDifference[]>
  /** Jobs that were enqueued `once` and are not remembered as log and archive say, 1,000 at most. Reads the whole log. */
  checkOnce(queue: string): Promise<readonly OnceDifference[]>
  /** Remembers them as the log says: 1,000 at most. Returns how many rows were wrong. */
  rebuildOnce(queue: string): Promise<number>
  /** Who acted under these worker ids (1,000 at most). Who was not noted, or was deleted, is missing. */
  operators(queue: string, workerIds: readonly string[]): Promise<readonly KnownOperator[]>
  /** Deletes who acted by this name, in every queue: the log then names nobody. Returns how many rows. You may call it twice. */
  forgetOperator(operator: string): Promise<number>
  /** Rows of `jobs` that are never taken in by themselves. Reads only. Empty in a store without such a table. */
  adoptable(filter: AdoptableFilter): Promise<Adoptable>
  /**
   * Lets rows of {@link ToolStore.adoptable} arrive for this queue as pending ones, in the order given (10,000 at most);
   * workers with intake then put them in line. Returns the ids of those that arrived. You may call it twice.
   */
  adopt(queue: string, jobIds: readonly string[]): Promise<readonly string[]>
  /** Jobs whose handlers have committed their end (`completeIn`), which nobody has written into the log yet; 1,000 at most. */
  committedEnds(queue: string): Promise<readonly string[]>
  /** @param limit how many jobs of each state at most: 0 to 1,000 */
  submitted(queue: string, limit: number): Promise<Submitted>
  /** Jobs that were committed in transactions of their submitters and are not in line yet, those after that number. Empty: there are no more. */
  submissions(queue: string, after: number): Promise<readonly ListedSubmission[]>
  /** What `interlock doctor` looks at. Reads only; too heavy for every minute. Null if there is nothing to look at. */
  checkup(queue: string): Promise<Checkup | null>
}

/** A page of the log with the rows as they are stored. Nobody has checked that they are readable. */
export interface RowPage extends Omit<LogPage, 'events'> {
  readonly rows: readonly unknown[]
}

/** The inner projection as it is stored. It must equal the fold of the log at `state.version`. */
export interface Projection {
  /** Includes the policy in force. */
  readonly state: StateRow
  /** By `job_id`, in the order of JavaScript's `<`. */
  readonly jobs: readonly JobRow[]
}

/** Which rows of the inner projection. */
export type ProjectionFilter =
  | {
      /** Jobs after this one, in the store's own order; null: from the first one. */
      readonly after: string | null
      /** 1..10,000. A page with fewer rows is the last one. */
      readonly limit: number
      /** Those that run alone. */
      readonly isActive?: true
    }
  | {
      /** These jobs: 10,000 at most. */
      readonly jobIds: readonly string[]
    }

/** Rows to write in place of the present ones. */
export interface RebuildRows extends Projection {
  /** The jobs to rebuild: one that has no row in `jobs` gets none. Absent: every job of the queue. */
  readonly jobIds?: readonly string[]
}

/** The result of rebuilding the inner projection. `ok: false`: more was missed than one turn reads; nothing was changed. */
export type RebuildAnswer =
  | {
      readonly ok: true
      readonly version: number
      /** Rows that were wrong or superfluous, and rows that were written. */
      readonly removed: number
      readonly written: number
    }
  | { readonly ok: false; readonly version: number; readonly missed: readonly RecordedEvent[] }

/** A page of a queue's hash chain: each event as the text that is hashed, with its hash. */
export interface ChainPage {
  readonly version: number
  /** Events after this one are on the chain. */
  readonly chainFrom: number
  /** The hash from which the chain goes on, if the events before are gone; null: it begins with the queue's name. */
  readonly start: string | null
  /** The hash of the last event, in hexadecimal: the anchor. */
  readonly head: string
  readonly events: readonly { readonly seq: number; readonly text: string; readonly hash: string | null }[]
}

/** The state of the events that were archived and kept, from `first` to `through`. */
export interface KeptEvents {
  readonly first: number
  readonly through: number
  /** The number of the first one that is missing; null: none is. */
  readonly missing: number | null
  /** True if all are there, and one of them was changed. */
  readonly changed: boolean
}

/** A payload that is kept beside the log, and what its `queued` event says of it. */
export interface KeptPayload {
  readonly jobId: string
  readonly payload: Json
  /** The number of the event; null: it is in neither log nor archive any more. */
  readonly seq: number | null
  /** The hash of the payload as it was enqueued; null: the event has none. */
  readonly hash: number | null
}

/** What is remembered of a job that was enqueued `once`, with times in microseconds, as it is and as the log says; null: nothing. */
export interface OnceDifference {
  readonly jobId: string
  readonly stored: Readonly<Record<string, unknown>> | null
  readonly logged: Readonly<Record<string, unknown>> | null
}

/** A row of what SQL has put in, with what it is and what the log says of it, in words. */
export interface IncomingDifference {
  readonly row: string
  readonly stored: string
  readonly logged: string
}

/** The states in which a row of `jobs` can be taken in by hand. */
export type AdoptableState = 'pending' | 'running'

/** A row of `jobs` that no log knows and that has not arrived: it is from before Interlock was activated, or was refused. */
export interface AdoptableRow extends Omit<Arrival, 'arrivalId' | 'jobId' | 'fairKey' | 'requirements'> {
  readonly jobId: string
  readonly state: AdoptableState
  /** `queued_at` of the first coordinator, else `created_at`; null if the row has neither. */
  readonly since: Micros | null
}

/** Rows in the order in which they would be taken in, and how many there are in each state; null: there is no usable table. */
export interface Adoptable {
  readonly totals: { readonly [state: string]: number } | null
  readonly rows: readonly AdoptableRow[]
}

/** Which rows; absent fields restrict nothing. */
export interface AdoptableFilter {
  readonly states?: readonly AdoptableState[]
  readonly jobIds?: readonly string[]
  /** 1 to 10,000. */
  readonly limit: number
}

/** How many there are, of each way in: commands by SQL, and rows of `jobs`. Counted up to 10,001. */
export interface SubmittedBy {
  readonly commands: number
  readonly rows: number
}

/** A job that somebody submitted, and that is not in the queue. */
export interface SubmittedJob {
  /** Which job; null: its row of `jobs` has no id, or an impossible one. */
  readonly jobId: string | null
  /** `submitted` or `refused`. */
  readonly state: 'submitted' | 'refused'
  /** `undecided` or `arrived`; of a refused one `not_taken_in`, or the code of the refusal. */
  readonly code: string
  /** When it was submitted, or refused. */
  readonly at: Micros
  /** The request that brought it; null: it came as a row. */
  readonly requestId: string | null
  /** Why it was refused; null: nobody has decided. */
  readonly message: string | null
}

/** What came in by SQL and as rows of `jobs`, and is not in the queue. */
export interface Submitted {
  /** What nobody has decided yet, and since when the oldest of it waits. Commands of any kind count. */
  readonly undecided: SubmittedBy & { readonly oldestAt: Micros | null }
  /**
   * What was refused and has not come in since: commands that would have put jobs in line, for a day; rows until they come in.
   */
  readonly refused: SubmittedBy
  /** Undecided ones, the oldest first; then refused ones, the newest first. */
  readonly jobs: readonly SubmittedJob[]
}
