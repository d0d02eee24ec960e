import { defer, finalize, type Observable } from 'rxjs'
import {
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  nextDueAt,
  nextOpeningAt,
  nextTickAt,
} from '../../core/index.ts'
import type { Concern, Wake, WakeRole } from '../../store/index.ts'
import { SingleFlight } from '../base/concurrency.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Capacity } from './lease.ts'
import type { MemberParts } from './member-parts.ts'

interface Parts extends Omit<MemberParts, 'logger' | 'stopped' | 'workerId' | 'lease'> {
  readonly filter: WakeFilter
}

/** What makes a process act by itself: messages of the store, the poll in case one is lost, and times that come. */
export class Wakeups {
  readonly #member: Parts
  readonly #store: WakeRole
  readonly #pollMs: number
  readonly #tick: TickTimer
  /** One poll at a time: after an outage, all that came meanwhile would look at once. */
  readonly #polls: SingleFlight
  readonly #ticks: SingleFlight
  #poll: NodeJS.Timeout | undefined
  #nextRead: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined

  constructor(member: Parts, store: WakeRole, pollMs: number) {
    this.#member = member
    this.#store = store
    this.#pollMs = pollMs
    this.#tick = new TickTimer(member.log, this)
    const note = (error: unknown) => member.failures.note(error)
    this.#polls = new SingleFlight(() => this.#look(), note)
    this.#ticks = new SingleFlight(async () => void (await member.inBackground({ type: 'tick' })), note)
  }

  /** @throws what the store throws */
  async begin(): Promise<void> {
    this.#stopListening = await this.#store.listen(this.#member.log.queue, (wake) => this.#receive(wake))
    this.follow()
    this.#poll = setInterval(() => void this.#polls.join(), this.#pollMs)
  }

  /** Sets the timer to the next time that the replica knows of. */
  follow(): void {
    this.#tick.follow(this.#member.log.ledger)
  }

  /** Has time passed. While one tick is under way, the next one carries what came meanwhile. */
  tick(): Promise<void> {
    return this.#ticks.request()
  }

  /** There is something to record, or a job may start, because a time has come. */
  async timeCame(): Promise<void> {
    const { filter, closing, owner } = this.#member
    // The combiner ticks for all.
    if (!filter.mayRest) {
      await this.tick()
      await owner.fireSchedules()
    }
    if (closing.signal.aborted) return
    this.follow()
    owner.mayStart()
  }

  /** Stops the timers at once, and listening once the store has confirmed it. */
  async rest(): Promise<void> {
    clearInterval(this.#poll)
    this.#tick.end()
    await this.#stopListening?.()
  }

  /** Does what a message of the store asks for. */
  #receive(wake: Wake): void {
    const { log, appends, filter, owner } = this.#member
    switch (wake.type) {
      case 'missed':
        void appends.catchUp()
        owner.noted()
        return owner.missed()
      case 'appended':
        log.head.receive(wake.version)
        log.news.receive(wake.news, log.version)
        if (!filter.mayIgnore(wake.concern, wake.version)) void appends.catchUp(wake.version)
        return
      case 'incoming':
        return owner.arrived(wake.incoming, wake.again)
      case 'answered':
        log.head.receive(wake.version)
        return appends.receiveAnswered(wake.senders)
      case 'resigned':
        return appends.receiveAnswered(null)
      case 'answers':
        return appends.receiveAnswers(wake.answers)
      case 'noted':
        return owner.noted(wake.note)
    }
  }

  async #look(): Promise<void> {
    const { filter, maintenance, owner } = this.#member
    const { mayRest } = filter
    if (!mayRest) await this.#readWhenOld()
    maintenance.catchUp(mayRest)
    owner.polled()
  }

  /** Its own appends and reads tell as much as a poll. Where calls are slow, polls would otherwise take the place of appends. */
  async #readWhenOld(): Promise<void> {
    const { closing, log, appends } = this.#member
    clearTimeout(this.#nextRead)
    if (closing.signal.aborted) return
    const freshMs = this.#pollMs - (performance.now() - log.head.reachedAt)
    if (freshMs <= 0) return appends.catchUp()
    this.#nextRead = setTimeout(() => void this.#readWhenOld(), Math.ceil(freshMs)).unref()
  }
}

/** How long to wait before a tick that changed nothing is sent again, in milliseconds. */
const RETRY_MS = 100
/** How long to wait before a tick is sent again while the log is ahead of the clock: something may be over by the log's time and not by the clock. */
const AHEAD_RETRY_MS = 1_000

/**
 * How long a process rests after it has looked for jobs that may start without an event: so many times as long as the look took.
 * With thousands of offers that run out one after the other it would otherwise look all the time, and each look goes through
 * their lines.
 */
const REST = { times: 20, mostMs: 5_000 }

type TickLog = Pick<LogView, 'now' | 'after' | 'spreadMs' | 'clock' | 'isAhead'>

/**
 * One timer, set to the next time at which there is something to record, or at which a job may start without an event. No event
 * announces the latter, so each process looks once when the time comes.
 */
class TickTimer {
  #callOff: () => void = () => {}
  #at: Micros | undefined
  #hasEnded = false
  /** The time is one at which a job may start without an event. */
  #isOpening = false
  #lookedAt: Micros = 0
  /** By the log's clock: until then, it does not look for jobs that may start without an event. */
  #restUntil = Number.NEGATIVE_INFINITY
  readonly #log: TickLog
  readonly #wakeups: Pick<Wakeups, 'timeCame'>

  constructor(log: TickLog, wakeups: Pick<Wakeups, 'timeCame'>) {
    this.#log = log
    this.#wakeups = wakeups
  }

  /** Sets the timer to what comes next on this ledger. */
  follow(ledger: Ledger): void {
    const tick = earlier(nextTickAt(ledger), nextDueAt(ledger))
    const opening = nextOpeningAt(ledger, this.#lookedAt)
    this.#isOpening = tick === undefined || (opening !== undefined && opening < tick)
    this.#set(this.#isOpening ? opening : tick)
  }

  /** From now on it is never set: a timer would keep the process alive. */
  end(): void {
    this.#hasEnded = true
    this.#clear()
  }

  #clear(): void {
    this.#callOff()
    this.#at = undefined
  }

  #set(at: Micros | undefined): void {
    if (at === this.#at) return
    this.#clear()
    if (at === undefined || this.#hasEnded) return
    this.#at = at
    const again = this.#log.isAhead ? AHEAD_RETRY_MS : RETRY_MS
    const more = (at <= this.#lookedAt ? again : 0) + this.#log.spreadMs()
    const ms = Math.max(0, (at - this.#log.now()) / MICROS_PER_MS) + more
    this.#callOff = this.#log.after(ms, () => this.#fire())
  }

  #fire(): void {
    const restMs = this.#isOpening ? this.#restUntil - this.#log.clock.mark() : 0
    if (restMs > 0) {
      this.#callOff = this.#log.after(restMs, () => this.#fire())
      return
    }
    this.#at = undefined
    this.#lookedAt = this.#log.now()
    void this.#look()
  }

  async #look(): Promise<void> {
    const { clock } = this.#log
    const began = clock.mark()
    this.#restUntil = began + REST.mostMs
    await this.#wakeups.timeCame()
    const ended = clock.mark()
    this.#restUntil = ended + Math.min(REST.mostMs, REST.times * (ended - began))
    const at = this.#at
    this.#at = undefined
    if (at !== undefined) this.#set(at)
  }
}

const earlier = (a: Micros | undefined, b: Micros | undefined): Micros | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a

/**
 * After this time, or this many events, even a worker that may wait reads what others did. Where processes combine, each of them waits for
 * up to twice as much, at random: if all read at once, the combiner comes to nothing meanwhile.
 */
const STALE = { ms: 5_000, events: 10_000 }

/** The process that hears of what others do. */
export interface WakingProcess {
  /** Another process carries out the commands of this one, and tells it what comes of them. */
  readonly getsAnswers: boolean
  readonly capacity: Capacity
  readonly log: Pick<LogView, 'head' | 'looks' | 'version' | 'knownVersion'>
}

/**
 * Which wake-ups a process has to follow at once. If each read has its price, or if another process combines, what others do can
 * wait until a worker here sends its next command, or longer, unless a subscriber in this process follows the queue.
 */
export class WakeFilter {
  readonly #process: WakingProcess
  readonly #spread: number
  #followers = 0
  #ignored = 0

  constructor(process: WakingProcess) {
    this.#process = process
    this.#spread = process.log.looks.ignoresOthers ? 1 : 1 + Math.random()
  }

  /** The last version that was ignored for want of a free slot. */
  get ignored(): number {
    return this.#ignored
  }

  /**
   * A stream of what is folded that makes this process follow the queue while somebody subscribes. @param begin called at each subscription: what the
   * process knows may be old
   */
  following<T>(stream$: Observable<T>, begin: () => void): Observable<T> {
    return defer(() => {
      this.#followers++
      begin()
      return stream$.pipe(finalize(() => this.#followers--))
    })
  }

  mayIgnore(concern: Concern, version: number | undefined): boolean {
    if (!this.#isThrifty || this.#isStale || this.#followers > 0) return false
    if (concern === 'nobody') return true
    if (concern !== 'free' || this.#process.capacity.freeSlots > 0) return false
    this.#ignored = version ?? this.#process.log.knownVersion
    return true
  }

  /** It need not look for what it was not told of. */
  get mayRest(): boolean {
    return this.#process.getsAnswers && this.#isWorker && !this.#isStale && this.#followers === 0
  }

  /** The process has no free slot, and leaves new jobs to others. */
  get isFull(): boolean {
    return this.#process.log.looks.ignoresOthers && this.#isWorker && this.#process.capacity.freeSlots === 0
  }

  get #isThrifty(): boolean {
    return this.#isWorker && (this.#process.log.looks.ignoresOthers || this.#process.getsAnswers)
  }

  /** Only a process with a worker may wait: any other one has to know the queue. */
  get #isWorker(): boolean {
    return this.#process.capacity.kinds?.length !== 0
  }

  get #isStale(): boolean {
    const { head, version, knownVersion } = this.#process.log
    const isOld = performance.now() - head.reachedAt >= this.#spread * STALE.ms
    return isOld || knownVersion - version > this.#spread * STALE.events
  }
}
