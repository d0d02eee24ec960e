import type { Micros, RecordedEvent } from '../core/index.ts'

/** One page of the log, ascending. `version` is the head at the time of reading; `now` the database's clock. */
export interface LogPage {
  readonly events: readonly RecordedEvent[]
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** Events up to this one were archived. A page that begins before it is empty when they were not kept. */
  readonly archivedSeq: number
}

/** The same page with the rows as they are kept, of which nobody has looked whether they can be read. */
export interface RowPage extends Omit<LogPage, 'events'> {
  readonly rows: readonly unknown[]
}

/** Role "log": the events as they lie there. To fold, to stream and to look take no more than this. */
export interface LogRole {
  /**
   * Checks that the database is migrated and readable by this release; makes the queue's head when it is new.
   * @param options `make: false` for a reader, which makes nothing
   * @throws InterlockError `unknown_queue` where it must not be made; its details name the queues that there are (`queues`)
   */
  open(queue: string, options?: { readonly make?: boolean }): Promise<void>
  /** Events after `after`, at most `limit` (1..10,000). Never takes the lock. */
  read(queue: string, after: number, limit: number): Promise<LogPage>
  /** A page of rows in the place of events, for who looks into a log that cannot be read. Void events are as they are read. */
  rows(queue: string, after: number, limit: number): Promise<RowPage>
}
