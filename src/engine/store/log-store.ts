import type { AppendRole } from './append.ts'
import type { ArchiveRole } from './archive.ts'
import type { CheckupRole } from './checkup.ts'
import type { DataRole } from './data.ts'
import type { DeadLetterRole } from './dead.ts'
import type { InboxRole } from './inbox.ts'
import type { AdoptionRole, IntakeRole } from './intake.ts'
import type { LogRole } from './log.ts'
import type { OperatorRole } from './operator.ts'
import type { ProjectionRole, UserTablesRole } from './projection.ts'
import type { SnapshotRole } from './snapshot.ts'
import type { SubmissionRole } from './submitted.ts'
import type { WakeRole } from './wake.ts'
import type { MembershipRole } from './worker.ts'

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
  close(): Promise<void>
}

/**
 * Where a queue's log lives. Everything is written to the log by `append`. Errors: `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`,
 * `corrupt_log`, `unknown_event`, `closed`. It has many roles: ask for the one you need, as `Pick<LogStore, …>` or the role
 * itself.
 */
export interface LogStore
  extends StoreTraits,
    LogRole,
    AppendRole,
    ProjectionRole,
    UserTablesRole,
    SnapshotRole,
    ArchiveRole,
    MembershipRole,
    OperatorRole,
    DataRole,
    DeadLetterRole,
    IntakeRole,
    AdoptionRole,
    InboxRole,
    SubmissionRole,
    WakeRole,
    CheckupRole {}
