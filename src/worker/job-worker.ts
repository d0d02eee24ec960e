import { Subscription } from 'rxjs'
import type { Coordinator } from '../coordinator/index.ts'
import { InterlockError, type RecordedEvent, type Started } from '../core/index.ts'
import type { DrainOptions, DrainReport, JobWorker, JobWorkerOptions, WorkerMetrics } from './api.ts'
import { Attempt } from './attempt.ts'
import { Breaker, type BreakerOptions } from './breaker.ts'
import type { StopCause } from './errors.ts'
import { type Handlers, handlersOf } from './handlers.ts'
import { Intake } from './intake.ts'
import { tellEnd, tellStart } from './lines.ts'
import type { Outcome } from './outcome.ts'
import { perform } from './perform.ts'
import { Reporter } from './reporter.ts'
import { Slots } from './slots.ts'
import { catchStray } from './stray.ts'
import { isOver, stubbornly } from './stubborn.ts'
import { emptyTally } from './tally.ts'
import { after } from './timer.ts'

const DRAIN_MS = 30_000
const STOP_MS = 4_000

/** Takes jobs of one queue, runs them in this process, and hands on. Made by {@link createJobWorker}. */
class QueueJobWorker implements JobWorker {
  readonly #options: JobWorkerOptions
  readonly #coordinator: Coordinator
  readonly #handlers: Handlers
  readonly #slots: Slots
  readonly #intake: Intake | undefined
  readonly #tally = emptyTally()
  readonly #reporter: Reporter
  readonly #attempts = new Map<string, Attempt>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #onError: (error: unknown) => void
  readonly #watch = new Subscription()
  readonly #drained: { finished: number; givenBack: number } = { finished: 0, givenBack: 0 }
  #claiming = false
  #claimAgain = false
  #draining = false
  #callOffStop: () => void = () => {}

  constructor(options: JobWorkerOptions) {
    const { coordinator, handlers, concurrency = 1, intake = false } = options
    this.#options = options
    this.#coordinator = coordinator
    this.#handlers = handlersOf(handlers)
    if (options.breaker !== undefined) checkBreaker(options.breaker)
    const { kinds } = this.#handlers
    this.#slots = new Slots(checkedConcurrency(concurrency), {
      kinds,
      onChange: (free) => coordinator.offering(kinds, free),
    })
    this.#onError = options.onError ?? ((error) => coordinator.logger.error(`[WORKER] ${textOf(error)}`))
    this.#reporter = new Reporter(coordinator, this.#tally)
    this.#intake = intake ? new Intake(coordinator, (count) => (this.#tally.takenIn += count)) : undefined
  }

  start(): void {
    const { heard$, leaseLost$, stopped$, wake$ } = this.#coordinator
    this.#coordinator.offering(this.#handlers.kinds, this.#slots.free)
    this.#watch.add(wake$.subscribe(() => this.#claim()))
    this.#watch.add(leaseLost$.subscribe(() => this.#loseAll()))
    this.#watch.add(stopped$.subscribe((error) => this.#end(error)))
    this.#watch.add(heard$.subscribe((event) => this.#onEvent(event)))
    const { breaker } = this.#options
    if (breaker !== undefined) this.#watch.add(new Breaker(breaker, this.#coordinator).watch())
    if (this.#options.catchStray === true) this.#watch.add(catchStray())
    this.#intake?.start()
    this.#claim()
  }

  async drain({ timeoutMs = DRAIN_MS, stopMs }: DrainOptions = {}): Promise<DrainReport> {
    if (!this.#draining) {
      this.#draining = true
      this.#slots.close()
      this.#track(this.#intake?.stop() ?? Promise.resolve())
    }
    this.#callOffStop()
    this.#callOffStop = after(timeoutMs, () => this.#stopAll('drained', stopMs))
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    this.#callOffStop()
    this.#watch.unsubscribe()
    return { ...this.#drained }
  }

  metrics(): WorkerMetrics {
    return { running: this.#attempts.size, free: this.#slots.free, ...this.#tally }
  }

  /** Takes what is startable by now; a hint that comes meanwhile is followed afterwards. */
  #claim(): void {
    this.#claimAgain = true
    if (this.#claiming || this.#slots.free === 0) return
    this.#claiming = true
    this.#claimAgain = false
    this.#track(
      this.#slots
        .with(0, async (claim) => (claim === undefined ? [] : this.#coordinator.claim(claim)))
        .then((started) => this.#take(started))
        .finally(() => {
          this.#claiming = false
          if (this.#claimAgain) this.#claim()
        }),
    )
  }

  /** Begins what was started for this worker; what comes after the drain began goes back. */
  #take(started: readonly Started[]): void {
    for (const one of started) {
      const attempt = new Attempt(one, this.#coordinator, this.#options.stopMs ?? STOP_MS)
      this.#attempts.set(one.lease.jobId, attempt)
      this.#tally.started++
      tellStart(this.#coordinator.logger, one)
      this.#track(this.#run(attempt))
    }
  }

  async #run(attempt: Attempt): Promise<void> {
    const outcome = this.#draining ? ({ type: 'given_back' } as const) : await this.#outcomeOf(attempt)
    if (this.#attempts.get(attempt.lease.jobId) === attempt) this.#attempts.delete(attempt.lease.jobId)
    if (attempt.running) this.#tally.stuck++
    if (this.#draining) this.#drained[outcome.type === 'given_back' ? 'givenBack' : 'finished']++
    await this.#report(attempt, outcome)
    tellEnd(this.#coordinator.logger, attempt, outcome)
    if (this.#claimAgain) this.#claim()
  }

  #outcomeOf(attempt: Attempt): Promise<Outcome> {
    const definition = this.#handlers.of(attempt.started.spec.kind)
    return perform(attempt, this.#coordinator, definition, () => {
      if (this.#attempts.get(attempt.lease.jobId) !== attempt) this.#tally.stuck--
    })
  }

  /** The end of a job takes the next one in the same append: a hand-off is one commit. */
  async #report(attempt: Attempt, outcome: Outcome): Promise<void> {
    const retry = this.#handlers.of(attempt.started.spec.kind)?.retry ?? this.#options.retry ?? {}
    const tell = () => this.#slots.with(1, (claim) => this.#reporter.report(attempt, outcome, retry, claim))
    try {
      const lost = () => outcome.type === 'lost'
      this.#take((await stubbornly(tell, lost)) ?? [])
    } catch (error) {
      if (!isOver(error)) throw error
      this.#tally.lost++
      this.#claim()
    }
  }

  #onEvent(event: RecordedEvent): void {
    if (event.type === 'cancel_requested') this.#attempts.get(event.jobId)?.stop('cancel_requested')
    if (!('token' in event) || event.token === null || event.type === 'detached') return
    const attempt = this.#attempts.get(event.jobId)
    if (attempt?.lease.fencingToken === event.token) attempt.stop('ended')
  }

  /** The lease is gone: others have these jobs by now, or soon. */
  #loseAll(): void {
    for (const { lease } of this.#attempts.values()) this.#options.onLeaseLost?.(lease)
    this.#stopAll('lease_lost')
  }

  /** The process has no part in the queue any more: nothing is claimed, and what ran is lost with its lease. */
  #end(error: unknown): void {
    this.#slots.close()
    this.#track(this.#intake?.stop() ?? Promise.resolve())
    this.#onError(error)
  }

  #stopAll(why: StopCause, stopMs?: number): void {
    for (const attempt of [...this.#attempts.values()]) {
      attempt.stop(why)
      if (stopMs !== undefined) attempt.cutAfter(stopMs)
    }
  }

  /** Nothing that goes wrong with one job may end the process or the worker. */
  #track(work: Promise<void>): void {
    const tracked = work.catch(this.#onError)
    this.#underWay.add(tracked)
    void tracked.finally(() => this.#underWay.delete(tracked))
  }
}

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
export function createJobWorker(options: JobWorkerOptions): JobWorker {
  return new QueueJobWorker(options)
}

function checkedConcurrency(concurrency: number): number {
  return checked('concurrency', concurrency, 1, 100_000)
}

function checkBreaker({ failures, pauseSeconds }: BreakerOptions): void {
  checked('breaker.failures', failures, 1, 1_000)
  checked('breaker.pauseSeconds', pauseSeconds, 1, 86_400)
}

function checked(path: string, number: number, least: number, most: number): number {
  if (Number.isInteger(number) && number >= least && number <= most) return number
  const range = `${least.toLocaleString('en')} to ${most.toLocaleString('en')}`
  throw new InterlockError('invalid_input', `${path}: must be a whole number from ${range}`, { path })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
