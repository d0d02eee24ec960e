import type { Ledger, Micros } from '../../core/index.ts'
import type { LogRole, SnapshotRole, StoreTraits } from '../../port/index.ts'
import { DatabaseClock, LogClock } from './clocks.ts'
import { HeardNews } from './heard-news.ts'
import { Replica } from './replica.ts'

export interface LogViewOptions {
  readonly store: Pick<StoreTraits, 'name'> & Pick<LogRole, 'read'> & Pick<SnapshotRole, 'snapshot' | 'chunk'>
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
  /** What was told of appends, and is not folded yet. */
  readonly news = new HeardNews()
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

/** What a process knows of how far the log goes. */
export class Head {
  #version = 0
  #reachedAt = performance.now()
  readonly #onReached: () => void

  /** @param onReached told whenever the database has said that there is nothing more */
  constructor(onReached: () => void = () => {}) {
    this.#onReached = onReached
  }

  /** The last version that it has heard of, from whatever side. */
  get version(): number {
    return this.#version
  }

  /** When it last knew of everything that was in the log, by `performance.now()`. */
  get reachedAt(): number {
    return this.#reachedAt
  }

  /** The log is known to go that far; infinite or absent: nothing is known. */
  hear(version: number | undefined): void {
    if (version !== undefined && Number.isFinite(version)) this.#version = Math.max(this.#version, version)
  }

  /** It has folded all there was a moment ago. @param version what a read says: what was heard may have been made up */
  reach(version = this.#version): void {
    this.#version = version
    this.#reachedAt = performance.now()
    this.#onReached()
  }
}
