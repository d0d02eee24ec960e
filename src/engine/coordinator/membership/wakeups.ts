import { defer, finalize, type Observable, Subscription } from 'rxjs'
import {
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  nextOpeningAt,
  nextTickAt,
  type RecordedEvent,
} from '../../core/index.ts'
import type { Concern, OnWake, WakeRole } from '../../store/index.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Capacity } from './lease.ts'

export interface WakeupHooks {
  readonly onEvent: (event: RecordedEvent) => void
  readonly onWake: OnWake
  readonly onPoll: () => void
  /** There is something to record, or a job may start, because a time has come. */
  readonly onTick: () => Promise<void>
}

/** What makes a process act by itself: messages of the store, the poll in case one is lost, and times that come. */
export class Wakeups {
  readonly #log: LogView
  readonly #store: WakeRole
  readonly #pollMs: number
  readonly #hooks: WakeupHooks
  readonly #tick: TickTimer
  #poll: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #watch = new Subscription()

  constructor(log: LogView, store: WakeRole, pollMs: number, hooks: WakeupHooks) {
    this.#log = log
    this.#store = store
    this.#pollMs = pollMs
    this.#hooks = hooks
    this.#tick = new TickTimer(log, hooks.onTick)
  }

  /** Follows events and times from now on. */
  watch(): void {
    const { replica } = this.#log
    this.unwatch()
    this.#watch = replica.events$.subscribe((event) => this.#hooks.onEvent(event))
    this.#watch.add(replica.changes$.subscribe((ledger) => this.#tick.follow(ledger)))
  }

  unwatch(): void {
    this.#watch.unsubscribe()
  }

  /** @throws what the store throws */
  async begin(): Promise<void> {
    const { onWake, onPoll } = this.#hooks
    this.#stopListening = await this.#store.listen(this.#log.queue, onWake)
    this.look()
    this.#poll = setInterval(onPoll, this.#pollMs)
  }

  /** Sets the timer to the next time that the replica knows of. */
  look(): void {
    this.#tick.follow(this.#log.ledger)
  }

  /** Stops the timers at once, and listening once the store has confirmed it. */
  async rest(): Promise<void> {
    clearInterval(this.#poll)
    this.#tick.clear()
    await this.#stopListening?.()
  }
}

/** The longest delay of `setTimeout`, which counts in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1

/** How long to wait before a tick that changed nothing is sent again, in milliseconds. */
const RETRY_MS = 100
/** The same while the log is ahead of the clock: something may be over by the log's time and not by the clock. */
const AHEAD_RETRY_MS = 1_000

/**
 * How long a process rests after it has looked for jobs that may start without an event: so many times as long as the look took.
 * With thousands of offers that run out one after the other it would otherwise look all the time, and each look goes through
 * their lines.
 */
const REST = { times: 20, mostMs: 5_000 }

/**
 * One timer, set to the next time at which there is something to record, or at which a job may start without an event. No event
 * announces the latter, so each process looks once when the time comes.
 */
class TickTimer {
  #timer: NodeJS.Timeout | undefined
  #at: Micros | undefined
  /** The time is one at which a job may start without an event. */
  #isOpening = false
  #lookedAt: Micros = 0
  /** By `performance.now()`: until then, it does not look for jobs that may start without an event. */
  #restUntil = Number.NEGATIVE_INFINITY
  readonly #log: Pick<LogView, 'now' | 'isAhead'>
  readonly #onTick: () => Promise<void>

  constructor(log: Pick<LogView, 'now' | 'isAhead'>, onTick: () => Promise<void>) {
    this.#log = log
    this.#onTick = onTick
  }

  /** Sets the timer to what comes next on this ledger. */
  follow(ledger: Ledger): void {
    const tick = nextTickAt(ledger)
    const opening = nextOpeningAt(ledger, this.#lookedAt)
    this.#isOpening = tick === undefined || (opening !== undefined && opening < tick)
    this.#set(this.#isOpening ? opening : tick)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = undefined
  }

  /** Adds a few milliseconds of jitter, so that not all processes record the same thing. */
  #set(at: Micros | undefined): void {
    if (at === this.#at) return
    this.clear()
    this.#at = at
    if (at === undefined) return
    const again = this.#log.isAhead ? AHEAD_RETRY_MS : RETRY_MS
    const least = at <= this.#lookedAt ? again : 1
    const ms = Math.max(0, (at - this.#log.now()) / MICROS_PER_MS) + least + Math.random() * 5
    this.#timer = setTimeout(() => this.#fire(), Math.min(ms, LONGEST_MS)).unref()
  }

  #fire(): void {
    const restMs = this.#isOpening ? this.#restUntil - performance.now() : 0
    if (restMs > 0) {
      this.#timer = setTimeout(() => this.#fire(), restMs).unref()
      return
    }
    this.#at = undefined
    this.#lookedAt = this.#log.now()
    void this.#look()
  }

  async #look(): Promise<void> {
    const began = performance.now()
    this.#restUntil = began + REST.mostMs
    await this.#onTick()
    const ended = performance.now()
    this.#restUntil = ended + Math.min(REST.mostMs, REST.times * (ended - began))
    const at = this.#at
    this.#at = undefined
    if (at !== undefined) this.#set(at)
  }
}

/**
 * After this time, or this many events, even a worker that may wait reads what others did. Where processes combine, each of them waits for
 * up to twice as much, at random: if all read at once, the combiner comes to nothing meanwhile.
 */
const STALE = { ms: 5_000, events: 10_000 }

export interface WakeFilterOptions {
  /** Each call of the store has its price. */
  readonly isFrugal: boolean
  /** Another process carries out the commands of this one, and tells it what comes of them. */
  readonly isTold: () => boolean
  readonly capacity: () => Capacity
  readonly log: Pick<LogView, 'head' | 'version' | 'knownVersion'>
}

/**
 * Which wake-ups a process has to follow at once. If each read has its price, or if another process combines, what others do can
 * wait until a worker here sends its next command, or longer, unless a subscriber in this process follows the queue.
 */
export class WakeFilter {
  readonly #options: WakeFilterOptions
  readonly #spread: number
  #followers = 0
  #ignored = 0

  constructor(options: WakeFilterOptions) {
    this.#options = options
    this.#spread = options.isFrugal ? 1 : 1 + Math.random()
  }

  /** The last version that was ignored for want of a free slot. */
  get ignored(): number {
    return this.#ignored
  }

  /**
   * The same stream; while it is subscribed, this process follows the queue. @param onCome called at each subscription: what the
   * process knows may be old
   */
  following<T>(stream$: Observable<T>, onCome: () => void): Observable<T> {
    return defer(() => {
      this.#followers++
      onCome()
      return stream$.pipe(finalize(() => this.#followers--))
    })
  }

  mayIgnore(concern: Concern, version: number | undefined): boolean {
    if (!this.#isThrifty || this.#isStale || this.#followers > 0) return false
    if (concern === 'nobody') return true
    if (concern !== 'free' || this.#options.capacity().freeSlots > 0) return false
    this.#ignored = version ?? this.#options.log.knownVersion
    return true
  }

  /** It need not look for what it was not told of. */
  get mayRest(): boolean {
    return this.#options.isTold() && this.#isWorker && !this.#isStale && this.#followers === 0
  }

  /** The process has no free slot, and leaves new jobs to others. */
  get isFull(): boolean {
    return this.#options.isFrugal && this.#isWorker && this.#options.capacity().freeSlots === 0
  }

  get #isThrifty(): boolean {
    return this.#isWorker && (this.#options.isFrugal || this.#options.isTold())
  }

  /** Only a process with a worker may wait: any other one has to know the queue. */
  get #isWorker(): boolean {
    return this.#options.capacity().kinds?.length !== 0
  }

  get #isStale(): boolean {
    const { head, version, knownVersion } = this.#options.log
    const isOld = performance.now() - head.reachedAt >= this.#spread * STALE.ms
    return isOld || knownVersion - version > this.#spread * STALE.events
  }
}
