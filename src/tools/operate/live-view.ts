import { type Observable, Subject } from 'rxjs'
import { errorText } from '../../engine/coordinator/base/logger.ts'
import { pause } from '../../engine/coordinator/base/retry.ts'
import {
  fold,
  InterlockError,
  isInterlockError,
  type Ledger,
  type Micros,
  type QueueChange,
  type RecordedEvent,
} from '../../engine/core/index.ts'
import { type LogStore, PAGE, pagesAfter } from '../../engine/store/index.ts'
import { type Access, type Opened, opened } from '../history/access.ts'
import { Bell } from '../history/bell.ts'
import { ledgerAt } from '../history/fold.ts'
import { type Tail, tailFrom } from './tail.ts'

/**
 * What there is to look at again: the log has new events; it cannot be read now, or can be again; it is another log, or the next events
 * were archived, so that all that was known is void.
 */
export type ViewNews = 'events' | 'failure' | 'log_went_back' | 'archived'

/** Why what is known is old. */
export interface ViewFailure {
  readonly code: string
  readonly message: string
}

/** The pause between two tries while the database does not answer, in milliseconds: the first, and the longest. */
const REST = { first: 50, longest: 1_000 }
/** What was read this recently is returned again. */
const FRESH_MS = 100
const none: ReadonlySet<string> = new Set()

/**
 * A queue that is followed without joining it, once for all who look: the end of its log, its ledger, the time, and whether the database
 * answers. Each look also reads the last known event again: after a restore, another event has its number. It passes on only events that
 * follow the last one.
 */
export class LiveView {
  readonly queue: string
  readonly store: LogStore
  /** In order. What it is about, the view is asked for. */
  readonly news$: Observable<ViewNews>
  /** Each ledger that {@link folded} has come to, with the events that led there; none: it begins there. */
  readonly changes$: Observable<QueueChange>
  readonly #access: Opened
  readonly #pollMs: number
  readonly #news = new Subject<ViewNews>()
  readonly #changes = new Subject<QueueChange>()
  #tail: Tail | null = null
  #clock = { now: 0, at: 0 }
  #isOpen = false
  #looking: Promise<void> | null = null
  #failure: ViewFailure | null = null
  #ledger: Promise<Ledger> | null = null

  /** @param pollMs how often to read the log without a wake-up, in milliseconds */
  constructor(access: Access, pollMs = 1_000) {
    this.#access = opened(access)
    this.#pollMs = pollMs
    this.queue = this.#access.queue
    this.store = this.#access.store
    this.news$ = this.#news.asObservable()
    this.changes$ = this.#changes.asObservable()
  }

  /** Null: all is well, or nobody runs it. */
  get failure(): ViewFailure | null {
    return this.#failure
  }

  /** The end of the log as far as it is known; null: not read yet, or it has to be read again. */
  get tail(): Tail | null {
    return this.#tail
  }

  /** The database's clock, as far as this process can tell; never before the last event, which another server may have timed. */
  now(): Micros {
    const { now, at } = this.#clock
    return Math.max(now + Math.round((performance.now() - at) * 1_000), this.#tail?.lastAt ?? 0)
  }

  /** The end of the log now. @throws what the store throws; `corrupt_log` */
  async look(): Promise<Tail> {
    this.#looking ??= this.#readOn().finally(() => (this.#looking = null))
    await this.#looking
    // Meanwhile another log may have begun.
    return this.#tail ?? this.look()
  }

  /** The end of the log, at most a moment old. @throws as {@link look} */
  async head(): Promise<Tail> {
    const isFresh = this.#failure === null && performance.now() - this.#clock.at < FRESH_MS
    return (isFresh ? this.#tail : null) ?? (await this.look())
  }

  /** The queue as far as its log was read, folded once for all who ask. @throws what the store throws; `corrupt_log` */
  async folded(): Promise<Ledger> {
    const tail = this.#tail ?? (await this.look())
    const next = this.#fold(this.#ledger, tail)
    this.#ledger = next
    next.catch(() => {
      if (this.#ledger === next) this.#ledger = null
    })
    return next
  }

  /** Reads whenever something happens, until the signal fires. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const bell = new Bell(this.store, this.queue, signal)
    let failed = 0
    while (!signal.aborted) {
      bell.clear()
      try {
        await this.look()
        await bell.listen()
        if (failed > 0) this.#fail(null)
        failed = 0
      } catch (error) {
        if (failed++ === 0) this.#fail(failureOf(error))
        await pause(Math.min(REST.first * 2 ** failed, REST.longest), signal)
        continue
      }
      await bell.woken(this.#pollMs)
    }
    this.#failure = null
    await bell.close().catch(() => {})
  }

  async #fold(known: Promise<Ledger> | null, tail: Tail): Promise<Ledger> {
    const { version } = tail
    let ledger = await (known ?? ledgerAt(this.#access, version))
    if (known === null) this.#come(tail, { ledger, events: [], touched: none, overtakes: 0 })
    while (ledger.version < version) {
      const events = await this.#after(tail, ledger.version, version - ledger.version)
      if (events.length === 0) break
      const folded = fold(ledger, events)
      ledger = folded.ledger
      this.#come(tail, { ...folded, events })
    }
    return ledger
  }

  /** What was folded of a log that is void now is not told any more. */
  #come(tail: Tail, change: QueueChange): void {
    if (this.#tail === tail) this.#changes.next(change)
  }

  async #after(tail: Tail, seq: number, most: number): Promise<readonly RecordedEvent[]> {
    return tail.after(seq, most) ?? (await this.store.read(this.queue, seq, Math.min(PAGE, most))).events
  }

  #fail(failure: ViewFailure | null): void {
    this.#failure = failure
    this.#news.next('failure')
  }

  async #start(): Promise<void> {
    const { store, queue } = this
    if (!this.#isOpen) await store.open(queue, { make: false })
    this.#isOpen = true
    const { version, now } = await store.rows(queue, 0, 1)
    this.#clock = { now, at: performance.now() }
    // One event more, for the next look to compare with.
    const from = Math.max(0, version - 1)
    const { events } = await store.read(queue, from, PAGE)
    const tail = tailFrom(events[0]?.seq === from + 1 ? from : version)
    this.#tail = tail
    if (!tail.push(events)) throw gap(queue, tail.version)
    this.#news.next('events')
  }

  async #readOn(): Promise<void> {
    const tail = this.#tail
    if (tail === null) return this.#start()
    try {
      await this.#readAfter(tail)
    } catch (error) {
      if (!isInterlockError(error)) throw error
      const { code } = error
      if (code !== 'log_went_back' && code !== 'archived') throw error
      this.#tail = null
      this.#ledger = null
      this.#news.next(code)
      await this.#start()
    }
  }

  async #readAfter(tail: Tail): Promise<void> {
    const { store, queue } = this
    const { version: known, lastAt } = tail
    let head = 0
    for await (const page of pagesAfter(store, queue, known, { known: { at: lastAt } })) {
      // Later pages were fetched ahead.
      if (head === 0) this.#clock = { now: page.now, at: performance.now() }
      head = page.version
      if (!tail.push(page.events)) throw gap(queue, tail.version)
      if (page.events.length > 0) this.#news.next('events')
    }
    if (tail.version < head) throw gap(queue, tail.version)
  }
}

function failureOf(error: unknown): ViewFailure {
  if (isInterlockError(error)) return { code: error.code, message: error.message }
  return { code: 'failed', message: errorText(error) }
}

const gap = (queue: string, version: number) =>
  new InterlockError(
    'corrupt_log',
    `event ${version + 1} is not in the log of queue ${queue}, though later ones are; run \`npx interlock-queue verify\``,
    { seq: version + 1 },
  )
