import type { Micros } from '../core/index.ts'

/** How many wait, and how long the oldest has waited; null: none waits. */
export interface Backlog {
  readonly rows: number
  readonly ageMs: number | null
}

/** One of the user's tables: whether its rows follow the log, and what is missing. */
export interface TableCheck {
  readonly exists: boolean
  readonly followed: boolean
  readonly missing: readonly string[]
}

/** Something about the user's tables that is in the way or may be a mistake, and what to do. */
export interface AccountFinding {
  /** The name of the check, for programs. */
  readonly check: string
  /** A `problem` makes the command end with 3. A `note` is worth a look and may be intended. */
  readonly level: 'problem' | 'note'
  /** One sentence. */
  readonly what: string
  /** What to type or to change. */
  readonly remedy: string
}

/** The size of the log; `own` is this queue's part. `week`: since the first event of the last seven days. */
export interface LogCheck {
  readonly bytes: number
  readonly archiveBytes: number
  readonly events: number
  readonly own: number
  readonly oldestAt: Micros | null
  readonly week: { readonly events: number; readonly ageMs: number } | null
}

/** A server that follows this one. What this role may not see is null. */
export interface StandbyCheck {
  /** Its `application_name`. */
  readonly name: string | null
  readonly state: string | null
  /** Whether commits wait for it: `sync` and `quorum` do, `potential` may once another is gone, `async` never. */
  readonly sync: string | null
  /** What it has not on disk yet. */
  readonly lagBytes: number | null
  readonly lagMs: number | null
}

/** Replication as the primary sees it. */
export interface ReplicationCheck {
  /** `synchronous_standby_names`; empty: no commit waits. */
  readonly names: string
  /** Commits wait as they are to, as seen on some; null: this store cannot look. */
  readonly commitsWait: boolean | null
  /** Interlock's owner may see other roles' sessions, and more of a standby than that it is there. */
  readonly seesAll: boolean
  /** Sessions whose commit waits for a standby at this moment, and how long the first of them has waited. */
  readonly waiting: number
  readonly oldestWaitMs: number | null
  readonly standbys: readonly StandbyCheck[]
}

/** What `job_queue_checkup` saw of a database and one queue, unjudged. Its page documents every field. */
export interface Checkup {
  readonly now: Micros
  readonly sessionAgeMs: number
  readonly server: {
    readonly version: number
    readonly synchronousCommit: string
    /** Roles whose own settings make it off or local. */
    readonly offByRole: readonly string[]
    readonly fsync: string
    readonly fullPageWrites: string
    readonly inRecovery: boolean
  }
  /** Null: the functions of this database are older, and do not look. */
  readonly replication: ReplicationCheck | null
  /** SHA-256 of each body, in hexadecimal digits. */
  readonly functions: readonly { readonly name: string; readonly sum: string; readonly definer: boolean }[]
  /** Whether the database can announce over Supabase Realtime. */
  readonly realtime: boolean
  /** The oldest transaction that makes the server keep old versions of rows; null: none. */
  readonly xmin: {
    readonly kind: string
    readonly application: string | null
    readonly state: string | null
    readonly role: string | null
    readonly ageMs: number
  } | null
  readonly triggers: readonly { readonly table: string; readonly name: string; readonly enabled: boolean }[]
  readonly account: readonly AccountFinding[]
  readonly tables: { readonly jobs: TableCheck; readonly workflowExecutions: TableCheck }
  readonly grants: {
    readonly caller: string
    readonly missing: readonly string[]
    readonly open: readonly string[]
  }
  readonly setAside: readonly {
    readonly target: string
    readonly sqlstate: string
    readonly rows: number
    readonly tries: number
    readonly ageMs: number
    readonly example: string
  }[]
  readonly notTakenIn: {
    readonly rows: number
    readonly jobId: string | null
    readonly reason: string | null
  }
  readonly arrivals: Backlog
  readonly inbox: Backlog
  readonly behind: { readonly events: number; readonly ageMs: number | null }
  readonly log: LogCheck
  readonly unknownRows: { readonly old: number; readonly new: number }
  /** Null if there are no tables of the first coordinator. `writtenAt` is there only if it was after the migration. */
  readonly first: { readonly activeJobId: string | null; readonly writtenAt: Micros | null } | null
  /** Transactions that keep the ends of running jobs at their commit (`completeIn`). `pid` null: it is prepared, and `name` is its gid. */
  readonly ends: readonly {
    readonly jobId: string
    readonly pid: number | null
    readonly name: string
    readonly role: string | null
    readonly ageMs: number
  }[]
  readonly foreignWrites: readonly {
    readonly pid: number
    readonly role: string | null
    readonly application: string
  }[]
}

/** What waits outside of the line. It counts at most 1,000 rows. */
export interface OutsideLine {
  /** Events that the user's tables do not follow yet; null: no table of theirs is followed. */
  readonly behind: { readonly events: number; readonly ageMs: number | null } | null
  /** Rows of `jobs` that were not taken in yet, and commands by SQL that were not decided yet. */
  readonly arrivals: Backlog
  readonly inbox: Backlog
  /** Submitted jobs that are not in line, each under the code that `explain` gives of it; counted up to 10,000 of each way in. */
  readonly submitted: readonly SubmittedAs[]
  /** Jobs whose handlers have committed their end, which nobody has written into the log yet; 1,000 at most. */
  readonly ending: readonly string[]
}

/** Submitted jobs that one and the same keeps. */
export interface SubmittedAs {
  /** `undecided`, `arrived`, or why it was put off. */
  readonly code: string
  readonly jobs: number
  /** The one that was submitted first, and when. */
  readonly jobId: string | null
  readonly at: Micros
  /** Why that one was put off; null: it was not. */
  readonly message: string | null
}
