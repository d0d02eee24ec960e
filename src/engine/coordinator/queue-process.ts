import { type Observable, Subject } from 'rxjs'
import { isOutage, type Micros, type RecordedEvent, type Started } from '../core/index.ts'
import type { Incoming, NotedProgress } from '../store/index.ts'
import type { WholeOptions } from './api/options.ts'
import { Gate } from './gate/gate.ts'
import { LenientGate } from './gate/lenient-gate.ts'
import type { CommittedEnds } from './inbox/committed-ends.ts'
import { Inbox } from './inbox/inbox.ts'
import { IncomingLooks, type LookingProcess } from './inbox/incoming-looks.ts'
import { LargeCalls } from './inbox/large-calls.ts'
import { Member } from './membership/member.ts'
import type { MemberOwner, StartReason } from './membership/member-api.ts'
import { type Queries, queriesOf } from './queries.ts'
import { Schedules } from './schedules/schedules.ts'

/** One process on one queue: its gate and its inbox, and the member that sends their commands and tells them what the log says. */
export class QueueProcess implements MemberOwner, LookingProcess {
  readonly member: Member
  readonly queries: Queries
  readonly hints = new Hints()
  readonly incoming: IncomingLooks
  readonly schedules: Schedules
  readonly largeCalls: LargeCalls
  readonly #gate: Gate
  /** Used instead of the gate if the program must not be stopped. */
  readonly #lenient: LenientGate | undefined
  readonly #inbox: Inbox

  constructor(options: WholeOptions) {
    const { store } = options
    this.member = new Member(options, this)
    this.incoming = new IncomingLooks(this, this.member.log.looks)
    this.queries = queriesOf(this.member, store, options.contract)
    this.schedules = new Schedules(this.member, store)
    this.largeCalls = new LargeCalls(store, this.member)
    this.#gate = new Gate(this.member)
    if (options.onUnavailable === 'bypass') this.#lenient = new LenientGate(this.#gate, this.member, options)
    this.#inbox = new Inbox(store, this.member, this.incoming.requests, this)
  }

  /** Where programs ask whether a job may run. */
  get gate(): Gate | LenientGate {
    return this.#lenient ?? this.#gate
  }

  /** @throws what the store throws; if the gate is lenient and the database is away, nothing: it then joins once it can */
  async open(): Promise<void> {
    try {
      await this.member.lifecycle.open()
      await this.#inbox.open()
      // Not at the same time as the look: each would take a connection, and the second one would have to be made.
      this.member.lifecycle.followOn()
    } catch (error) {
      const { lifecycle } = this.member
      // What the first try has come to stays: it goes on from there.
      if (this.#lenient !== undefined && isOutage(error)) return void lifecycle.openLater()
      await lifecycle.giveUp()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#gate.close()
    this.hints.takenIn()
    this.incoming.close()
    await this.#inbox.close()
    // Report the end of a job that ran beside the line: otherwise another process could start the job.
    await this.#lenient?.settle()
    await this.member.lifecycle.leave()
    this.hints.complete()
  }

  get isWaiting(): boolean {
    return this.#gate.router.isWaiting || this.#gate.router.isObserved
  }

  /** Ends that handlers say in transactions of their own. */
  get ends(): CommittedEnds {
    return this.#inbox.ends
  }

  see(event: RecordedEvent): void {
    this.queries.see(event)
    this.#gate.see(event)
    this.#inbox.see(event)
    if ((event.offers?.length ?? 0) > 0) this.hints.wake()
    if (this.incoming.see(event)) this.hints.takenIn()
  }

  started(attempt: Started, requester: StartReason): boolean {
    return this.#gate.router.receive(attempt, requester)
  }

  arrived(incoming: Incoming, again?: boolean): void {
    this.incoming.receive(incoming, again)
  }

  missed(): void {
    this.incoming.missed()
  }

  noted(note?: NotedProgress): void {
    this.queries.noted(note)
  }

  requested(): void {
    this.lookForRequests()
  }

  renewed(): void {
    this.#gate.followUp()
  }

  fireSchedules(): Promise<void> {
    return this.schedules.fireDue()
  }

  mayStart(): void {
    this.hints.wake()
  }

  skipped(): void {
    this.#gate.lookAgain()
  }

  polled(): void {
    this.#lenient?.catchUp()
    this.#inbox.poll()
    this.#gate.followUp()
    if (this.#gate.router.isWaiting) void this.member.wakeups.tick()
    // The log was read a moment ago. A claim that finds nothing would read it once more.
    const { jobs, active } = this.member.ledger
    if (jobs.size > active.size) this.hints.wake()
    this.hints.takeIn()
  }

  lookForRows(): void {
    if (this.member.isFull) this.hints.takeInLater()
    else this.hints.takeIn()
  }

  lookForRequests(): void {
    this.#inbox.nudge()
  }

  get hasWorker(): boolean {
    return this.hints.isHeard
  }

  now(): Micros {
    return this.member.log.now()
  }
}

/** How long a process without a free slot leaves arrived rows to others; half as long again on average. */
const FULL_MS = 1_000

/** Tells the workers of this process when to look for jobs (`wake$`), and for rows that have arrived (`intake$`). */
class Hints {
  readonly #wake = new Subject<void>()
  readonly #intake = new Subject<void>()
  #intakeLater: NodeJS.Timeout | undefined

  get wake$(): Observable<void> {
    return this.#wake.asObservable()
  }

  get intake$(): Observable<void> {
    return this.#intake.asObservable()
  }

  /** A worker of this process listens. */
  get isHeard(): boolean {
    return this.#wake.observed
  }

  /** Something may have become startable. */
  wake(): void {
    this.#wake.next()
  }

  /** Rows may have arrived. */
  takeIn(): void {
    this.#intake.next()
  }

  /** Rows may have arrived, and this process has no free slot: others may be faster. */
  takeInLater(): void {
    this.#intakeLater ??= setTimeout(() => this.#takeInNow(), FULL_MS * (1 + Math.random())).unref()
  }

  /** A slot is free: looks at once for what was left to others. */
  freed(): void {
    if (this.#intakeLater !== undefined) this.#takeInNow()
  }

  /** A process has taken in the rows that arrived. */
  takenIn(): void {
    clearTimeout(this.#intakeLater)
    this.#intakeLater = undefined
  }

  complete(): void {
    this.#wake.complete()
    this.#intake.complete()
  }

  #takeInNow(): void {
    this.takenIn()
    this.#intake.next()
  }
}
