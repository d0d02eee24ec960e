import type { Observable } from 'rxjs'
import type { Accepted, AttemptKey, Claim, CommandBody, InterlockError, Ledger } from '../../core/index.ts'
import type { BeatAnswer, Telemetry } from '../../store/index.ts'
import type { WholeOptions } from '../api/options.ts'
import type { Logger } from '../base/logger.ts'
import { AppendQueue } from '../commit/append-queue.ts'
import type { AppendingProcess } from '../commit/committer.ts'
import { takesIn } from '../commit/decider.ts'
import { StartedData, withRowsAhead, withRowsAlong } from '../commit/started-data.ts'
import { type Maintenance, maintenanceOf } from '../maintenance/maintenance.ts'
import { LogView } from '../replica/log-view.ts'
import type { Applied } from '../replica/replica.ts'
import { Failures, Stopped } from './failures.ts'
import { Incarnation } from './incarnation.ts'
import type { BeatingProcess, Capacity, LeaseKeeper } from './lease.ts'
import { Lifecycle } from './lifecycle.ts'
import type { MemberOwner, SendOptions } from './member-api.ts'
import type { MemberParts } from './member-parts.ts'
import { NearModels } from './near-models.ts'
import { OwnStarts } from './own-starts.ts'
import { Sender } from './sender.ts'
import { Slips } from './slips.ts'
import { WakeFilter, Wakeups, type WakingProcess } from './wakeups.ts'

type SaidOfProcess = Pick<Claim, 'serves' | 'keeps'>

/**
 * One process as a member of a queue. It owns its parts: what it knows of the log, its appends, its lease, its wake-ups; each of them
 * is given the member, and asks it for the others. What the commands are for is up to its owner.
 *
 * A command goes to the {@link Sender}, waits in {@link AppendQueue} for the append under way, is decided, and stored. What the log
 * says comes back by {@link applied}, whether this process or another has appended it.
 */
export class Member implements MemberParts, AppendingProcess, BeatingProcess, WakingProcess {
  readonly owner: MemberOwner
  readonly logger: Logger
  readonly telemetry: Telemetry | undefined
  readonly log: LogView
  readonly failures: Failures
  /** Says when the process cannot go on with the queue. */
  readonly stopped: Stopped
  readonly startedData: StartedData
  readonly starts: OwnStarts
  readonly maintenance: Maintenance
  readonly incarnation: Incarnation
  readonly appends: AppendQueue
  /** Which wake-ups have to be followed. */
  readonly filter: WakeFilter
  readonly wakeups: Wakeups
  /** Joins the queue, and leaves it. */
  readonly lifecycle: Lifecycle
  /** Fires when the process leaves. */
  readonly closing = new AbortController()
  /** Says what changes nothing. */
  readonly slips: Slips
  readonly #sender: Sender
  readonly #nearModels: NearModels
  #says: SaidOfProcess | undefined

  constructor(options: WholeOptions, owner: MemberOwner) {
    const { store, queue, name, logger, pollMs, patienceMs, telemetry } = options
    const limit = { forMs: patienceMs, signal: this.closing.signal }
    const workerId = () => this.workerId
    this.owner = owner
    this.logger = logger
    this.telemetry = telemetry
    this.stopped = new Stopped({ store, queue, name, limit }, logger, this)
    this.failures = new Failures(logger, this.stopped)
    this.log = new LogView({ store, queue, failures: this.failures })
    this.startedData = new StartedData({ store, queue, workerId, all: telemetry?.propagates === true })
    this.starts = new OwnStarts(this)
    this.maintenance = maintenanceOf(this.log, options, this.failures)
    this.incarnation = new Incarnation(options, this)
    const append = this.log.looks.goesAlong
      ? withRowsAlong(this.maintenance.append, this.log)
      : withRowsAhead(store, this.log)
    this.appends = new AppendQueue({
      log: this.log,
      store: { ...store, append },
      limit,
      process: this,
      startedData: this.startedData,
      name: workerId,
      beats: this.lease,
    })
    this.filter = new WakeFilter(this)
    this.wakeups = new Wakeups(this, store, pollMs)
    this.lifecycle = new Lifecycle(this, options)
    this.#sender = new Sender(this)
    this.slips = new Slips(logger)
    this.#nearModels = new NearModels(logger, this.slips)
    this.log.replica.skipped$.subscribe(() => this.#skipped())
  }

  get workerId(): string {
    return this.incarnation.workerId
  }

  get lease(): LeaseKeeper {
    return this.incarnation.lease
  }

  get ledger(): Ledger {
    return this.log.ledger
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.incarnation.lost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.stopped.stopped$
  }

  get capacity(): Capacity {
    return this.lease.capacity
  }

  /** Another process carries out its commands and tells it what comes of them, and nobody here waits for more. */
  get getsAnswers(): boolean {
    return this.appends.getsAnswers && !this.owner.isWaiting
  }

  /** Keeps what its program says of this process: a worker says it with each claim, the gate with a question. */
  says({ serves, keeps }: Partial<SaidOfProcess>): void {
    if (serves ?? keeps) this.#says = { ...this.#says, ...(serves && { serves }), ...(keeps && { keeps }) }
  }

  /** What was said last goes with each question, since the worker id may be new. It claims nothing: a job that nobody here asks for is not for the gate. */
  get said(): Pick<SendOptions, 'claim'> {
    return this.#says === undefined ? {} : { claim: { max: 0, kinds: null, ...this.#says } }
  }

  /** What this process could start. If it could start nothing before, it reads what it has ignored since. */
  setCapacity(kinds: readonly string[] | null, freeSlots: number): void {
    this.lease.offer({ kinds, freeSlots })
    const { ignored } = this.filter
    if (freeSlots > 0 && ignored > this.log.version) void this.appends.catchUp(ignored)
  }

  /** How far the user's tables are behind, and how often a command was refused because the attempt was over, or another's. */
  get figures() {
    return { projection: this.maintenance.lag(), staleWrites: this.#sender.staleWrites }
  }

  /** The process has no free slot and leaves what comes in to others. */
  get isFull(): boolean {
    return this.filter.isFull
  }

  /**
   * The stream, for a subscriber that wants each event when it happens: while it is subscribed, this process reads all that it
   * hears of.
   */
  following<T>(stream$: Observable<T>): Observable<T> {
    return this.filter.following(stream$, () => void this.appends.catchUp(this.log.head.version))
  }

  /** Sends one command and throws its refusal. What it started for this process has its owner by then. */
  send(body: CommandBody, options?: SendOptions): Promise<Accepted> {
    return this.#sender.send(body, options)
  }

  /** Resolves when commands can be sent. @throws InterlockError the reason why none can */
  beReady(madeAt: number): Promise<void> {
    return this.#sender.beReady(madeAt)
  }

  /** A command whose answer no caller needs. False if it was not carried out. */
  inBackground(body: CommandBody, options?: SendOptions): Promise<boolean> {
    return this.#sender.inBackground(body, options)
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

  /** How the log goes on, by this process or another: gate, inbox, projector and wake-ups read it from here. */
  applied(applied: Applied): void {
    const { before, events, isOwn } = applied
    for (const event of events) {
      // Others have ended the lease. What runs under it is told first: it has nothing to report any more.
      const isOver = event.type === 'lease_expired' || (event.type === 'worker_gone' && event.left !== true)
      if (isOver && event.workerId === this.workerId) this.lease.declareLost()
      this.owner.see(event)
      this.startedData.see(event)
      this.starts.see(event)
    }
    this.starts.forgetFolded()
    this.#nearModels.see(applied, this.ledger)
    this.wakeups.follow()
    if (isOwn) this.maintenance.followAppend(before, this.ledger, takesIn(events))
  }

  /** The store has answered a beat. Whatever else came in beside the log is told along with it. */
  renewed({ overdue, arrived, requested, version }: BeatAnswer, known: number): void {
    if (overdue.length > 0) this.lifecycle.overdue(overdue)
    if (arrived) this.owner.arrived('rows')
    if (requested) this.owner.arrived('requests')
    // The log has become shorter. The next read will say that it went back.
    if (version < known) void this.appends.catchUp()
  }

  declaredDead(workerIds: readonly string[]): void {
    if (workerIds.includes(this.workerId)) this.lease.declareLost()
  }

  requested(): void {
    this.owner.requested()
  }

  /** Ends what the process does by itself: beats, timers, listening. */
  async rest(): Promise<void> {
    this.lease.abandon()
    await this.wakeups.rest()
  }

  /** The ends of its attempts, and requests about them, may be among the events that were skipped. */
  #skipped(): void {
    if (!this.lifecycle.isOpen) return
    this.logger.warn(
      `[COORDINATOR] Events were archived before this process read them; it goes on from event ${this.log.version}`,
      { event: 'log.skipped' },
    )
    this.lease.declareLost()
    this.owner.skipped()
  }
}
