import type { Ledger, Micros } from '../../../engine/core/index.ts'
import type { LogPage, LogStore, WorkerRow } from '../../../engine/store/index.ts'
import type { QueueHealth } from '../../../tools/insight/queue-health.ts'
import { LiveView, type ViewNews } from '../../../tools/operate/live-view.ts'
import type { Tail } from '../../../tools/operate/tail.ts'
import { Attendance } from './attendance.ts'
import { type FailuresSince, FailureWatch } from './failure-watch.ts'
import { HealthWatch } from './health-watch.ts'
import { type PastLedgers, pastLedgersOf, type WrittenLedger, written } from './ledgers.ts'
import { type Pages, pagesOf } from './pages.ts'

/** How often to read the processes while there are viewers, in milliseconds. */
const WORKERS_MS = 5_000
/** How long to rest between two looks at the health of a queue whose events come fast, in milliseconds. */
const HEALTH_MS = 1_000

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

/** One reader of a queue for all its viewers: the view of it, and what they ask for beside. */
export class QueueReader extends LiveView {
  readonly #viewers = new Set<Viewer>()
  readonly #pages: Pages
  readonly #past: PastLedgers
  readonly #attendance = new Attendance((signal) => this.#serve(signal))
  #workers: readonly WorkerRow[] | null = null
  readonly #watch: HealthWatch
  readonly #failures: FailureWatch
  #health: { readonly health: QueueHealth; readonly text: string } | null = null
  #healthTimer: NodeJS.Timeout | undefined
  /** The ledger at the head, as it was written for the viewer before. */
  #written: { readonly version: number; readonly text: Promise<WrittenLedger> } | null = null

  constructor({ store, queue, pollMs }: ReaderOptions) {
    super({ store, queue }, pollMs)
    this.#pages = pagesOf(store, queue)
    this.#past = pastLedgersOf(store, queue, this.#pages)
    this.#watch = new HealthWatch(store, queue)
    this.#failures = new FailureWatch(this.#pages)
    this.news$.subscribe((news) => this.#hear(news))
  }

  /** The processes as read while somebody looks; null: read them. What the last viewer saw is of long ago. */
  get workers(): readonly WorkerRow[] | null {
    return this.#viewers.size === 0 ? null : this.#workers
  }

  /** Whether the queue is healthy, as last looked at while somebody shows it; null: not looked at yet. */
  get health(): QueueHealth | null {
    return this.#viewers.size === 0 ? null : (this.#health?.health ?? null)
  }

  page(after: number, limit: number): Promise<LogPage> {
    return this.#pages.read(after, limit)
  }

  /** The queue, at most a moment old. */
  async ledger(): Promise<Ledger> {
    await this.head()
    return this.folded()
  }

  /** The ledger at a number, or less than a page before it; null: at the head. */
  async snapshot(at: number | null): Promise<WrittenLedger> {
    const tail = await this.head()
    if (at !== null && at < tail.version) return this.#past.near(at)
    if (this.#written?.version !== tail.version)
      this.#written = { version: tail.version, text: this.folded().then(written) }
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
    const ledger = await this.folded()
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

  async #serve(signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => this.#tellOfWorkers(), WORKERS_MS)
    await this.run(signal)
    clearInterval(timer)
    clearTimeout(this.#healthTimer)
    this.#healthTimer = undefined
  }

  #tellOfWorkers(): void {
    if (this.failure !== null) return
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
    if (this.failure !== null || ![...this.#viewers].some(({ seesHealth }) => seesHealth)) return
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

  #hear(news: ViewNews): void {
    if (news === 'events') this.#lookAtHealthSoon()
    if (news === 'events' || news === 'failure') return this.#tell(news)
    this.#pages.clear()
    this.#past.clear()
    this.#written = null
    this.#watch.forget()
    this.#failures.forget()
    for (const viewer of this.#viewers) viewer.reset(news)
  }
}
