import { errorText } from '../../../engine/coordinator/base/logger.ts'
import { isInterlockError, type Ledger, type Micros } from '../../../engine/core/index.ts'
import type { LogPage, LogStore, WorkerRow } from '../../../engine/store/index.ts'
import type { QueueHealth } from '../../../tools/insight/queue-health.ts'
import { Attendance } from './attendance.ts'
import { type FailuresSince, FailureWatch } from './failure-watch.ts'
import { HealthWatch } from './health-watch.ts'
import { type Ledgers, ledgersOf, type WrittenLedger, written } from './ledgers.ts'
import { LogFollower, type OnFollowing } from './log-follower.ts'
import { type Pages, pagesOf } from './pages.ts'
import type { Tail } from './tail.ts'

/** How often to read the processes while there are viewers, in milliseconds. */
const WORKERS_MS = 5_000
/** How long to rest between two looks at the health of a queue whose events come fast, in milliseconds. */
const HEALTH_MS = 1_000
/** What was read this recently is returned again. */
const FRESH_MS = 100

/** Why the data is old. */
export interface ReadFailure {
  readonly code: string
  readonly message: string
}

/** A viewer of a queue: told that there is news, and then reads it. */
export interface Viewer {
  changed(what: ReaderNews): void
  reset(code: 'log_went_back' | 'archived'): void
  /** It shows whether the queue is healthy, which then is looked at. */
  readonly seesHealth?: true
}

type ReaderNews = 'events' | 'workers' | 'health' | 'failure'

export interface ReaderOptions {
  readonly store: LogStore
  readonly queue: string
  readonly pollMs: number
}

/** One reader of a queue for all its viewers. */
export class QueueReader {
  readonly queue: string
  readonly store: LogStore
  readonly #viewers = new Set<Viewer>()
  readonly #pages: Pages
  readonly #ledgers: Ledgers
  readonly #follower: LogFollower
  readonly #attendance = new Attendance((signal) => this.#run(signal))
  #failure: ReadFailure | null = null
  #workers: readonly WorkerRow[] | null = null
  readonly #watch: HealthWatch
  readonly #failures: FailureWatch
  #health: { readonly health: QueueHealth; readonly text: string } | null = null
  #healthTimer: NodeJS.Timeout | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  /** The ledger at the head, as it was written for the viewer before. */
  #written: { readonly version: number; readonly text: Promise<WrittenLedger> } | null = null

  constructor({ store, queue, pollMs }: ReaderOptions) {
    this.queue = queue
    this.store = store
    this.#pages = pagesOf(store, queue)
    this.#ledgers = ledgersOf(store, queue, this.#pages)
    this.#watch = new HealthWatch(store, queue)
    this.#failures = new FailureWatch(this.#pages)
    const on: OnFollowing = {
      events: () => {
        this.#tell('events')
        this.#lookAtHealthSoon()
      },
      failure: (error) => this.#fail(failureOf(error)),
      recovered: () => this.#fail(null),
      reset: (code) => this.#reset(code),
    }
    this.#follower = new LogFollower({ store, queue, pollMs, on })
  }

  /** Null: all is well. */
  get failure(): ReadFailure | null {
    return this.#failure
  }

  /** The processes as read while somebody looks; null: read them. What the last viewer saw is of long ago. */
  get workers(): readonly WorkerRow[] | null {
    return this.#viewers.size === 0 ? null : this.#workers
  }

  /** Whether the queue is healthy, as last looked at while somebody shows it; null: not looked at yet. */
  get health(): QueueHealth | null {
    return this.#viewers.size === 0 ? null : (this.#health?.health ?? null)
  }

  /** The end of the log as far as it is known; null: not read yet, or it has to be read again. */
  get tail(): Tail | null {
    return this.#follower.tail
  }

  /** The database's clock, as far as this process can tell. */
  now(): Micros {
    return this.#follower.now()
  }

  /** The end of the log, at most a moment old. @throws what the store throws */
  async head(): Promise<Tail> {
    const isFresh = this.#failure === null && performance.now() - this.#lookedAt < FRESH_MS
    return (isFresh ? this.tail : null) ?? (await this.look())
  }

  /** The end of the log now. @throws what the store throws */
  async look(): Promise<Tail> {
    await this.#follower.look()
    this.#lookedAt = performance.now()
    // Meanwhile another log may have begun.
    return this.tail ?? this.look()
  }

  page(after: number, limit: number): Promise<LogPage> {
    return this.#pages.read(after, limit)
  }

  async ledger(): Promise<Ledger> {
    return this.#ledgers.head(await this.head())
  }

  /** The ledger at a number, or less than a page before it; null: at the head. */
  async snapshot(at: number | null): Promise<WrittenLedger> {
    const tail = await this.head()
    if (at !== null && at < tail.version) return this.#ledgers.near(at)
    if (this.#written?.version !== tail.version)
      this.#written = { version: tail.version, text: this.#ledgers.head(tail).then(written) }
    return this.#written.text
  }

  async lookForWorkers(): Promise<readonly WorkerRow[]> {
    this.#workers = await this.store.workers(this.queue)
    return this.#workers
  }

  /** Whether the queue is healthy now. @param known the end of the log; read unless given @throws what the store throws */
  async lookAtHealth(known: Tail | null = null): Promise<QueueHealth> {
    const tail = known ?? (await this.head())
    const workers = this.workers ?? (await this.lookForWorkers())
    const ledger = await this.#ledgers.head(tail)
    const health = await this.#watch.look({ now: this.now(), tail, ledger, workers })
    this.#health = { health, text: JSON.stringify(health) }
    return health
  }

  /** Where attempts have failed since a time. @throws what the store throws */
  async failuresSince(since: Micros): Promise<FailuresSince> {
    const tail = await this.head()
    return this.#failures.look(tail, since, this.now())
  }

  /** Dead letters were dropped, which no event says, or retried. */
  lettersChanged(): void {
    this.#watch.forget()
    this.#lookAtHealthSoon()
  }

  /** The reader runs while viewers are attached. @returns how to detach */
  attach(viewer: Viewer): () => void {
    if (this.#viewers.size === 0) {
      this.#workers = null
      this.#health = null
    }
    this.#viewers.add(viewer)
    if (this.#viewers.size === 1) this.#tellOfWorkers()
    const leave = this.#attendance.enter()
    return () => {
      this.#viewers.delete(viewer)
      leave()
    }
  }

  close(): Promise<void> {
    return this.#attendance.close()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => this.#tellOfWorkers(), WORKERS_MS)
    await this.#follower.run(signal)
    clearInterval(timer)
    clearTimeout(this.#healthTimer)
    this.#healthTimer = undefined
    this.#failure = null
  }

  #tellOfWorkers(): void {
    if (this.#failure !== null) return
    this.lookForWorkers().then(
      () => {
        this.#tell('workers')
        void this.#tellOfHealth()
      },
      () => {},
    )
  }

  #lookAtHealthSoon(): void {
    this.#healthTimer ??= setTimeout(() => {
      this.#healthTimer = undefined
      void this.#tellOfHealth()
    }, HEALTH_MS).unref()
  }

  async #tellOfHealth(): Promise<void> {
    if (this.#failure !== null || ![...this.#viewers].some(({ seesHealth }) => seesHealth)) return
    const { tail } = this
    if (tail === null) return
    const before = this.#health?.text
    // What the store throws, the follower meets as well, and tells.
    await this.lookAtHealth(tail).catch(() => {})
    if (this.#health?.text !== before) this.#tell('health')
  }

  #tell(what: ReaderNews): void {
    for (const viewer of this.#viewers) viewer.changed(what)
  }

  #fail(failure: ReadFailure | null): void {
    this.#failure = failure
    this.#tell('failure')
  }

  #reset(code: 'log_went_back' | 'archived'): void {
    this.#pages.clear()
    this.#ledgers.clear()
    this.#written = null
    this.#watch.forget()
    this.#failures.forget()
    for (const viewer of this.#viewers) viewer.reset(code)
  }
}

function failureOf(error: unknown): ReadFailure {
  if (isInterlockError(error)) return { code: error.code, message: error.message }
  return { code: 'failed', message: errorText(error) }
}
