import type { Observable } from 'rxjs'
import type {
  Accepted,
  AttemptKey,
  CommandBody,
  InterlockError,
  Ledger,
  RecordedEvent,
} from '../../core/index.ts'
import type { Telemetry } from '../../store/index.ts'
import type { WholeOptions } from '../api/options.ts'
import type { Logger } from '../base/logger.ts'
import { SingleFlight } from '../base/work.ts'
import { AppendQueue } from '../commit/append-queue.ts'
import type { CommitHooks } from '../commit/committer.ts'
import { StartedData, withRowsAhead } from '../commit/started-data.ts'
import { type Maintenance, maintenanceOf } from '../maintenance/maintenance.ts'
import { LogView } from '../replica/log-view.ts'
import { Expiry, heldBy } from './expiry.ts'
import { Failures, Stopped } from './failures.ts'
import { heed } from './heed.ts'
import { Incarnation } from './incarnation.ts'
import type { LeaseKeeper } from './lease.ts'
import { Lifecycle } from './lifecycle.ts'
import type { MemberHooks, SendOptions } from './member-api.ts'
import { OwnStarts } from './own-starts.ts'
import { Sender } from './sender.ts'
import { WakeFilter, Wakeups } from './wakeups.ts'

/**
 * One process as a member of a queue. It connects its parts: what it knows of the log, its appends, its lease, its wake-ups. What
 * the commands are for is up to its owner.
 */
export class Member {
  readonly logger: Logger
  readonly telemetry: Telemetry | undefined
  readonly log: LogView
  readonly failures: Failures
  readonly startedData: StartedData
  readonly starts: OwnStarts
  /** Joins the queue, and leaves it. */
  readonly lifecycle: Lifecycle
  readonly #hooks: MemberHooks
  readonly #closing = new AbortController()
  readonly #stopped: Stopped
  readonly #incarnation: Incarnation
  readonly appends: AppendQueue
  readonly #maintenance: Maintenance
  readonly #wakeFilter: WakeFilter
  readonly #wakeups: Wakeups
  readonly #sender: Sender
  /** One poll at a time: after an outage, all that came meanwhile would look at once. */
  readonly #polls: SingleFlight
  readonly #ticks: SingleFlight
  readonly #pollMs: number
  #nextRead: NodeJS.Timeout | undefined

  constructor(options: WholeOptions, hooks: MemberHooks) {
    const { store, queue, name, logger, pollMs, patienceMs, telemetry } = options
    const { signal } = this.#closing
    const limit = { forMs: patienceMs, signal }
    const workerId = () => this.workerId
    this.logger = logger
    this.telemetry = telemetry
    this.#pollMs = pollMs
    this.#hooks = hooks
    this.log = new LogView({
      ...{ store, queue },
      onReached: () => this.failures.wentWell('read'),
      onSkipped: () => this.#onSkipped(),
    })
    const { log } = this
    this.#stopped = new Stopped({
      ...{ store, queue, name, logger, limit, epoch: () => log.ledger.epoch },
      onEnd: () => this.#onStopped(),
    })
    this.failures = new Failures(logger, this.#stopped)
    const onError = (error: unknown) => this.failures.note(error)
    this.#polls = new SingleFlight(() => this.#onPoll(), onError)
    this.#ticks = new SingleFlight(async () => void (await this.inBackground({ type: 'tick' })), onError)
    this.startedData = new StartedData({ store, queue, workerId, all: telemetry?.propagates === true })
    this.starts = new OwnStarts({
      ...{ log, signal, incarnation: () => this.#incarnation },
      onStarted: (attempt) => void hooks.onStarted(attempt, null),
    })
    this.#maintenance = maintenanceOf(log, options, onError)
    this.appends = new AppendQueue({
      ...{ log, limit, startedData: this.startedData, hooks: this.#commitHooks(), name: workerId },
      beats: { along: (append) => this.lease.along(append) },
      store: withRowsAhead(this.#maintenance.alongAppends(store), () => log.ledger),
    })
    this.#incarnation = this.#newIncarnation(options)
    const { lease } = this.#incarnation
    this.#wakeFilter = new WakeFilter({
      ...{ isFrugal: store.frugal === true, log, capacity: () => lease.capacity },
      isTold: () => this.appends.isTold && !hooks.isWaiting(),
    })
    this.#wakeups = new Wakeups(log, store, pollMs, {
      onEvent: (event) => this.#onEvent(event),
      onWake: (wake) =>
        heed(wake, { log, appends: this.appends, filter: this.#wakeFilter, onIncoming: hooks.onIncoming }),
      ...{ onPoll: () => void this.#polls.join(), onTick: () => this.#onTick() },
    })
    const send = (body: CommandBody) => this.inBackground(body)
    const expiry = new Expiry({ ledger: () => log.ledger, send, onError })
    const shared = { appends: this.appends, incarnation: this.#incarnation, stopped: this.#stopped }
    this.lifecycle = new Lifecycle(
      { ...shared, log, wakeups: this.#wakeups, maintenance: this.#maintenance },
      {
        ...{ ...options, closing: this.#closing, onError },
        expire: (ids) => expiry.of(ids),
      },
    )
    this.#sender = new Sender(
      { ...shared, starts: this.starts, failures: this.failures },
      {
        checkOpen: () => this.lifecycle.checkOpen(),
        isClosing: () => signal.aborted,
        onStarted: hooks.onStarted,
      },
    )
  }

  get workerId(): string {
    return this.#incarnation.workerId
  }

  get lease(): LeaseKeeper {
    return this.#incarnation.lease
  }

  get ledger(): Ledger {
    return this.log.ledger
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.#incarnation.lost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.#stopped.stopped$
  }

  /** What this process could start. If it could start nothing before, it reads what it has ignored since. */
  setCapacity(kinds: readonly string[] | null, freeSlots: number): void {
    this.lease.offer({ kinds, freeSlots })
    const { ignored } = this.#wakeFilter
    if (freeSlots > 0 && ignored > this.log.version) void this.appends.catchUp(ignored)
  }

  /** How far the user's tables are behind, and how often a command was refused because the attempt was over, or another's. */
  get figures() {
    return { projection: this.#maintenance.lag(), staleWrites: this.#sender.staleWrites }
  }

  /** The process has no free slot and leaves what comes in to others. */
  get isFull(): boolean {
    return this.#wakeFilter.isFull
  }

  /**
   * The stream, for a subscriber that wants each event when it happens: while it is subscribed, this process reads all that it
   * hears of.
   */
  following<T>(stream$: Observable<T>): Observable<T> {
    return this.#wakeFilter.following(stream$, () => void this.appends.catchUp(this.log.head.version))
  }

  /** Sends one command and throws its refusal. What it started for this process has its owner by then. */
  send(body: CommandBody, options?: SendOptions): Promise<Accepted> {
    return this.#sender.send(body, options)
  }

  /** A command whose answer no caller needs. False if it was not carried out. */
  inBackground(body: CommandBody): Promise<boolean> {
    return this.#sender.inBackground(body)
  }

  /** Has time passed. While one tick is under way, the next one carries what came meanwhile. */
  tick(): Promise<void> {
    return this.#ticks.request()
  }

  catchUp(): Promise<void> {
    return this.appends.catchUp()
  }

  /** True if this attempt belongs to this process now, according to the database. @throws what the store throws */
  async holds(lease: AttemptKey): Promise<boolean> {
    await this.lease.confirm()
    await this.catchUp()
    return this.starts.attempt(lease) !== undefined
  }

  #newIncarnation(options: WholeOptions): Incarnation {
    const { onIncoming, onRenewed } = this.#hooks
    return new Incarnation(options, {
      ...{ logger: this.logger, onIncoming, onRenewed },
      isOver: () => this.#stopped.error !== undefined,
      isHolding: (workerId) => heldBy(this.ledger, [workerId]) > 0 || this.starts.areAhead,
      onOverdue: (workerIds) => this.lifecycle.overdue(workerIds),
      onUnreachable: (error) => this.failures.note(error, 'beat'),
      onReached: () => this.failures.beatWentWell(),
      version: () => this.log.version,
      onShorter: () => void this.appends.catchUp(),
    })
  }

  #commitHooks(): CommitHooks {
    return {
      onDeadWorkers: (ids) => ids.includes(this.workerId) && this.lease.declareLost(),
      onRequested: () => this.#hooks.onRequested(),
      onUnreadable: (error) => this.failures.noteOfLog(error, 'read'),
      onUnexpected: (version) => void this.appends.catchUp(version),
      onAppended: (...append) => {
        this.failures.wentWell('write')
        this.#maintenance.followAppend(...append)
      },
    }
  }

  async #onPoll(): Promise<void> {
    const { mayRest } = this.#wakeFilter
    if (!mayRest) await this.#readWhenOld()
    this.#maintenance.catchUp(mayRest)
    this.#hooks.onPoll()
  }

  /** Its own appends and reads tell as much as a poll. Where calls are slow, polls would otherwise take the place of appends. */
  async #readWhenOld(): Promise<void> {
    clearTimeout(this.#nextRead)
    if (this.#closing.signal.aborted) return
    const freshMs = this.#pollMs - (performance.now() - this.log.head.reachedAt)
    if (freshMs <= 0) return this.appends.catchUp()
    this.#nextRead = setTimeout(() => void this.#readWhenOld(), Math.ceil(freshMs)).unref()
  }

  async #onTick(): Promise<void> {
    // The combiner ticks for all.
    if (!this.#wakeFilter.mayRest) await this.tick()
    if (this.#closing.signal.aborted) return
    this.#wakeups.look()
    this.#hooks.onOpening()
  }

  #onEvent(event: RecordedEvent): void {
    // Others have ended the lease. What runs under it is told first: it has nothing to report any more.
    if (event.type === 'lease_expired' && event.workerId === this.workerId) this.lease.declareLost()
    this.#hooks.onEvent(event)
    this.startedData.see(event)
    this.starts.see(event)
  }

  /** The ends of its attempts, and requests about them, may be among the events that were skipped. */
  #onSkipped(): void {
    if (!this.lifecycle.isOpen) return
    this.logger.warn(
      `[COORDINATOR] Events were archived before this process read them; on from event ${this.log.version}`,
      { event: 'log.skipped' },
    )
    this.lease.declareLost()
    this.#hooks.onSkipped()
  }

  async #onStopped(): Promise<void> {
    this.lease.abandon()
    await this.#wakeups.rest()
  }
}
