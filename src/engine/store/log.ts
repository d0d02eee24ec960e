import type { Micros, RecordedEvent } from '../core/index.ts'

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

/** The same page with the rows as they are stored. Nobody has checked that they are readable. */
export interface RowPage extends Omit<LogPage, 'events'> {
  readonly rows: readonly unknown[]
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
  /** A page of rows instead of events, to look into an unreadable log. Void events are as `voided` events say to read them. */
  rows(queue: string, after: number, limit: number): Promise<RowPage>
}
