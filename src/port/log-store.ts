import type { AppendRole } from './append.ts'
import type { ArchiveRole } from './archive.ts'
import type { CheckupRole } from './checkup.ts'
import type { DataRole } from './data.ts'
import type { DeadLetterRole } from './dead.ts'
import type { InboxRole } from './inbox.ts'
import type { AdoptionRole, IntakeRole } from './intake.ts'
import type { LogRole } from './log.ts'
import type { ProjectionRole, UserTablesRole } from './projection.ts'
import type { SnapshotRole } from './snapshot.ts'
import type { WakeRole } from './wake.ts'
import type { MembershipRole } from './worker.ts'

/** What every store says of itself, and how it is closed. */
export interface StoreTraits {
  /** For messages: `memory`, `pglite:<dir>`, `postgres://host:port/database` — never with credentials. */
  readonly name: string
  /** What a coordinator over this store does unless its options say otherwise: where each request has its price. */
  readonly defaults?: { readonly pollMs: number; readonly leaseMs: number }
  /**
   * Each call has its price: a worker then reads what others did when it has to know and not whenever it happens, and the
   * user's tables follow once a second, through one process for all.
   */
  readonly frugal?: true
  close(): Promise<void>
}

/**
 * Where a queue's log lives. All writes to the log go through `append` (or `turn`, which is an append under a lock that
 * is held while the caller decides). Errors: `not_migrated`, `database_older`, `database_newer`, `store_unavailable`,
 * `store_in_use`, `corrupt_log`, `unknown_event`, `closed`.
 * It has many roles: ask for the one that you need, `Pick<LogStore, …>` or the role itself.
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
    DataRole,
    DeadLetterRole,
    IntakeRole,
    AdoptionRole,
    InboxRole,
    WakeRole,
    CheckupRole {}

/** A store that can hold the lock while its caller decides. */
export type TurnStore = LogStore & Required<Pick<LogStore, 'turn'>>
