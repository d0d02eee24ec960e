import { type Observable, Subject } from 'rxjs'
import { parseJobId, parseOutcome } from '../codec/index.ts'
import {
  type Accepted,
  type CommandBody,
  isInterlockError,
  type JobType,
  type RecordedEvent,
  type Started,
} from '../core/index.ts'
import type { Intake } from '../port/index.ts'
import { checkCalls } from './api/check-calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import { type CoordinatorOptions, completeOptions } from './api/options.ts'
import type { CompleteOptions, StartAnswer, StartOptions } from './api/start.ts'
import type { TypedCoordinator } from './api/typed.ts'
import { type WorkflowConfig, workflowModels } from './api/workflow-models.ts'
import { errorText } from './base/logger.ts'
import { GateDesk } from './gate/gate.ts'
import { LenientGate } from './gate/lenient-gate.ts'
import { Inbox } from './inbox/inbox.ts'
import { Member } from './membership/member.ts'
import type { SendOptions } from './membership/member-api.ts'
import { QueueWriter } from './queue-writer.ts'

/** How long, and half as long again on average, a process without a free slot leaves rows that arrived to others. */
const FULL_MS = 1_000

/** One queue, seen and written by one process. Made by {@link createCoordinator}. */
class QueueCoordinator extends QueueWriter implements Coordinator {
  static {
    checkCalls(QueueCoordinator.prototype)
  }

  readonly #desk: GateDesk
  /** In place of the desk where the gate must not stop a program. */
  readonly #lenient: LenientGate | undefined
  readonly #inbox: Inbox
  readonly #wake = new Subject<void>()
  readonly #intake = new Subject<void>()
  #intakeLater: NodeJS.Timeout | undefined

  constructor(options: CoordinatorOptions) {
    const whole = completeOptions(options)
    const member = new Member(whole, {
      onEvent: (event) => this.#onEvent(event),
      onStarted: (attempt, taker) => this.#desk.gate.receive(attempt, taker),
      onIntake: (intake) => this.#onIntake(intake),
      onPoll: () => this.#onPoll(),
      onRenewed: () => this.#desk.followUp(),
      onOpening: () => this.#wake.next(),
      onSkipped: () => this.#desk.lookAgain(),
    })
    super(whole, member)
    this.#desk = new GateDesk(member)
    this.#inbox = new Inbox({
      store: options.store,
      queue: this.options.queue,
      ledger: () => this.member.replica.ledger,
      send: (body, options) => this.member.send(body, options),
      now: () => this.now(),
      onError: (error) => this.member.noteError(error),
    })
    if (this.options.onUnavailable === 'bypass') {
      this.#lenient = new LenientGate(this.#desk, this.member, this.options)
    }
  }

  async open(): Promise<this> {
    try {
      await this.member.open()
      await this.#inbox.open()
    } catch (error) {
      if (this.#lenient === undefined || !isInterlockError(error, 'store_unavailable')) throw error
      void this.member.openLater()
    }
    return this
  }

  getWorkflowModels(config: WorkflowConfig): readonly string[] {
    const { models, missing } = workflowModels(config)
    if (missing.length > 0)
      this.member.logger.warn(`[COORDINATOR] No default_model in: ${errorText(missing.join(', '))}`)
    return models
  }

  onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options: StartOptions = {},
  ): Promise<StartAnswer> {
    return (this.#lenient ?? this.#desk).start(jobId, jobType, models, options)
  }

  takeUp(jobId: string, options: Parameters<Coordinator['takeUp']>[1] = {}): Promise<StartAnswer> {
    return this.#desk.takeUp(parseJobId(jobId), options)
  }

  async onJobComplete(jobId: string, jobType: JobType, options: CompleteOptions = {}): Promise<void> {
    if (options.outcome !== undefined) parseOutcome(options.outcome)
    return (this.#lenient ?? this.#desk).complete(jobId, jobType, options)
  }

  get ready$(): Observable<Started> {
    return this.#desk.gate.ready$
  }

  get wake$(): Observable<void> {
    return this.#wake.asObservable()
  }

  get intake$(): Observable<void> {
    return this.#intake.asObservable()
  }

  offering(kinds: readonly string[] | null, freeSlots: number): void {
    this.member.offer(kinds, freeSlots)
    if (freeSlots > 0 && this.#intakeLater !== undefined) this.#takeInNow()
  }

  async close(): Promise<void> {
    await this.#desk.close()
    clearTimeout(this.#intakeLater)
    await this.#inbox.close()
    // The end of a job that ran beside the line: untold, it would stand there for somebody to start it.
    await this.#lenient?.settle()
    await this.member.leave()
    this.#wake.complete()
    this.#intake.complete()
  }

  protected override send(body: CommandBody, options?: SendOptions): Promise<Accepted> {
    return this.member.send(body, options)
  }

  #onEvent(event: RecordedEvent): void {
    this.counter.see(event)
    this.#desk.see(event)
    if ((event.offers?.length ?? 0) > 0) this.#wake.next()
  }

  #onIntake(intake: Intake): void {
    if (intake !== 'rows') this.#inbox.nudge()
    if (intake === 'requests') return
    if (!this.member.isFull) return this.#intake.next()
    this.#intakeLater ??= setTimeout(() => this.#takeInNow(), FULL_MS * (1 + Math.random())).unref()
  }

  /** What was left to others for a while. */
  #takeInNow(): void {
    clearTimeout(this.#intakeLater)
    this.#intakeLater = undefined
    this.#intake.next()
  }

  #onPoll(): void {
    this.#lenient?.catchUp()
    this.#inbox.poll()
    this.#desk.followUp()
    if (this.#desk.gate.isWaiting) void this.member.inBackground({ type: 'tick' })
    this.#wake.next()
    this.#intake.next()
  }
}

/**
 * Joins a queue: reads its log, registers this process and listens. A database that does not answer is tried again for
 * `joinMs`. Then this is refused with what it said last; under `onUnavailable: 'bypass'` the coordinator is made all the same,
 * and joins once it can.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator>
export async function createCoordinator<Payloads extends object>(
  options: CoordinatorOptions,
): Promise<TypedCoordinator<Payloads>>
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  return new QueueCoordinator(options).open()
}
