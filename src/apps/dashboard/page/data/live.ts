import { batch, type ReadonlySignal, signal } from '@preact/signals'
import { emptyLedger, type Ledger, type Micros } from '../../../../engine/core/index.ts'
import type { QueueHealth } from '../../../../tools/insight/queue-health.ts'
import type { DashboardWorker } from '../../api/queue-documents.ts'
import { ApiError, getJson, ofQueue } from './api.ts'
import { PageReplica } from './replica.ts'
import { type StreamMessage, sharedStream } from './stream.ts'

/** Why the page does not show the present. */
export interface StaleNotice {
  readonly code: string
  readonly message: string
}

/** The most earlier events to load: they stay in memory. */
const MOST_BACK = 200_000
/** With more events than this between the page and the log, they are read, and not waited for. */
const FAR = 5_000

/** A queue and its events as they come. Signals change at most once per frame, however many events come. */
export class LiveQueue {
  readonly queue: string
  readonly replica: PageReplica
  readonly #version = signal(0)
  readonly #ledger = signal<Ledger>(emptyLedger)
  readonly #workers = signal<readonly DashboardWorker[] | null>(null)
  readonly #health = signal<QueueHealth | null>(null)
  readonly #notice = signal<StaleNotice | null>(null)
  readonly #isLoaded = signal(false)
  readonly #generation = signal(0)
  readonly #base = signal(0)
  readonly #first = signal(0)
  /** Paused: the page takes new events, but does not show them. */
  readonly isPaused = signal(false)
  /** Earlier events are on their way. */
  readonly isReading = signal(false)
  /** Why they could not be read. */
  readonly readFault = signal<string | null>(null)
  readonly #unsubscribe: () => void
  #reading: Promise<void> = Promise.resolve()
  #clock = { now: 0, at: 0 }
  #frame = 0
  #leave = () => {}
  #isStopped = false
  #isMending = false

  constructor(queue: string) {
    this.queue = queue
    this.replica = new PageReplica(queue)
    this.#unsubscribe = this.isPaused.subscribe((paused) => {
      if (!paused && this.#isLoaded.peek()) this.#showSoon()
    })
    void this.#load()
  }

  /** The number of the last event that is shown. */
  get version(): ReadonlySignal<number> {
    return this.#version
  }

  get ledger(): ReadonlySignal<Ledger> {
    return this.#ledger
  }

  /** The processes; null: nobody has said yet. */
  get workers(): ReadonlySignal<readonly DashboardWorker[] | null> {
    return this.#workers
  }

  /** Whether the queue is healthy; null: nobody has said yet. */
  get health(): ReadonlySignal<QueueHealth | null> {
    return this.#health
  }

  get notice(): ReadonlySignal<StaleNotice | null> {
    return this.#notice
  }

  get isLoaded(): ReadonlySignal<boolean> {
    return this.#isLoaded
  }

  /** Rises when the log is another one: what was known is void. */
  get generation(): ReadonlySignal<number> {
    return this.#generation
  }

  /** The number before the first event in memory. Earlier events can be loaded. */
  get base(): ReadonlySignal<number> {
    return this.#base
  }

  /** The number before the first event that can be read at all. */
  get first(): ReadonlySignal<number> {
    return this.#first
  }

  /** The database's clock, as far as this page can tell. */
  now(): Micros {
    const { now, at } = this.#clock
    return now === 0 ? Date.now() * 1_000 : now + (performance.now() - at) * 1_000
  }

  /**
   * Loads earlier events, down to a number, a piece at a time. One call after the other, since two at once would load the same
   * pages.
   * @throws ApiError
   */
  readBack(to: number): Promise<void> {
    const reading = this.#reading.catch(() => {}).then(() => this.#readDownTo(to))
    this.#reading = reading
    this.isReading.value = true
    this.readFault.value = null
    const end = (fault: string | null) => {
      if (this.#reading !== reading) return
      this.isReading.value = false
      this.readFault.value = fault
    }
    reading.then(
      () => end(null),
      (error: unknown) => end(error instanceof Error ? error.message : String(error)),
    )
    return reading
  }

  stop(): void {
    this.#isStopped = true
    cancelAnimationFrame(this.#frame)
    this.#unsubscribe()
    this.#leave()
  }

  async #readDownTo(to: number): Promise<void> {
    const began = this.#generation.peek()
    const least = Math.max(to, this.#first.peek(), this.replica.version - MOST_BACK)
    while (!this.#isStopped && this.#generation.peek() === began && this.replica.base > least) {
      if (!(await this.replica.loadBefore(least))) return
      this.#base.value = this.replica.base
    }
  }

  #show(): void {
    this.#frame = 0
    if (this.isPaused.value) return
    batch(() => {
      this.#version.value = this.replica.version
      this.#ledger.value = this.replica.head
      this.#base.value = this.replica.base
    })
  }

  /** A hidden tab gets no animation frames, and needs none. */
  #showSoon(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show())
  }

  #fail(error: unknown): void {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    this.#notice.value = { code, message }
  }

  /** Reads what is missing, after a stream was cut or if the tab came late. */
  async #repair(): Promise<void> {
    if (this.#isMending) return
    this.#isMending = true
    try {
      await this.replica.catchUp()
      this.#showSoon()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isMending = false
    }
  }

  #take(said: StreamMessage): void {
    switch (said.event) {
      case 'log':
        if (this.replica.push(said.data)) this.#showSoon()
        else void this.#repair()
        return
      case 'workers':
        this.#workers.value = said.data
        return
      case 'health':
        this.#health.value = said.data
        return
      case 'time':
        return this.#takeTime(said.data)
      case 'failure':
      case 'away':
        this.#notice.value = said.data
        return
      case 'recovered':
        this.#notice.value = null
        return
      case 'reset':
        return void this.#load()
      case 'bye':
        return
    }
  }

  #takeTime({ now, since, version }: Extract<StreamMessage, { readonly event: 'time' }>['data']): void {
    this.#clock = { now, at: performance.now() }
    if (isOtherLog(this.replica, since)) return void this.#load()
    this.#notice.value = null
    if (version > this.replica.version + FAR) void this.#repair()
  }

  /** Loads the present, and then hears of what comes. */
  async #load(): Promise<void> {
    this.#leave()
    await this.#loadHead()
    if (this.#isStopped) return
    batch(() => {
      this.#generation.value++
      this.#notice.value = null
      this.#isLoaded.value = true
    })
    this.#show()
    // The stream sends them only when they change.
    getJson<{ readonly workers: readonly DashboardWorker[] }>(ofQueue(this.queue, 'workers')).then(
      ({ workers }) => (this.#workers.value = workers),
      () => {},
    )
    this.#leave = sharedStream({
      queue: this.queue,
      known: () => this.replica.version,
      onSaid: (said) => this.#take(said),
    })
  }

  /** Tries until it succeeds: a database comes back, a queue is made, and somebody signs in again in another tab. */
  async #loadHead(): Promise<void> {
    for (let failed = 0; !this.#isStopped; failed++) {
      try {
        const head = await getJson<{ readonly first: number }>(ofQueue(this.queue))
        await this.replica.load()
        this.#first.value = head.first - 1
        return
      } catch (error) {
        this.#fail(error)
        await new Promise((resolve) => setTimeout(resolve, Math.min(300 * 2 ** failed, 3_000)))
      }
    }
  }
}

/** Times rise strictly, so an event in the place of a known one has another time. */
function isOtherLog(
  replica: PageReplica,
  since: { readonly seq: number; readonly at: Micros | null },
): boolean {
  const known = replica.event(since.seq)
  return known !== undefined && since.at !== null && known.at !== since.at
}
