import type { Observable, Subscription } from 'rxjs'
import {
  type Accepted,
  type Claim,
  type CommandBody,
  type DataChange,
  hash,
  InterlockError,
  isInterlockError,
  jobOf,
  type Lease,
  type RecordedEvent,
  type Started,
  startedJob,
} from '../core/index.ts'
import type { Concern, Intake } from '../port/index.ts'
import { Attention } from './attention.ts'
import { atMost, pause } from './backoff.ts'
import { DatabaseClock } from './clock.ts'
import { Committer } from './committer.ts'
import { Head } from './head.ts'
import { Incarnation } from './incarnation.ts'
import type { LeaseKeeper } from './lease.ts'
import { errorText, type Logger, stderrLogger } from './logger.ts'
import type { WholeOptions } from './options.ts'
import { Pen } from './pen.ts'
import { readToHead } from './read.ts'
import { Replica } from './replica.ts'
import { Restored } from './restored.ts'
import { TickTimer } from './timers.ts'
import { Upkeep } from './upkeep.ts'

/** A time that has always passed. */
export const AT_ONCE = 0

/** How long a process that leaves waits for a database that does not answer. */
const LEAVE_MS = 5_000

/** What goes along with a command. */
export interface SendOptions {
  /** What this process could start in the same append. */
  readonly claim?: Claim | undefined
  /** What is kept beside the log of the jobs that the command puts in line or ends. */
  readonly data?: readonly DataChange[]
  /** The command's own id, and whom its events name, where it is somebody else's. */
  readonly as?: { readonly id: string; readonly workerId: string; readonly hash?: number }
}

/** What a member tells of, beside the answers to its commands. */
export interface MemberHooks {
  /** Every event, once it is folded. */
  readonly onEvent: (event: RecordedEvent) => void
  /** A job was started for this process by a command that it did not send. */
  readonly onStarted: (attempt: Started) => void
  /** Something may have come in beside the log. */
  readonly onIntake: (intake: Intake) => void
  /** Once per poll, when the log has been read. */
  readonly onPoll: () => void
  /** The process goes on under another id, which is registered now. */
  readonly onRenewed: () => void
  /** Somebody may start who could not before, although no event says so. */
  readonly onOpening: () => void
}

/**
 * One process as a member of a queue: its replica of the log, its pen, its lease and its timers. It knows how to send a
 * command and how to stay alive; what the commands are for is its owner's business.
 */
export class Member {
  readonly replica = new Replica()
  readonly clock = new DatabaseClock()
  readonly head = new Head(() => this.#forgetError())
  readonly logger: Logger
  readonly #options: WholeOptions
  readonly #hooks: MemberHooks
  readonly #closing = new AbortController()
  readonly #committer: Committer
  readonly #pen: Pen
  readonly #tick: TickTimer
  readonly #upkeep: Upkeep
  readonly #attention: Attention
  readonly #incarnation: Incarnation
  readonly #restored: Restored
  /** Ids of own commands under way: what they start is told to their caller. */
  readonly #underWay = new Set<string>()
  #poll: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #watch: Subscription | undefined
  #lastError: unknown = null
  #isOpen = false
  /** Whose leases are over by a beat that came before this process could send. */
  readonly #overdueAtFirst: string[] = []

  constructor(options: WholeOptions, hooks: MemberHooks) {
    this.#options = options
    this.#hooks = hooks
    this.logger = options.logger ?? stderrLogger
    const { store, queue, patienceMs } = options
    const onError = (error: unknown) => this.noteError(error)
    this.#upkeep = new Upkeep(options, {
      replica: this.replica,
      now: () => this.clock.now(),
      version: () => Math.max(this.head.version, this.replica.version),
      onError,
    })
    this.#attention = new Attention({
      isFrugal: store.frugal === true,
      lease: () => this.lease,
      head: this.head,
    })
    this.#committer = new Committer({
      store,
      queue,
      replica: this.replica,
      clock: this.clock,
      head: this.head,
      patience: { forMs: patienceMs, signal: this.#closing.signal },
      onDeadWorkers: (ids) => ids.includes(this.workerId) && this.lease.declareLost(),
      onUnreadable: onError,
      onAppended: this.#upkeep.followAppend,
    })
    this.#pen = new Pen(this.#committer)
    this.#tick = new TickTimer(
      () => this.clock.now(),
      () => void this.#onTick(),
    )
    this.#incarnation = this.#makeIncarnation()
    this.#restored = this.#makeRestored()
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

  get counts(): Committer['counts'] {
    return { ...this.#committer.counts }
  }

  get lastError(): string | null {
    return this.#lastError === null ? null : errorText(this.#lastError)
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.#incarnation.lost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.#restored.stopped$
  }

  /** Reads the log, registers the process, listens. @throws what the store throws */
  async open(): Promise<void> {
    const { store, queue, pollMs } = this.#options
    await store.open(queue)
    await this.#upkeep.begin()
    await readToHead({ store, queue, replica: this.replica, clock: this.clock, head: this.head })
    this.#watch?.unsubscribe()
    this.#watch = this.replica.events$.subscribe((event) => this.#onEvent(event))
    this.#watch.add(this.replica.changes$.subscribe((ledger) => this.#tick.follow(ledger)))
    await this.lease.start()
    this.#stopListening = await store.listen(queue, (...hint) => this.#onWake(...hint))
    this.#tick.follow(this.replica.ledger)
    this.#poll = setInterval(() => void this.#pollOnce(), pollMs)
    this.#upkeep.start()
    this.#isOpen = true
    await this.#pen.catchUp()
    await this.#expire(this.#overdueAtFirst.splice(0))
    this.#upkeep.catchUp()
  }

  async #expire(workerIds: readonly string[]): Promise<void> {
    if (workerIds.length > 0) await this.inBackground({ type: 'expire_leases', workerIds, retryAt: AT_ONCE })
  }

  /** It was closed while it opened. */
  async #undoOpen(): Promise<void> {
    clearInterval(this.#poll)
    this.#tick.clear()
    await this.#stopListening?.()
    await this.#upkeep.pause()
    this.#watch?.unsubscribe()
    await this.#incarnation.leave()
  }

  /** Goes on trying to open, once per second or poll, until it succeeds or the coordinator is closed. */
  async openLater(): Promise<void> {
    while (!this.#isOpen && !this.#closing.signal.aborted) {
      await pause(Math.max(1_000, this.#options.pollMs), this.#closing.signal)
      try {
        await this.open()
        if (this.#closing.signal.aborted) return await this.#undoOpen()
        this.logger.info('[COORDINATOR] Database reached')
      } catch (error) {
        this.noteError(error)
      }
    }
  }

  /** Sends one command. Its answer names what it started for this process; its refusal is thrown. */
  async send(body: CommandBody, { claim, data, as }: SendOptions = {}): Promise<Accepted> {
    this.#checkOpen()
    // Whoever is not registered can start nothing: the store would take the new lease to be lost as well.
    if (!this.lease.isRegistered) {
      await this.lease.beat()
      this.#checkOpen()
    }
    const id = as?.id ?? this.#incarnation.nextCommandId()
    const workerId = this.workerId
    const sender = as?.workerId ?? workerId
    const command = { id, hash: as?.hash ?? hash(JSON.stringify(body)), workerId: sender, body }
    this.#underWay.add(id)
    try {
      const result = await this.#pen.send(claim === undefined ? command : { ...command, claim }, data)
      this.#forgetError()
      if (!result.ok) throw new InterlockError(result.code, result.message)
      const ours = ({ workerId: by }: Started) => by === workerId || by === sender
      return { ...result, started: result.started.filter(ours) }
    } catch (error) {
      if (!isRefusal(error)) this.noteError(error)
      throw error
    } finally {
      this.#underWay.delete(id)
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) {
      throw new InterlockError('closed', 'the coordinator is closed; make a new one with createCoordinator')
    }
    if (this.#restored.error !== undefined) throw this.#restored.error
    if (this.#isOpen) return
    throw new InterlockError('store_unavailable', 'the database has not been reached yet; see the log')
  }

  /**
   * A command that nobody waits for. What it cannot do now is tried again by the next beat or poll; what is refused has been
   * settled otherwise meanwhile. False if it was not carried out.
   */
  async inBackground(body: CommandBody): Promise<boolean> {
    try {
      for (const attempt of (await this.send(body)).started) this.#hooks.onStarted(attempt)
      return true
    } catch (error) {
      if (!isRefusal(error)) this.noteError(error)
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
    const { jobId, fencingToken, epoch } = lease
    const { ledger } = this.replica
    const job = jobOf(ledger, jobId)
    if (job?.active !== true || job.token !== fencingToken || ledger.epoch !== epoch) return undefined
    if (job.workerId !== this.workerId || this.lease.lost) return undefined
    return startedJob(job, epoch)
  }

  /** Finishes what is under way and gives up the lease. It waits 5 s at most for a database that does not answer. */
  async leave(): Promise<void> {
    if (this.#closing.signal.aborted) return
    clearInterval(this.#poll)
    this.#tick.clear()
    if (!(await atMost(LEAVE_MS, this.#finish()))) {
      this.logger.warn('[COORDINATOR] Left without waiting for the database: its lease runs out by itself')
    }
    this.#watch?.unsubscribe()
    this.replica.complete()
    this.#incarnation.complete()
  }

  async #finish(): Promise<void> {
    await this.#stopListening?.()
    this.#closing.abort()
    await this.#pen.idle()
    await this.#restored.close()
    await this.#upkeep.close()
    if (this.#isOpen) await this.#incarnation.leave()
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

  #makeRestored(): Restored {
    const { store, queue, patienceMs, name } = this.#options
    return new Restored({
      ...{ store, queue, name, logger: this.logger },
      patience: { forMs: patienceMs, signal: this.#closing.signal },
      epoch: () => this.replica.ledger.epoch,
      onEnd: async () => {
        clearInterval(this.#poll)
        this.#tick.clear()
        this.lease.abandon()
        await this.#stopListening?.()
      },
    })
  }

  #makeIncarnation(): Incarnation {
    const { onIntake, onRenewed } = this.#hooks
    return new Incarnation(this.#options, {
      ...{ logger: this.logger, onIntake, onRenewed },
      isOver: () => this.#restored.error !== undefined,
      onOverdue: (workerIds) => {
        if (this.#isOpen) void this.#expire(workerIds)
        else this.#overdueAtFirst.push(...workerIds)
      },
      onUnreachable: (error) => this.noteError(error),
      // What the log does not say any more is not mended by a beat.
      onReached: () => {
        if (isInterlockError(this.#lastError, 'store_unavailable')) this.#forgetError()
      },
    })
  }

  async #pollOnce(): Promise<void> {
    await this.#pen.catchUp()
    this.#upkeep.catchUp()
    this.#hooks.onPoll()
  }

  async #onTick(): Promise<void> {
    await this.inBackground({ type: 'tick' })
    if (this.#closing.signal.aborted) return
    this.#tick.follow(this.replica.ledger)
    this.#hooks.onOpening()
  }

  #onEvent(event: RecordedEvent): void {
    this.#hooks.onEvent(event)
    if (this.#underWay.has(event.commandId)) this.#upkeep.note(event)
    if (event.type !== 'started' || event.workerId !== this.workerId) return
    if (!this.#underWay.has(event.commandId)) queueMicrotask(() => this.#tellStarted(event.jobId, event.seq))
  }

  /** Another process started a job that this one had asked for. */
  #tellStarted(jobId: string, token: number): void {
    const { ledger } = this.replica
    const job = jobOf(ledger, jobId)
    if (job === undefined || job.token !== token || !job.active) return
    const lease = { jobId, fencingToken: token, epoch: ledger.epoch }
    this.#hooks.onStarted({ lease, spec: job.spec, attempt: job.attempt, workerId: this.workerId })
  }

  /** Something failed that nobody waits for: it goes to the logger, and `health()` shows it. */
  noteError(error: unknown): void {
    if (this.#restored.error !== undefined || error === this.#lastError) return
    this.#lastError = error
    this.logger.error(`[COORDINATOR] ${errorText(error)}`)
    this.#restored.see(error)
  }

  /** The database has answered. */
  #forgetError(): void {
    this.#lastError = null
  }
}

/** Said to the caller alone; anything else is worth a line of the log. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof InterlockError && error.code !== 'store_unavailable' && error.code !== 'log_went_back'
  )
}
