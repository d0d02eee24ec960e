import type { Observable } from 'rxjs'
import {
  type Accepted,
  type Claim,
  type CommandBody,
  cannotFoldOn,
  hash,
  InterlockError,
  isInterlockError,
  type Lease,
  type Micros,
  type RecordedEvent,
  type Started,
} from '../../core/index.ts'
import type { Concern, Intake } from '../../port/index.ts'
import type { WholeOptions } from '../api/options.ts'
import type { Logger } from '../base/logger.ts'
import { Pen } from '../commit/append-queue.ts'
import { Committer } from '../commit/committer.ts'
import { Staging } from '../commit/staging.ts'
import { InHand } from '../commit/started-data.ts'
import type { Hold } from '../gate/start-router.ts'
import { Upkeep } from '../maintenance/maintenance.ts'
import { DatabaseClock } from '../replica/database-clock.ts'
import { Head } from '../replica/head.ts'
import { LogClock } from '../replica/log-clock.ts'
import { Replica } from '../replica/replica.ts'
import { type Doing, isRefusal, Trouble } from './failures.ts'
import { Incarnation } from './incarnation.ts'
import type { LeaseKeeper } from './lease.ts'
import { Life } from './lifecycle.ts'
import { AT_ONCE, type MemberHooks, type SendOptions } from './member-api.ts'
import { OwnStarts } from './own-starts.ts'
import { Stopped } from './stopped.ts'
import { Attention } from './wake-filter.ts'
import { Pulse } from './wakeups.ts'

/**
 * One process as a member of a queue: its replica of the log, its pen, its lease and its timers. It knows how to send a
 * command and how to stay alive; what the commands are for is its owner's business.
 */
export class Member {
  readonly replica = new Replica()
  readonly clock = new DatabaseClock()
  readonly #time = new LogClock(this.clock, () => this.replica.ledger.lastAt)
  readonly head = new Head(() => this.#trouble.wentWell('read'))
  readonly logger: Logger
  readonly inHand: InHand
  readonly #options: WholeOptions
  readonly #hooks: MemberHooks
  readonly #closing = new AbortController()
  readonly #committer: Committer
  readonly #pen: Pen
  readonly #pulse: Pulse
  readonly #trouble: Trouble
  readonly #starts: OwnStarts
  readonly #upkeep: Upkeep
  readonly #attention: Attention
  readonly #incarnation: Incarnation
  readonly #stopped: Stopped
  readonly #life: Life

  constructor(options: WholeOptions, hooks: MemberHooks) {
    this.#options = options
    this.#hooks = hooks
    this.logger = options.logger
    this.#trouble = new Trouble(this.logger)
    const { store, queue, patienceMs } = options
    const { replica } = this
    this.#starts = new OwnStarts({
      ...{ replica, workerId: () => this.workerId },
      onStarted: (attempt) => void hooks.onStarted(attempt, null),
    })
    const onError = (error: unknown) => this.noteError(error)
    this.#upkeep = new Upkeep(options, {
      replica: this.replica,
      now: () => this.clock.now(),
      version: () => Math.max(this.head.version, this.replica.version),
      logger: this.logger,
      onError,
    })
    this.#attention = new Attention({
      isFrugal: store.frugal === true,
      lease: () => this.lease,
      head: this.head,
    })
    this.inHand = new InHand({ store, queue, workerId: () => this.workerId })
    this.replica.changes$.subscribe(() => this.#time.see())
    const patience = { forMs: patienceMs, signal: this.#closing.signal }
    const staging = new Staging({ store, queue, patience })
    this.#committer = new Committer({
      ...{ store, queue, patience, staging, inHand: this.inHand },
      replica: this.replica,
      clock: this.clock,
      now: () => this.now(),
      head: this.head,
      onSkipped: () => this.#onSkipped(),
      onDeadWorkers: (ids) => ids.includes(this.workerId) && this.lease.declareLost(),
      onRequested: () => hooks.onIntake('requests'),
      onUnreadable: (error) => this.#noteUnreadable(error, 'read'),
      onAppended: (before, at) => {
        this.#trouble.wentWell('write')
        this.#upkeep.followAppend(before, at)
      },
    })
    this.#pen = new Pen(this.#committer, staging)
    this.#pulse = this.#makePulse()
    this.#incarnation = this.#makeIncarnation()
    this.#stopped = this.#makeStopped()
    this.#life = this.#makeLife()
  }

  get workerId(): string {
    return this.#incarnation.workerId
  }

  get lease(): LeaseKeeper {
    return this.#incarnation.lease
  }

  /** What this process could start. What was ignored while it could start nothing is read now. */
  offer(kinds: readonly string[] | null, freeSlots: number): void {
    this.lease.offering = { kinds, freeSlots }
    if (freeSlots > 0 && this.head.version > this.replica.version) void this.#pen.catchUp(this.head.version)
  }

  /** The stream for somebody who wants to know when it happens: from now on this process reads whatever it hears of. */
  attended<T>(stream$: Observable<T>): Observable<T> {
    return this.#attention.of(stream$, () => void this.#pen.catchUp(this.head.version))
  }

  /** The time of the queue: what is counted from its events goes by it. */
  now(): Micros {
    return this.#time.now()
  }

  get counts(): Committer['counts'] {
    return { ...this.#committer.counts }
  }

  get lastError(): string | null {
    return this.#trouble.text
  }

  /** As far as is known, the database answers. */
  get isReachable(): boolean {
    return !this.#trouble.isOutage
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.#incarnation.lost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.#stopped.stopped$
  }

  /** Reads the log, registers the process, listens; patient with a database that does not answer. @throws what the store throws */
  open(): Promise<void> {
    return this.#life.openPatiently()
  }

  /** Goes on trying to open, once per second or poll, until it succeeds or the coordinator is closed. */
  openLater(): Promise<void> {
    return this.#life.openLater()
  }

  /** Finishes what is under way and gives up the lease. It waits 5 s at most for a database that does not answer. */
  leave(): Promise<void> {
    return this.#life.leave()
  }

  /**
   * Sends one command; its refusal is thrown. Whatever it started for this process gets its owner; the answer names what belongs to
   * the sender.
   */
  async send(body: CommandBody, options: SendOptions = {}): Promise<Accepted> {
    const { claim, data, as } = options
    await this.#checkOpen()
    // Whoever is not registered can start nothing: the store would take the new lease to be lost as well.
    if (!this.lease.isRegistered) {
      await this.lease.beat()
      await this.#checkOpen()
    }
    const id = as?.id ?? this.#incarnation.nextCommandId()
    const workerId = this.workerId
    const sender = as?.workerId ?? workerId
    const command = { id, hash: as?.hash ?? hash(JSON.stringify(body)), workerId: sender, body }
    try {
      const whole = claim === undefined ? command : { ...command, claim }
      const result = await this.#starts.during(id, () => this.#pen.send(whole, data))
      if (!result.ok) throw new InterlockError(result.code, result.message)
      const started: Started[] = []
      for (const attempt of result.started) {
        const mayTake = as === undefined && isWithin(claim, started.length, attempt)
        const taker = options.taker ?? (mayTake ? 'claim' : null)
        const isOurs = attempt.workerId === workerId
        if (isOurs ? this.#hooks.onStarted(attempt, taker) : attempt.workerId === sender)
          started.push(attempt)
      }
      return { ...result, started }
    } catch (error) {
      this.#noteFailure(error)
      if (this.#stopped.error !== undefined && cannotFoldOn(error)) throw await this.#stopped.told
      throw error
    }
  }

  /** @throws InterlockError `closed`, `store_unavailable`, or what has stopped the process, once a program may hear of it */
  async #checkOpen(): Promise<void> {
    if (this.#stopped.error !== undefined && !this.#closing.signal.aborted) throw await this.#stopped.told
    this.#life.checkOpen()
  }

  /**
   * A command that nobody waits for. What it cannot do now is tried again by the next beat or poll; what is refused has been
   * settled otherwise meanwhile. False if it was not carried out.
   */
  async inBackground(body: CommandBody): Promise<boolean> {
    try {
      await this.send(body)
      return true
    } catch (error) {
      this.#noteFailure(error)
      return false
    }
  }

  catchUp(): Promise<void> {
    return this.#pen.catchUp()
  }

  /** Whether this attempt is this process's now, by the database. @throws what the store throws */
  async holds(lease: Lease): Promise<boolean> {
    await this.lease.confirm()
    await this.catchUp()
    return this.attempt(lease) !== undefined
  }

  /** The attempt under this lease, if it is this process's as far as it knows. */
  attempt(lease: Lease): Started | undefined {
    this.lease.check()
    return this.lease.lost ? undefined : this.#starts.attempt(lease)
  }

  holdOn(lease: Lease): Hold {
    if (this.attempt(lease) !== undefined) return 'held'
    return this.#starts.attempt(lease) === undefined ? 'none' : 'unsure'
  }

  #onWake(version?: number, intake?: Intake | false, concern: Concern = 'all'): void {
    this.head.hear(version)
    if (!intake && !this.#attention.mayIgnore(concern)) void this.#pen.catchUp(version)
    if (intake !== false) this.#hooks.onIntake(intake ?? 'both')
  }

  /** It has no slot for what comes in, and leaves that to others. */
  get isFull(): boolean {
    return this.#attention.isFull
  }

  #makeLife(): Life {
    const { store, queue, pollMs, joinMs } = this.#options
    const { replica, clock, head, logger } = this
    return new Life({
      ...{ store, queue, pollMs, replica, clock, head, logger, closing: this.#closing },
      patience: { forMs: joinMs, signal: this.#closing.signal },
      ...{ pen: this.#pen, pulse: this.#pulse, upkeep: this.#upkeep },
      ...{ incarnation: this.#incarnation, stopped: this.#stopped },
      onError: (error) => this.noteError(error),
      expire: async (workerIds) => {
        // One command takes so many attempts at most. What is not fewer after it is held by somebody who lives after all.
        for (let held = this.#heldBy(workerIds), before = held + 1; held < before && workerIds.length > 0; ) {
          before = held
          if (!(await this.inBackground({ type: 'expire_leases', workerIds, retryAt: AT_ONCE }))) return
          held = this.#heldBy(workerIds)
          if (held === 0) return
        }
      },
    })
  }

  /** Attempts of these processes, as far as is known. */
  #heldBy(workerIds: readonly string[]): number {
    const { active, jobs } = this.replica.ledger
    const ids = new Set(workerIds)
    let held = 0
    for (const place of active) if (ids.has(jobs.get(place)?.workerId ?? '')) held++
    return held
  }

  #makePulse(): Pulse {
    const { store, queue, pollMs } = this.#options
    return new Pulse({
      ...{ store, queue, pollMs, replica: this.replica },
      now: () => this.now(),
      isAhead: () => this.#time.isAhead,
      onEvent: (event) => this.#onEvent(event),
      onWake: (...hint) => this.#onWake(...hint),
      onPoll: () => void this.#pollOnce(),
      onTick: () => void this.#onTick(),
    })
  }

  #makeStopped(): Stopped {
    const { store, queue, patienceMs, name } = this.#options
    return new Stopped({
      ...{ store, queue, name, logger: this.logger },
      patience: { forMs: patienceMs, signal: this.#closing.signal },
      epoch: () => this.replica.ledger.epoch,
      onEnd: async () => {
        this.lease.abandon()
        await this.#pulse.rest()
      },
    })
  }

  #makeIncarnation(): Incarnation {
    const { onIntake, onRenewed } = this.#hooks
    return new Incarnation(this.#options, {
      ...{ logger: this.logger, onIntake, onRenewed },
      isOver: () => this.#stopped.error !== undefined,
      isHolding: (workerId) => this.#heldBy([workerId]) > 0,
      onOverdue: (workerIds) => this.#life.overdue(workerIds),
      onUnreachable: (error) => this.noteError(error, 'beat'),
      onReached: () => this.#trouble.beatWentWell(),
      version: () => this.replica.version,
      onShorter: () => void this.#pen.catchUp(),
    })
  }

  /** Ends, and whatever else was asked of its attempts, may be among what nobody can read any more. */
  #onSkipped(): void {
    const { version } = this.replica
    this.logger.warn(
      `[COORDINATOR] Events were archived before this process read them; on from event ${version}`,
    )
    this.lease.declareLost()
    this.#hooks.onSkipped()
  }

  async #pollOnce(): Promise<void> {
    await this.#pen.catchUp()
    this.#upkeep.catchUp()
    this.#hooks.onPoll()
  }

  async #onTick(): Promise<void> {
    await this.inBackground({ type: 'tick' })
    if (this.#closing.signal.aborted) return
    this.#pulse.look()
    this.#hooks.onOpening()
  }

  #onEvent(event: RecordedEvent): void {
    this.#hooks.onEvent(event)
    this.inHand.see(event)
    if (this.#starts.isUnderWay(event)) this.#upkeep.note(event)
    this.#starts.see(event)
  }

  /** Something failed that nobody waits for: it goes to the logger, and `health()` shows it. */
  noteError(error: unknown, doing: Doing = 'read'): void {
    if (this.#stopped.error === undefined) this.#trouble.note(error, doing)
  }

  /** The same of what the log says, which may be the end of this process. */
  #noteUnreadable(error: unknown, doing: Doing): void {
    this.noteError(error, doing)
    this.#stopped.see(error)
  }

  /** Of a command: a refusal is for whoever sent it alone. */
  #noteFailure(error: unknown): void {
    if (!isRefusal(error) && !isInterlockError(error, 'closed')) this.#noteUnreadable(error, 'write')
  }
}

/** A command that claims may also start what was asked for here before: the claim gets no more than it named. */
function isWithin(claim: Claim | undefined, taken: number, { spec }: Started): boolean {
  if (claim === undefined || taken >= claim.max) return false
  return claim.kinds === null || claim.kinds.includes(spec.kind)
}
