import { after } from '../coordinator/base/timer.ts'
import type { Coordinator } from '../coordinator/index.ts'
import {
  type Claim,
  endsAttempt,
  type Lease,
  type RecordedEvent,
  type Started,
  type Uses,
} from '../core/index.ts'
import { CheckedResult, parseUsed, standardOf } from '../events/index.ts'
import type { AttemptSpan } from '../store/index.ts'
import type { HandlerContext, Job, ThreadHandler } from './api.ts'
import { AttemptStopped, NonRetryableError, type StopCause } from './errors.ts'
import type { WorkDefinition } from './handlers.ts'
import { type AttemptOutcome, type HandlerEnd, outcomeIn, outcomeOf } from './outcome.ts'
import { saidBy } from './said.ts'
import { owned } from './uncaught.ts'
import { Turns } from './yield-when-busy.ts'

/** Causes that end the attempt even against the handler, the strongest last. */
const strength: Readonly<Record<StopCause, number>> = {
  cancel_requested: 1,
  drained: 2,
  timed_out: 3,
  ended: 4,
  lease_lost: 5,
}

/** Sends a command with what the worker has room for, and begins what it starts. */
export type HandOn = (send: (claim: Claim | undefined) => Promise<readonly Started[]>) => Promise<void>

/** One attempt in this process: the handler, its time limit, and the ways to stop it. */
export class Attempt {
  readonly started: Started
  readonly #coordinator: Coordinator
  readonly #stopMs: number
  readonly #turns: Turns
  readonly #handOn: HandOn | undefined
  readonly #controller = new AbortController()
  readonly #cut = Promise.withResolvers<HandlerEnd>()
  #stopped: StopCause | null = null
  #detached = false
  /** The result that the handler has said in a transaction of its own: only that ends the attempt from here on. */
  #said: CheckedResult | undefined
  /** What its handler says that it has used. */
  #used: Uses | undefined
  /** An error that nothing in the handler caught: it counts more than what the handler returned. */
  #uncaught: HandlerEnd | undefined
  readonly #callOff: (() => void)[] = []
  #stopClock: () => void = () => {}
  /** True while the handler runs, even if its attempt has ended. */
  running = false
  /** Its part of a trace, if anything makes one. */
  span: AttemptSpan | undefined

  /**
   * @param turns of the event loop, which it shares with other attempts
   * @param handOn takes up what a command starts; absent: it starts nothing here
   */
  constructor(
    started: Started,
    coordinator: Coordinator,
    stopMs: number,
    turns = new Turns(),
    handOn?: HandOn,
  ) {
    this.#handOn = handOn
    this.started = started
    this.#coordinator = coordinator
    this.#stopMs = stopMs
    this.#turns = turns
  }

  get isStopped(): boolean {
    return this.#stopped !== null
  }

  /** Fires when it has to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get used(): Uses | undefined {
    return this.#used
  }

  get lease(): Lease {
    return this.started.lease
  }

  /**
   * Checks the payload and runs the handler. Never rejects. `onSettled` is called when the handler itself has ended, perhaps
   * later than the outcome.
   */
  async run(definition: WorkDefinition, job: Job, onSettled: () => void): Promise<AttemptOutcome> {
    this.running = true
    this.#startClock()
    const settled = this.#handle(definition, job).finally(() => {
      this.running = false
      onSettled()
    })
    const first = await Promise.race([settled, this.#cut.promise])
    const end = this.#uncaught ?? first
    this.#stopClock()
    for (const callOff of this.#callOff) callOff()
    // What can be ended against its will does not go on behind the end of its attempt.
    if (this.running && 'kill' in definition.run) await (definition.run as ThreadHandler).kill(this.signal)
    // After a pause, the timer that ends the lease may be late: what others have by now has no end to report.
    this.#check()
    const outcome = outcomeOf(end, this.#stopped, {
      detached: this.#detached,
      postponed: this.started.postponed,
    })
    return this.#said === undefined ? outcome : outcomeIn(this.#said, end, outcome)
  }

  /** The log says that it has ended. What its handler has committed itself is no reason to stop. */
  ended(by: RecordedEvent): void {
    if (this.#said === undefined || by.type !== 'completed') this.stop('ended')
  }

  /** The outcome if it was stopped before its handler began. */
  outcomeUnbegun(): AttemptOutcome {
    return outcomeOf({ type: 'cut' }, this.#stopped, { detached: false, postponed: 0 })
  }

  /** Tells the handler to stop. A lost attempt ends at once; a cancelled job keeps its models until its handler has ended. */
  stop(why: StopCause): void {
    if (this.#stopped !== null && strength[this.#stopped] >= strength[why]) return
    this.#stopped = why
    this.#controller.abort(new AttemptStopped(this.lease.jobId, why))
    if (why === 'ended' || why === 'lease_lost') this.#cut.resolve({ type: 'cut' })
    else if (why !== 'cancel_requested') this.cutAfter(this.#stopMs)
  }

  /** An error that nothing in the handler caught: it cannot be trusted from here on. */
  failUncaught(error: unknown): void {
    this.#uncaught = { type: 'threw', error }
    this.#cut.resolve(this.#uncaught)
    this.#controller.abort(new AttemptStopped(this.lease.jobId, 'ended'))
  }

  /** Waits at most this long for a handler that was told to stop. */
  cutAfter(ms: number): void {
    this.#callOff.push(after(ms, () => this.#cut.resolve({ type: 'cut' })))
  }

  #handle(definition: WorkDefinition, job: Job): Promise<HandlerEnd> {
    return owned(this, async (): Promise<HandlerEnd> => {
      const checked = await standardOf(definition.schema, job.payload, 'payload')
      if ('fault' in checked) return { type: 'refused', error: checked.fault }
      if (this.#turns.isLong) await this.#waitToBegin()
      // Nothing begins under a lease that is over, though its timer may be late.
      this.#check()
      if (this.signal.aborted) return { type: 'cut' }
      try {
        const payload = checked.value
        const result = await definition.run({ ...job, payload }, this.#context(definition))
        return { type: 'returned', result: await resultBy(definition, result) }
      } catch (error) {
        return { type: 'threw', error }
      }
    })
  }

  #startClock(): void {
    this.#stopClock = this.#coordinator.after(this.started.spec.timeoutMs, () => this.stop('timed_out'))
  }

  /** Handlers before it computed. Their ends are reported and beats are sent before it begins, and its time begins then. */
  async #waitToBegin(): Promise<void> {
    this.#stopClock()
    await this.#turns.toBegin()
    if (!this.signal.aborted) this.#startClock()
  }

  #context(definition: WorkDefinition): HandlerContext {
    const { lease } = this
    const said = <T>(work: Promise<T>) => saidBy(work, (error) => this.failUncaught(error))
    return {
      signal: this.signal,
      fencingToken: lease.fencingToken,
      epoch: lease.epoch,
      fence: lease.fence,
      heartbeat: () => said(this.#hold(this.#coordinator.heartbeat(lease))),
      progress: (progress) => said(this.#hold(this.#coordinator.note(lease, { progress }))),
      checkpoint: (checkpoint) => said(this.#hold(this.#coordinator.note(lease, { checkpoint }))),
      completeIn: (sql, result) => said(this.#completeIn(sql, result, definition)),
      parents: (options) => said(this.#coordinator.parents(lease, options)),
      add: (jobs) => said(this.#coordinator.add(lease, jobs)),
      used: (uses) => this.#use(uses),
      detach: (options) => said(this.#detach(options)),
      done: (model) => said(this.#done(model)),
    }
  }

  async #completeIn<Result>(
    sql: Parameters<HandlerContext['completeIn']>[0],
    result: Result,
    definition: WorkDefinition,
  ): Promise<Result> {
    const said = new CheckedResult((await resultBy(definition, result)) ?? null)
    this.#said = said
    // This process looks for the end by itself.
    await this.#coordinator.completeIn(sql, this.lease, { result: said, notify: false, used: this.#used })
    return result
  }

  #use(uses: Uses): void {
    this.#used = { ...this.#used, ...parseUsed(uses, this.started.spec.uses) }
  }

  async #detach(options: { readonly until: Date }): Promise<void> {
    await this.#coordinator.detach(this.lease, options)
    this.#detached = true
  }

  async #done(model: string): Promise<void> {
    const send = (claim?: Claim) => this.#coordinator.done(this.lease, model, { claim })
    await (this.#handOn === undefined ? send() : this.#handOn(send))
  }

  /** Stops an attempt that is no longer ours. */
  async #hold(held: Promise<boolean>): Promise<void> {
    if (!(await held)) this.stop('ended')
    this.#check()
    this.signal.throwIfAborted()
  }

  /** Stops an attempt that has ended or whose lease is lost, even if it was not told. */
  #check(): void {
    const isOver = this.#coordinator.attempt(this.lease) === undefined
    if (isOver && !this.#detached && this.#said === undefined) this.stop('ended')
  }
}

/** What is kept of a result. @throws NonRetryableError as for any result that cannot be kept */
async function resultBy({ result: schema }: WorkDefinition, result: unknown): Promise<unknown> {
  if (schema === undefined) return result
  const kept = await standardOf(schema, result, 'result')
  if (!('fault' in kept)) return kept.value
  const { fault } = kept
  throw new NonRetryableError(fault instanceof Error ? fault.message : String(fault), { cause: fault })
}

/** The unfinished attempts of one worker. Tells them to stop when the log says so. */
export class Attempts {
  readonly #coordinator: Coordinator
  readonly #byJob = new Map<string, Attempt>()
  /** Active jobs that were asked to stop, in any process: the request may be heard before the start. */
  readonly #cancelled = new Set<string>()

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
  }

  get size(): number {
    return this.#byJob.size
  }

  has(attempt: Attempt): boolean {
    return this.#byJob.get(attempt.lease.jobId) === attempt
  }

  all(): readonly Attempt[] {
    return [...this.#byJob.values()]
  }

  /** No event will tell what happened between its start and now: it is checked here. */
  add(attempt: Attempt): void {
    const { jobId } = attempt.lease
    this.#byJob.set(jobId, attempt)
    if (this.#coordinator.attempt(attempt.lease) === undefined) attempt.stop('ended')
    else if (this.#cancelled.has(jobId)) attempt.stop('cancel_requested')
  }

  delete(attempt: Attempt): void {
    if (this.has(attempt)) this.#byJob.delete(attempt.lease.jobId)
  }

  see(event: RecordedEvent): void {
    if (event.type === 'cancel_requested') {
      this.#cancelled.add(event.jobId)
      this.#byJob.get(event.jobId)?.stop('cancel_requested')
    }
    if (!endsAttempt(event)) return
    this.#cancelled.delete(event.jobId)
    const attempt = this.#byJob.get(event.jobId)
    if (attempt?.lease.fencingToken === event.token) attempt.ended(event)
  }

  /** @param stopMs how long their handlers may take, instead of the time of each */
  stop(why: StopCause, stopMs?: number): void {
    for (const attempt of this.all()) {
      attempt.stop(why)
      if (stopMs !== undefined) attempt.cutAfter(stopMs)
    }
  }
}
