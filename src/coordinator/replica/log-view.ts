import type { Ledger, Micros } from '../../core/index.ts'
import type { LogRole, SnapshotRole } from '../../port/index.ts'
import { DatabaseClock } from './database-clock.ts'
import { Head } from './head.ts'
import { LogClock } from './log-clock.ts'
import { Replica } from './replica.ts'

export interface LogViewOptions {
  readonly store: Pick<LogRole, 'read'> & Pick<SnapshotRole, 'snapshot' | 'chunk'>
  readonly queue: string
  /** The database has said that there is nothing more to read. */
  readonly onReached?: () => void
  /** Events were passed over that are not in the database any more: what was known of attempts is of before them. */
  readonly onSkipped?: () => void
}

/** What one process knows of a queue's log: what it has folded, how far the log goes, and what time it is there. */
export class LogView {
  readonly store: LogViewOptions['store']
  readonly queue: string
  readonly replica = new Replica()
  readonly clock = new DatabaseClock()
  readonly head: Head
  readonly onSkipped: () => void
  readonly #time = new LogClock(this.clock, () => this.replica.ledger.lastAt)

  constructor({ store, queue, onReached, onSkipped = () => {} }: LogViewOptions) {
    this.store = store
    this.queue = queue
    this.head = new Head(onReached)
    this.onSkipped = onSkipped
    this.replica.changes$.subscribe(() => this.#time.see())
  }

  get ledger(): Ledger {
    return this.replica.ledger
  }

  /** How far this process has folded the log. */
  get version(): number {
    return this.replica.version
  }

  /** How far the log goes, as far as this process has heard. */
  get knownVersion(): number {
    return Math.max(this.head.version, this.replica.version)
  }

  /** The time of the queue: what is counted from its events goes by it. */
  now(): Micros {
    return this.#time.now()
  }

  /** The log is ahead of the database's clock. */
  get isAhead(): boolean {
    return this.#time.isAhead
  }
}
