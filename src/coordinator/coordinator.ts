import { defer, filter, map, type Observable, Subject, startWith } from 'rxjs'
import { CoordinatorActor, type CoordinatorActorOptions } from '../../machines/index.ts'
import {
  type EnqueueInput,
  errorData,
  type PolicyInput,
  parseJobId,
  parseJobs,
  parseModel,
  parseModels,
  parseNote,
  parsePause,
  parsePolicy,
  parseResult,
  parseSeq,
  parseTime,
} from '../codec/index.ts'
import {
  type Claim,
  type CommandBody,
  type Explanation,
  explainJob,
  type InterlockError,
  isInterlockError,
  type JobType,
  type Lease,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  type RecordedEvent,
  type RequeueReason,
  type Started,
} from '../core/index.ts'
import { type DeadJob, type Intake, type JobData, PAGE } from '../port/index.ts'
import type {
  CompleteOptions,
  Coordinator,
  CoordinatorOptions,
  DeadFilter,
  EndOptions,
  FailOptions,
  Health,
  NoteOptions,
  PauseOptions,
  StartAnswer,
  StartOptions,
} from './api.ts'
import { type DeadLetters, dropDead, listDead, retryDead } from './dead.ts'
import { GateDesk } from './gate-desk.ts'
import { hasWorkerAmong } from './has-worker.ts'
import { Inbox } from './inbox.ts'
import { takeIn } from './intake.ts'
import { LenientGate } from './lenient-gate.ts'
import type { Logger } from './logger.ts'
import { AT_ONCE, Member, type SendOptions } from './member.ts'
import { Counter, type QueueMetrics, queueMetrics } from './metrics.ts'
import { completeOptions, type WholeOptions } from './options.ts'
import { eventsFrom, pagesOf, pullEvents, type StreamSource, standingOf } from './streams.ts'
import { type QueueView, queueView, toDate } from './view.ts'
import { type WorkflowConfig, workflowModels } from './workflow-models.ts'

/** How long, and half as long again on average, a process without a free slot leaves rows that arrived to others. */
const FULL_MS = 1_000

/** One queue, seen and written by one process. Made by {@link createCoordinator}. */
class QueueCoordinator implements Coordinator {
  readonly #options: WholeOptions
  readonly #member: Member
  readonly #desk: GateDesk
  /** In place of the desk where the gate must not stop a program. */
  readonly #lenient: LenientGate | undefined
  readonly #inbox: Inbox
  readonly #wake = new Subject<void>()
  readonly #counter = new Counter()
  readonly #intake = new Subject<void>()
  #intakeLater: NodeJS.Timeout | undefined

  constructor(options: CoordinatorOptions) {
    this.#options = completeOptions(options)
    this.#member = new Member(this.#options, {
      onEvent: (event) => this.#onEvent(event),
      onStarted: (attempt) => this.#desk.gate.deliver(attempt),
      onIntake: (intake) => this.#onIntake(intake),
      onPoll: () => this.#onPoll(),
      onRenewed: () => this.#desk.followUp(),
      onOpening: () => this.#wake.next(),
    })
    this.#desk = new GateDesk(this.#member)
    this.#inbox = new Inbox({
      store: options.store,
      queue: this.#options.queue,
      ledger: () => this.#member.replica.ledger,
      send: (body, options) => this.#sendFor(body, options),
      now: () => this.now(),
      onError: (error) => this.#member.noteError(error),
    })
    if (this.#options.onUnavailable === 'bypass') {
      this.#lenient = new LenientGate(this.#desk, this.#member, this.#options)
    }
  }

  async open(): Promise<this> {
    try {
      await this.#member.open()
    } catch (error) {
      if (this.#lenient === undefined || !isInterlockError(error, 'store_unavailable')) throw error
      void this.#member.openLater()
    }
    return this
  }

  get queue(): string {
    return this.#options.queue
  }

  get logger(): Logger {
    return this.#member.logger
  }

  get workerId(): string {
    return this.#member.workerId
  }

  getWorkflowModels(config: WorkflowConfig): readonly string[] {
    const { models, missing } = workflowModels(config)
    if (missing.length > 0)
      this.#member.logger.warn(`[COORDINATOR] No default_model in: ${missing.join(', ')}`)
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

  attempt(lease: Lease): Started | undefined {
    return this.#member.attempt(lease)
  }

  onJobComplete(jobId: string, _jobType: JobType, options: CompleteOptions = {}): Promise<void> {
    return (this.#lenient ?? this.#desk).complete(jobId, options)
  }

  async enqueue(jobs: readonly EnqueueInput[]) {
    const parsed = parseJobs(jobs)
    if (parsed.length === 0) return { queued: 0, waiting: [] }
    const specs = parsed.map(({ spec }) => spec)
    const data = parsed.flatMap(({ spec: { jobId }, payload }) =>
      payload === undefined ? [] : [{ jobId, payload }],
    )
    const { waiting } = await this.#send({ type: 'enqueue', specs }, { data })
    return { queued: specs.length, waiting }
  }

  async claim(claim: Claim): Promise<readonly Started[]> {
    return (await this.#send({ type: 'claim' }, { claim })).started
  }

  async complete({ jobId, fencingToken: token, epoch }: Lease, { claim, result }: EndOptions = {}) {
    const data = result === undefined ? [] : [{ jobId, result: parseResult(result) }]
    return (await this.#send({ type: 'complete', jobId, token, epoch }, { claim, data })).started
  }

  async fail(
    { jobId, fencingToken: token, epoch }: Lease,
    { code = 'handler_error', retryAt, error, claim }: FailOptions = {},
  ) {
    const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
    const at = retryAt === null ? null : retryAt === undefined ? AT_ONCE : retryAt.getTime() * MICROS_PER_MS
    return (await this.#send({ type: 'fail', jobId, token, epoch, code, retryAt: at }, { claim, data }))
      .started
  }

  async release(
    { jobId, fencingToken: token, epoch }: Lease,
    reason: RequeueReason,
    runAt: Date | null = null,
    { claim, models }: { claim?: Claim | undefined; models?: readonly string[] | undefined } = {},
  ) {
    const at = runAt === null ? null : runAt.getTime() * MICROS_PER_MS
    const anew = models === undefined ? {} : { models: parseModels(models) }
    return (await this.#send({ type: 'release', jobId, token, epoch, reason, runAt: at, ...anew }, { claim }))
      .started
  }

  heartbeat(lease: Lease): Promise<boolean> {
    return this.#member.holds(lease)
  }

  data(jobIds: readonly string[]): Promise<readonly JobData[]> {
    return this.#options.store.data(this.queue, jobIds)
  }

  async note({ jobId, fencingToken: token }: Lease, note: NoteOptions): Promise<boolean> {
    return this.#options.store.note(this.queue, { jobId, token, ...parseNote(note) })
  }

  forget(jobIds: readonly string[]): Promise<void> {
    return this.#options.store.forget(this.queue, jobIds)
  }

  dead(filter: Parameters<Coordinator['dead']>[0] = {}): Promise<readonly DeadJob[]> {
    return listDead(this.#letters, filter)
  }

  retryDead(filter: DeadFilter): Promise<number> {
    return retryDead(this.#letters, filter)
  }

  dropDead(filter: DeadFilter): Promise<number> {
    return dropDead(this.#letters, filter)
  }

  async takeIn({ max }: { readonly max: number }): Promise<number> {
    const { store } = this.#options
    const intake = { store, queue: this.queue, send: (body: CommandBody) => this.#send(body) }
    return takeIn(intake, max)
  }

  async detach({ jobId, fencingToken: token, epoch }: Lease, { until }: { until: Date }): Promise<void> {
    await this.#send({ type: 'detach', jobId, token, epoch, until: parseTime(until, 'until') })
  }

  async cancel(jobId: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    await this.#send({ type: 'cancel', jobId: parseJobId(jobId), force })
  }

  async confirmCancel({ jobId, fencingToken: token, epoch }: Lease, { claim }: { claim?: Claim } = {}) {
    return (await this.#send({ type: 'confirm_cancel', jobId, token, epoch }, { claim })).started
  }

  async reprioritize(jobId: string, to: { priority: number } | { before: string }): Promise<void> {
    await this.#send({ type: 'reprioritize', jobId: parseJobId(jobId), ...to })
  }

  async setPolicy(policy: PolicyInput): Promise<void> {
    await this.catchUp()
    await this.#send({ type: 'set_policy', policy: parsePolicy(policy, this.#member.replica.ledger.policy) })
  }

  async pauseModel(model: string, options: PauseOptions): Promise<void> {
    await this.#send({ type: 'pause_model', model: parseModel(model), ...parsePause(options) })
  }

  async resumeModel(model: string): Promise<void> {
    await this.#send({ type: 'resume_model', model: parseModel(model) })
  }

  async drain(): Promise<void> {
    await this.#send({ type: 'drain' })
  }

  async recover(): Promise<void> {
    await this.catchUp()
    await this.#send({ type: 'recover' })
  }

  async resume(): Promise<void> {
    await this.#send({ type: 'resume' })
  }

  async explain(jobId: string): Promise<Explanation | undefined> {
    parseJobId(jobId)
    await this.catchUp()
    const workers = await this.#options.store.workers(this.queue)
    return explainJob(this.#member.replica.ledger, jobId, this.now(), hasWorkerAmong(workers))
  }

  state(): QueueView {
    return queueView(this.queue, this.#member.replica.ledger, this.now())
  }

  get state$(): Observable<QueueView> {
    return defer(() =>
      this.#changes$.pipe(
        map(() => this.state()),
        startWith(this.state()),
      ),
    )
  }

  get events$(): Observable<RecordedEvent> {
    return this.#member.attended(this.#member.replica.events$)
  }

  get heard$(): Observable<RecordedEvent> {
    return this.#member.replica.events$
  }

  eventsFrom(after: number): Observable<RecordedEvent> {
    return eventsFrom(this.#source, parseSeq(after))
  }

  pullEvents(after: number, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<RecordedEvent> {
    return pullEvents(this.#source, parseSeq(after), this.#changes$, signal)
  }

  waiting$(jobId: string): Observable<Explanation> {
    const { replica } = this.#member
    return standingOf(
      parseJobId(jobId),
      () => replica.ledger,
      () => this.now(),
      this.#changes$,
    )
  }

  get #changes$(): Observable<Ledger> {
    return this.#member.attended(this.#member.replica.changes$)
  }

  get #source(): StreamSource {
    const { store } = this.#options
    const { replica } = this.#member
    return {
      read: pagesOf(this.queue, (after) => store.read(this.queue, after, PAGE)),
      version: () => replica.version,
      live$: this.events$,
    }
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

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.#member.leaseLost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.#member.stopped$
  }

  machine(options: CoordinatorActorOptions = {}): CoordinatorActor {
    const actor = new CoordinatorActor(this.#member.replica.ledger, options)
    const fresh$ = this.events$.pipe(filter(({ seq }) => seq > actor.ledger.version))
    fresh$.subscribe({ next: (event) => actor.feed(event), complete: () => actor.stop() })
    return actor
  }

  offering(kinds: readonly string[] | null, freeSlots: number): void {
    this.#member.offer(kinds, freeSlots)
    if (freeSlots > 0 && this.#intakeLater !== undefined) this.#takeInNow()
  }

  catchUp(): Promise<void> {
    return this.#member.catchUp()
  }

  now(): Micros {
    return this.#member.clock.now()
  }

  health(): Health {
    const { replica, lease, lastError, workerId, counts } = this.#member
    const { ledger } = replica
    return {
      queue: this.queue,
      store: this.#options.store.name,
      workerId,
      ok: lastError === null && !lease.lost,
      reachable: lastError === null,
      leaseLost: lease.lost,
      leaseExpiresAt: toDate(lease.expiresAt),
      version: ledger.version,
      activeCount: ledger.active.size,
      waitingCount: ledger.jobs.size - ledger.active.size,
      counts,
      lastError,
    }
  }

  metrics(): QueueMetrics {
    const { replica, head } = this.#member
    return queueMetrics(replica.ledger, this.now(), head, this.#counter.counts)
  }

  async close(): Promise<void> {
    await this.#desk.close()
    clearTimeout(this.#intakeLater)
    await this.#inbox.close()
    // The end of a job that ran beside the line: untold, it would stand there for somebody to start it.
    await this.#lenient?.settle()
    await this.#member.leave()
    this.#wake.complete()
    this.#intake.complete()
  }

  get #letters(): DeadLetters {
    const { store, queue } = this.#options
    return { store, queue, send: (body, options) => this.#send(body, options) }
  }

  async #send(body: CommandBody, options?: SendOptions) {
    const result = await this.#member.send(body, options)
    return { ...result, started: this.#desk.sort(result.started) }
  }

  /** For somebody else; what it starts for whoever waits at the gate here goes there. */
  async #sendFor(body: CommandBody, options: SendOptions) {
    const result = await this.#member.send(body, options)
    this.#desk.sort(result.started.filter(({ workerId }) => workerId === this.workerId))
    return result
  }

  #onEvent(event: RecordedEvent): void {
    this.#counter.see(event)
    this.#desk.see(event)
    if ((event.offers?.length ?? 0) > 0) this.#wake.next()
  }

  #onIntake(intake: Intake): void {
    if (intake !== 'rows') this.#inbox.nudge()
    if (intake === 'requests') return
    if (!this.#member.isFull) return this.#intake.next()
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
    if (this.#desk.gate.isWaiting) void this.#member.inBackground({ type: 'tick' })
    this.#wake.next()
    this.#intake.next()
  }
}

/**
 * Joins a queue: reads its log, registers this process and listens.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  return new QueueCoordinator(options).open()
}
