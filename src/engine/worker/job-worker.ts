import { Subscription } from 'rxjs'
import { InFlight, SingleFlight } from '../coordinator/base/concurrency.ts'
import type { Coordinator, Enqueued } from '../coordinator/index.ts'
import { type Claim, invalidInput, isAttemptOver, type Started } from '../core/index.ts'
import { type AnyKinds, checkDrainOptions, checkWorkerOptions, type JobsIn } from '../events/index.ts'
import type {
  DrainOptions,
  DrainReport,
  HandlersFor,
  JobFor,
  JobWorker,
  JobWorkerOptions,
  JobWorkerSettings,
  WorkerMetrics,
} from './api.ts'
import { Attempt, Attempts, type HandOn } from './attempt.ts'
import { type Batch, batchesAmong } from './batch.ts'
import { Breaker } from './breaker.ts'
import { Drain } from './drain.ts'
import { type HandlerSet, handlersOf, type WorkDefinition } from './handlers.ts'
import { logEnd, logFailure, logStart, logUnreported } from './log-lines.ts'
import type { AttemptOutcome, PlainOutcome } from './outcome.ts'
import { endSpan, perform } from './perform.ts'
import { emptyTally, Reporter } from './reporter.ts'
import { RowPoller } from './row-poller.ts'
import { Slots } from './slots.ts'
import { catchUncaught } from './uncaught.ts'
import { untilAnswered } from './until-answered.ts'
import { Turns } from './yield-when-busy.ts'

/**
 * A worker that takes jobs of the coordinator's queue as soon as they may start. One process may have several.
 * @throws InterlockError `invalid_input`
 * @example
 * const worker = createJobWorker({
 *   coordinator,
 *   concurrency: 4,
 *   handlers: { normal: async (job, { signal }) => render(job.payload, { signal }) },
 * })
 * worker.start()
 */
export function createJobWorker<Contract, Made extends Readonly<Record<string, unknown>>>(
  options: JobWorkerSettings & {
    readonly coordinator: Coordinator & { readonly contract?: Contract }
    /** By kind; `*` takes every kind that has no handler of its own. */
    readonly handlers: HandlersFor<Contract, Made>
  },
): JobWorker<JobFor<Contract, Made>>
export function createJobWorker(options: JobWorkerSettings & { readonly handlers: object }): JobWorker {
  return new QueueJobWorker(options as JobWorkerOptions)
}

/** What the process of each coordinator says of itself. */
const said = new WeakMap<Coordinator, Pick<JobWorkerSettings, 'serves' | 'keeps'>>()

/** A process is known to the queue by its coordinator, and says one thing. @throws InterlockError `invalid_input` */
function noteSaid(coordinator: Coordinator, { serves, keeps }: JobWorkerSettings): void {
  const known = said.get(coordinator)
  const both = 'give both the same, or each a coordinator of its own'
  if (serves !== undefined && known?.serves !== undefined && known.serves.join('\n') !== serves.join('\n'))
    throw invalidInput(
      `options.serves: another worker of this coordinator serves ${known.serves.join(', ') || 'no place'}; ${both}`,
      'options.serves',
    )
  if (keeps !== undefined && known?.keeps !== undefined && known.keeps !== keeps)
    throw invalidInput(
      `options.keeps: another worker of this coordinator keeps ${known.keeps}; ${both}`,
      'options.keeps',
    )
  said.set(coordinator, { ...known, ...(serves && { serves: [...serves] }), ...(keeps && { keeps }) })
}

/** A worker looks because it was told of something. */
const known = { known: true } as const

const DRAIN_MS = 30_000
const STOP_MS = 4_000

/** Takes jobs of one queue, runs them in this process, and hands on. Made by `createJobWorker`. */
class QueueJobWorker implements JobWorker {
  readonly #options: JobWorkerOptions
  readonly #coordinator: Coordinator
  readonly #handlers: HandlerSet
  readonly #slots: Slots
  readonly #intake: RowPoller | undefined
  readonly #tally = emptyTally()
  readonly #reporter: Reporter
  readonly #attempts: Attempts
  readonly #turns = new Turns()
  readonly #underWay = new InFlight()
  readonly #onError: (error: unknown) => void
  readonly #watch = new Subscription()
  readonly #drain = new Drain(this.#underWay)
  readonly #claiming: SingleFlight
  /** Something may have become startable since the last claim. */
  #isHinted = false
  /** The next claim waits until the process is no longer busy. */
  #isPutOff = false

  constructor(options: JobWorkerOptions) {
    checkWorkerOptions(options)
    const { coordinator, handlers, concurrency = 1, intake = false, serves, keeps } = options
    noteSaid(coordinator, options)
    this.#options = options
    this.#coordinator = coordinator
    this.#handlers = handlersOf(handlers, coordinator.contract)
    this.#attempts = new Attempts(coordinator)
    const { kinds, batches } = this.#handlers
    this.#slots = new Slots(concurrency, {
      kinds,
      ...(batches === undefined ? undefined : { batches }),
      ...(serves === undefined ? undefined : { serves }),
      ...(keeps === undefined ? undefined : { keeps }),
      onChange: (free) => coordinator.offering(kinds, free),
    })
    this.#onError = options.onError ?? ((error) => logFailure(coordinator.logger, error))
    this.#claiming = new SingleFlight(() => this.#claimOnce(), this.#onError)
    this.#reporter = new Reporter(coordinator, this.#tally, this.#onError)
    this.#intake = intake
      ? new RowPoller(
          coordinator,
          (count) => (this.#tally.takenIn += count),
          (error) => this.#end(error),
        )
      : undefined
  }

  enqueue(jobs: JobsIn<AnyKinds>): Promise<Enqueued> {
    return this.#coordinator.enqueue(this.#handlers.named(jobs))
  }

  start(): void {
    const { heard$, leaseLost$, stopped$, wake$ } = this.#coordinator
    this.#coordinator.offering(this.#handlers.kinds, this.#slots.free)
    this.#watch.add(wake$.subscribe(() => this.#claim()))
    this.#watch.add(leaseLost$.subscribe(() => this.#loseAll()))
    const complete = () => this.#track(this.#handlers.close())
    this.#watch.add(stopped$.subscribe({ next: (error) => this.#end(error), complete }))
    this.#watch.add(heard$.subscribe((event) => this.#attempts.see(event)))
    const { breaker } = this.#options
    if (breaker !== undefined) this.#watch.add(new Breaker(breaker, this.#coordinator).watch())
    if (this.#options.catchUncaught === true) this.#watch.add(catchUncaught())
    this.#intake?.start()
    this.#claim()
  }

  async drain(options: DrainOptions = {}): Promise<DrainReport> {
    checkDrainOptions(options)
    const { timeoutMs = DRAIN_MS, stopMs = this.#stopMs } = options
    if (this.#drain.begin()) this.#stopTaking()
    await this.#drain.settled(timeoutMs, stopMs, () => this.#attempts.stop('drained', stopMs))
    this.#watch.unsubscribe()
    await this.#handlers.close()
    return this.#drain.report
  }

  #stopTaking(): void {
    this.#slots.close()
    this.#track(this.#intake?.stop() ?? Promise.resolve())
  }

  get #stopMs(): number {
    return this.#options.stopMs ?? STOP_MS
  }

  metrics(): WorkerMetrics {
    return { running: this.#attempts.size, free: this.#slots.free, ...this.#tally }
  }

  /** Takes what may start now. A hint that comes meanwhile is followed afterwards. */
  #claim(): void {
    this.#isHinted = true
    if (this.#slots.free === 0) return
    if (this.#isBusy) return this.#putOff()
    const isNew = !this.#claiming.isRunning
    const claiming = this.#claiming.request()
    if (isNew) this.#track(claiming)
  }

  /** Other processes may run what would only wait here. Behind the end of its last attempt nothing waits. */
  get #isBusy(): boolean {
    return this.#attempts.size > 0 && this.#turns.isBusy
  }

  #putOff(): void {
    if (this.#isPutOff) return
    this.#isPutOff = true
    const rested = this.#turns.toRest().then(() => {
      this.#isPutOff = false
      this.#claim()
    })
    this.#track(rested)
  }

  async #claimOnce(): Promise<void> {
    this.#isHinted = false
    try {
      const started = await this.#claimWith(0, async (claim) =>
        claim === undefined ? [] : this.#coordinator.claim(claim, known),
      )
      this.#take(started)
    } catch (error) {
      this.#onError(error)
    }
    if (this.#isHinted) this.#claim()
  }

  /** Takes what may start with a command. What starts something was an append. */
  async #claimWith(...[back, send]: Parameters<Slots['with']>): Promise<readonly Started[]> {
    const began = this.#turns.freeMs
    const started = await this.#slots.with(back, send)
    if (started.length > 0) this.#turns.learn(this.#turns.freeMs - began)
    return started
  }

  /** What a running attempt frees is taken up as what its end frees. */
  readonly #handOn: HandOn = async (send) =>
    this.#take(this.#isBusy ? await send(undefined) : await this.#claimWith(0, send))

  /** Begins the attempts for this worker. Those that come after a drain began go back. */
  #take(started: readonly Started[]): void {
    const batches = batchesAmong(started, this.#handlers.of)
    for (const one of started) {
      const attempt = new Attempt(one, this.#coordinator, this.#stopMs, this.#turns, this.#handOn)
      this.#attempts.add(attempt)
      this.#tally.started++
      logStart(this.#coordinator.logger, one)
      this.#track(this.#run(attempt, batches.get(one.batch)))
    }
  }

  async #run(attempt: Attempt, batch: Batch | undefined): Promise<void> {
    const joint = batch?.enter()
    const definition = joint?.definition ?? this.#handlers.of(attempt.started.spec.kind)
    const came = this.#drain.hasBegun
      ? ({ type: 'given_back' } as const)
      : await this.#outcomeOf(attempt, definition)
    joint?.over()
    this.#attempts.delete(attempt)
    if (attempt.running) this.#tally.stuck++
    const outcome = await this.#reported(attempt, came, batch)
    if (came.type === 'completed_in') endSpan(attempt, outcome ?? { type: 'lost' })
    if (outcome === null) return logUnreported(this.#coordinator.logger, attempt)
    this.#drain.count(outcome.type === 'given_back' ? 'givenBack' : 'finished')
    logEnd(this.#coordinator.logger, attempt, outcome)
    if (this.#isHinted) this.#claim()
  }

  #outcomeOf(attempt: Attempt, definition: WorkDefinition | undefined): Promise<AttemptOutcome> {
    return perform(attempt, {
      coordinator: this.#coordinator,
      definition,
      onError: this.#onError,
      onSettled: () => {
        if (!this.#attempts.has(attempt)) this.#tally.stuck--
      },
    })
  }

  /** Reports the end to the queue, and returns the final outcome; null if a drain no longer waits for it. */
  async #reported(
    attempt: Attempt,
    outcome: AttemptOutcome,
    batch: Batch | undefined,
  ): Promise<PlainOutcome | null> {
    let back = batch?.leave() ?? 1
    if (outcome.type === 'lost') {
      this.#slots.give(back)
      return this.#lost()
    }
    const retry = this.#handlers.of(attempt.started.spec.kind)?.retry ?? this.#options.retry ?? {}
    const offers = this.#isBusy
    let final: PlainOutcome | undefined
    /**
     * The end of a job takes the next one in the same append: a hand-off is one commit. Its slot is freed once. A busy process leaves the
     * next one to whichever process has a slot and is not busy.
     */
    const tell = () => {
      const freed = back
      back = 0
      const report = async (claim?: Claim) => {
        const reported = await this.#reporter.report(attempt, outcome, retry, claim)
        final = reported.outcome
        return reported.started
      }
      if (!offers) return this.#claimWith(freed, report)
      this.#slots.give(freed)
      return report()
    }
    try {
      const started = await untilAnswered(tell, { signal: this.#drain.givenUp, onError: this.#onError })
      if (started === undefined) return null
      if (offers) this.#isHinted = true
      this.#take(started)
      return final ?? null
    } catch (error) {
      if (!isAttemptOver(error)) throw error
      return this.#lost()
    }
  }

  /** Other processes have ended the attempt, or will. */
  #lost(): PlainOutcome {
    this.#tally.lost++
    this.#claim()
    return { type: 'lost' }
  }

  /** The lease is gone: others have these jobs by now, or soon. */
  #loseAll(): void {
    for (const { lease } of this.#attempts.all()) this.#options.onLeaseLost?.(lease)
    this.#attempts.stop('lease_lost')
  }

  /** The process is no longer part of the queue: nothing is claimed, and running attempts are lost with the lease. */
  #end(error: unknown): void {
    this.#stopTaking()
    this.#onError(error)
  }

  /** An error in one job must end neither the process nor the worker. */
  #track(work: Promise<void>): void {
    void this.#underWay.add(work.catch(this.#onError))
  }
}
