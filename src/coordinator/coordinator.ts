import { filter, map, type Observable, Subject, type Subscription, startWith } from 'rxjs'
import { CoordinatorActor, type CoordinatorActorOptions } from '../../machines/index.ts'
import {
  type EnqueueInput,
  type PolicyInput,
  parseJobId,
  parsePolicy,
  parseSpec,
  parseSpecs,
} from '../codec/index.ts'
import {
  type Accepted,
  type Claim,
  type CommandBody,
  type Explanation,
  explainJob,
  hash,
  InterlockError,
  type JobType,
  jobOf,
  type Lease,
  MICROS_PER_MS,
  type Micros,
  type RecordedEvent,
  type RequeueReason,
  type Started,
} from '../core/index.ts'
import type {
  CompleteOptions,
  Coordinator,
  CoordinatorOptions,
  FailOptions,
  Health,
  StartAnswer,
  StartOptions,
} from './api.ts'
import { DatabaseClock } from './clock.ts'
import { Committer } from './committer.ts'
import { Gate } from './gate.ts'
import { tellStart } from './gate-lines.ts'
import { CommandIds, newWorkerId } from './identity.ts'
import { LeaseKeeper } from './lease.ts'
import { type Logger, stderrLogger } from './logger.ts'
import { completeOptions, type WholeOptions } from './options.ts'
import { Pen } from './pen.ts'
import { Projector } from './projector.ts'
import { readToHead } from './read.ts'
import { RELEASE } from './release.ts'
import { Replica } from './replica.ts'
import { nextTickAt, TickTimer } from './timers.ts'
import { type QueueView, queueView, toDate } from './view.ts'
import { type WorkflowConfig, workflowModels } from './workflow-models.ts'

/** A time that has always passed. */
const AT_ONCE = 0

/** One queue, seen and written by one process. Made by {@link createCoordinator}. */
export class QueueCoordinator implements Coordinator {
  readonly queue: string
  readonly #options: WholeOptions
  readonly #logger: Logger
  readonly #closing = new AbortController()
  readonly #replica = new Replica()
  readonly #clock = new DatabaseClock()
  readonly #committer: Committer
  readonly #pen: Pen
  readonly #lease: LeaseKeeper
  readonly #gate: Gate
  readonly #tick: TickTimer
  readonly #projector: Projector
  readonly #wake = new Subject<void>()
  readonly #leaseLost = new Subject<{ workerId: string }>()
  readonly #bypassed = new Set<string>()
  /** Ids of own commands under way: what they start is told to their caller. */
  readonly #underWay = new Set<string>()
  #workerId = newWorkerId()
  #ids = new CommandIds(this.#workerId)
  #poll: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #watch: Subscription | undefined
  #lastError: unknown = null

  constructor(options: CoordinatorOptions) {
    this.#options = completeOptions(options)
    const { store, queue, leaseMs, graceMs, patienceMs } = this.#options
    this.queue = queue
    this.#logger = options.logger ?? stderrLogger
    const reader = { store, queue, replica: this.#replica, clock: this.#clock }
    this.#committer = new Committer({
      ...reader,
      patience: { forMs: patienceMs, signal: this.#closing.signal },
      onDeadWorkers: (ids) => ids.includes(this.#workerId) && this.#lease.declareLost(),
      onUnreadable: (error) => this.#noteError(error),
      onAppended: () => this.#projector.nudge(),
    })
    this.#pen = new Pen(this.#committer)
    this.#projector = new Projector({ store, queue, onError: (error) => this.#noteError(error) })
    this.#gate = new Gate((attempt) => void this.#giveBack(attempt))
    this.#tick = new TickTimer(
      () => this.#clock.now(),
      () => void this.#background({ type: 'tick' }),
    )
    this.#lease = new LeaseKeeper(
      {
        store,
        queue,
        ttlMs: leaseMs,
        graceMs,
        release: RELEASE,
        onOverdue: (workerIds) =>
          void this.#background({ type: 'expire_leases', workerIds, retryAt: AT_ONCE }),
        onLost: () => this.#onLeaseLost(),
        onUnreachable: (error) => this.#noteError(error),
      },
      this.#workerId,
    )
  }

  /** Reads the log, registers the process, listens. @throws what the store throws: `not_migrated`, `store_unavailable`, … */
  async open(): Promise<this> {
    const { store, pollMs } = this.#options
    await store.open(this.queue)
    await readToHead({ store, queue: this.queue, replica: this.#replica, clock: this.#clock })
    this.#watch = this.#replica.events$.subscribe((event) => this.#onEvent(event))
    this.#watch.add(this.#replica.changes$.subscribe((ledger) => this.#tick.set(nextTickAt(ledger))))
    await this.#lease.start()
    this.#stopListening = await store.listen(this.queue, (version) => void this.#pen.catchUp(version))
    this.#tick.set(nextTickAt(this.#replica.ledger))
    this.#poll = setInterval(() => void this.#pollOnce(), pollMs)
    await this.#pen.catchUp()
    this.#projector.nudge()
    return this
  }

  get workerId(): string {
    return this.#workerId
  }

  getWorkflowModels(config: WorkflowConfig): readonly string[] {
    const { models, missing } = workflowModels(config)
    if (missing.length > 0) this.#logger.warn(`[COORDINATOR] No default_model in: ${missing.join(', ')}`)
    return models
  }

  async onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    { wait = false, signal, ...rest }: StartOptions = {},
  ): Promise<StartAnswer> {
    const spec = parseSpec({ jobId, jobType, models, ...rest }, { attempts: 1 })
    signal?.throwIfAborted()
    this.#logger.info(`[COORDINATOR] Checking if job ${jobId} can start...`)
    const wasIdle = this.#replica.ledger.active.size === 0
    const started = wait ? this.#gate.waitFor(jobId) : undefined
    started?.catch(() => {})
    const asks = wait || this.#gate.isObserved
    if (asks) this.#gate.ask(jobId)
    const result = await this.#send({ type: 'ask', spec, wait: asks }).catch((error: unknown) => {
      this.#gate.stopWaiting(jobId, error)
      throw error
    })
    const own = result.started.find((attempt) => attempt.lease.jobId === jobId)
    const waiting = result.waiting.find((other) => other.jobId === jobId)
    if (own !== undefined) this.#gate.acknowledge(jobId)
    if (waiting === undefined) this.#gate.forget(jobId)
    const now =
      own ??
      (waiting !== undefined && started !== undefined ? await this.#await(started, jobId, signal) : undefined)
    const answer = this.#startAnswer(jobId, now, result)
    tellStart(this.#logger, { jobId, jobType, models: spec.models }, answer, wasIdle)
    return answer
  }

  async onJobComplete(jobId: string, _jobType: JobType, options: CompleteOptions = {}): Promise<void> {
    parseJobId(jobId)
    if (this.#bypassed.delete(jobId)) return
    const token = options.fencingToken ?? null
    this.#gate.acknowledge(jobId)
    if (options.outcome === 'failed') {
      await this.#send({ type: 'fail', jobId, token, code: 'handler_error', retryAt: null })
    } else await this.#send({ type: 'complete', jobId, token })
    const why = options.error === undefined ? '' : `: ${errorText(options.error)}`
    this.#logger.info(`[COORDINATOR] Job ${jobId} ended: ${options.outcome ?? 'completed'}${why}`)
  }

  async enqueue(jobs: readonly EnqueueInput[]) {
    const specs = parseSpecs(jobs)
    if (specs.length === 0) return { queued: 0, waiting: [] }
    const { waiting } = await this.#send({ type: 'enqueue', specs })
    return { queued: specs.length, waiting }
  }

  async claim(claim: Claim): Promise<readonly Started[]> {
    return (await this.#send({ type: 'claim' }, claim)).started
  }

  async complete({ jobId, fencingToken: token }: Lease, { claim }: { claim?: Claim } = {}) {
    return (await this.#send({ type: 'complete', jobId, token }, claim)).started
  }

  async fail(
    { jobId, fencingToken: token }: Lease,
    { code = 'handler_error', retryAt, claim }: FailOptions = {},
  ) {
    const at = retryAt === null ? null : retryAt === undefined ? AT_ONCE : retryAt.getTime() * MICROS_PER_MS
    return (await this.#send({ type: 'fail', jobId, token, code, retryAt: at }, claim)).started
  }

  async release({ jobId, fencingToken: token }: Lease, reason: RequeueReason, runAt: Date | null = null) {
    const at = runAt === null ? null : runAt.getTime() * MICROS_PER_MS
    await this.#send({ type: 'release', jobId, token, reason, runAt: at })
  }

  async cancel(jobId: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    await this.#send({ type: 'cancel', jobId: parseJobId(jobId), force })
  }

  async confirmCancel({ jobId, fencingToken: token }: Lease, { claim }: { claim?: Claim } = {}) {
    return (await this.#send({ type: 'confirm_cancel', jobId, token }, claim)).started
  }

  async reprioritize(jobId: string, to: { priority: number } | { before: string }): Promise<void> {
    await this.#send({ type: 'reprioritize', jobId: parseJobId(jobId), ...to })
  }

  async setPolicy(policy: PolicyInput): Promise<void> {
    await this.catchUp()
    await this.#send({ type: 'set_policy', policy: parsePolicy(policy, this.#replica.ledger.policy) })
  }

  async drain(): Promise<void> {
    await this.#send({ type: 'drain' })
  }

  async resume(): Promise<void> {
    await this.#send({ type: 'resume' })
  }

  async explain(jobId: string): Promise<Explanation | undefined> {
    parseJobId(jobId)
    await this.catchUp()
    const workers = await this.#options.store.workers(this.queue)
    const hasWorker = (kind: string) =>
      workers.some(
        ({ state, freeSlots, kinds }) => state === 'live' && freeSlots > 0 && (kinds?.includes(kind) ?? true),
      )
    return explainJob(this.#replica.ledger, jobId, this.now(), hasWorker)
  }

  state(): QueueView {
    return queueView(this.queue, this.#replica.ledger, this.now())
  }

  get state$(): Observable<QueueView> {
    return this.#replica.changes$.pipe(
      map(() => this.state()),
      startWith(this.state()),
    )
  }

  get events$(): Observable<RecordedEvent> {
    return this.#replica.events$
  }

  get ready$(): Observable<Started> {
    return this.#gate.ready$
  }

  get wake$(): Observable<void> {
    return this.#wake.asObservable()
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.#leaseLost.asObservable()
  }

  machine(options: CoordinatorActorOptions = {}): CoordinatorActor {
    const actor = new CoordinatorActor(this.#replica.ledger, options)
    const fresh$ = this.#replica.events$.pipe(filter(({ seq }) => seq > actor.ledger.version))
    fresh$.subscribe({ next: (event) => actor.feed(event), complete: () => actor.stop() })
    return actor
  }

  offering(kinds: readonly string[] | null, freeSlots: number): void {
    this.#lease.offering = { kinds, freeSlots }
  }

  catchUp(): Promise<void> {
    return this.#pen.catchUp()
  }

  now(): Micros {
    return this.#clock.now()
  }

  health(): Health {
    const { ledger } = this.#replica
    const reachable = this.#lastError === null
    return {
      queue: this.queue,
      store: this.#options.store.name,
      workerId: this.#workerId,
      ok: reachable && !this.#lease.lost,
      reachable,
      leaseLost: this.#lease.lost,
      leaseExpiresAt: toDate(this.#lease.expiresAt),
      version: ledger.version,
      activeCount: ledger.active.size,
      waitingCount: ledger.jobs.size - ledger.active.size,
      counts: { ...this.#committer.counts },
      lastError: this.#lastError === null ? null : String(this.#lastError),
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    clearInterval(this.#poll)
    this.#tick.clear()
    this.#gate.close()
    await this.#stopListening?.()
    this.#closing.abort()
    await this.#pen.idle()
    await this.#projector.close()
    this.#watch?.unsubscribe()
    await this.#lease.stop()
    this.#replica.complete()
    this.#wake.complete()
    this.#leaseLost.complete()
  }

  /** Sends one command; its refusal is thrown. */
  async #send(body: CommandBody, claim?: Claim): Promise<Accepted> {
    if (this.#closing.signal.aborted) {
      throw new InterlockError('closed', 'the coordinator is closed; make a new one with createCoordinator')
    }
    const id = this.#ids.next()
    const command = { id, hash: hash(JSON.stringify(body)), workerId: this.#workerId, body }
    this.#underWay.add(id)
    try {
      const result = await this.#pen.send(claim === undefined ? command : { ...command, claim })
      this.#lastError = null
      if (!result.ok) throw new InterlockError(result.code, result.message)
      return { ...result, started: this.#take(result.started, body) }
    } catch (error) {
      if (!(error instanceof InterlockError)) this.#noteError(error)
      throw error
    } finally {
      this.#underWay.delete(id)
    }
  }

  /** Of what a command started: what its caller gets. What somebody at the gate here waits for goes there. */
  #take(started: readonly Started[], body: CommandBody): Started[] {
    const mine: Started[] = []
    for (const attempt of started) {
      if (attempt.workerId !== this.#workerId) continue
      const asked = body.type === 'ask' && body.spec.jobId === attempt.lease.jobId
      if (!asked && this.#gate.hasAsked(attempt.lease.jobId)) this.#gate.deliver(attempt)
      else mine.push(attempt)
    }
    return mine
  }

  /** A command that nobody waits for. What it cannot do now is tried again by the next beat or poll. */
  async #background(body: CommandBody): Promise<void> {
    try {
      for (const attempt of (await this.#send(body)).started) this.#gate.deliver(attempt)
    } catch (error) {
      this.#noteError(error)
    }
  }

  async #pollOnce(): Promise<void> {
    await this.#pen.catchUp()
    if (this.#projector.last?.version !== this.#replica.version) this.#projector.nudge()
    if (this.#gate.isWaiting) await this.#background({ type: 'tick' })
    this.#wake.next()
  }

  #onEvent(event: RecordedEvent): void {
    if (
      event.type === 'started' &&
      event.workerId === this.#workerId &&
      !this.#underWay.has(event.commandId)
    ) {
      this.#deliver(event.jobId, event.seq)
    } else if (event.type === 'expired' || event.type === 'cancelled')
      this.#gate.ended(event.jobId, event.type)
    if ((event.offers?.length ?? 0) > 0) this.#wake.next()
  }

  /** Another process started a job that this one had asked for. */
  #deliver(jobId: string, token: number): void {
    queueMicrotask(() => {
      const job = jobOf(this.#replica.ledger, jobId)
      if (job === undefined || job.token !== token || !job.active) return
      const lease = { jobId, fencingToken: token, epoch: this.#replica.ledger.epoch }
      this.#gate.deliver({ lease, spec: job.spec, attempt: job.attempt, workerId: this.#workerId })
    })
  }

  async #giveBack({ lease: { jobId, fencingToken: token } }: Started): Promise<void> {
    await this.#background({ type: 'release', jobId, token, reason: 'unacknowledged', runAt: null })
  }

  #await(started: Promise<Started>, jobId: string, signal: AbortSignal | undefined): Promise<Started> {
    const giveUp = () => {
      this.#gate.stopWaiting(jobId, signal?.reason)
      void this.#background({ type: 'unask', jobId })
    }
    if (signal?.aborted === true) giveUp()
    else signal?.addEventListener('abort', giveUp, { once: true })
    return started.finally(() => signal?.removeEventListener('abort', giveUp))
  }

  #startAnswer(jobId: string, attempt: Started | undefined, result: Accepted): StartAnswer {
    if (attempt !== undefined) {
      return { allowed: true, lease: { ...attempt.lease, expiresAt: toDate(this.#lease.expiresAt) } }
    }
    if (result.bypassed.includes(jobId)) {
      this.#bypassed.add(jobId)
      return { allowed: true, lease: null, bypassed: true }
    }
    const { ledger } = this.#replica
    const waiting = result.waiting[0]
    const job = jobOf(ledger, jobId)
    return {
      allowed: false,
      reason: waiting?.reason ?? 'it was started and has ended since, or its worker lost its lease',
      code: waiting?.code ?? 'offered',
      blockedBy: waiting?.blockedBy == null ? [] : [waiting.blockedBy],
      position: job === undefined ? 0 : ledger.line.rank(job.place),
    }
  }

  #onLeaseLost(): void {
    const workerId = this.#workerId
    this.#logger.error(`[COORDINATOR] Lease of worker ${workerId} lost; what it ran is given to others`)
    this.#workerId = newWorkerId()
    this.#ids = new CommandIds(this.#workerId)
    this.#leaseLost.next({ workerId })
    void this.#lease.renew(this.#workerId)
  }

  #noteError(error: unknown): void {
    this.#lastError = error
    this.#logger.error(`[COORDINATOR] ${errorText(error)}`)
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Joins a queue: reads its log, registers this process and listens.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  return new QueueCoordinator(options).open()
}
