import type { Coordinator } from '../coordinator/index.ts'
import { type Claim, isInterlockError, MICROS_PER_MS, type Started } from '../core/index.ts'
import type { WorkerMetrics } from './api.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptOutcome, PlainOutcome } from './outcome.ts'
import { type RetryRule, retryDelayMs } from './retry-delay.ts'

type Reported = readonly Started[]
type KnownOutcome = Exclude<PlainOutcome, { readonly type: 'lost' }>
type ReportedOutcome = Exclude<AttemptOutcome, { readonly type: 'lost' }>
type Fail = AttemptOutcome & { readonly type: 'failed' }

/** What came of an attempt in the end, and what started here in the same append. */
interface Report {
  readonly outcome: PlainOutcome
  readonly started: Reported
}

/** Tells the queue what attempts came to; each report takes the next jobs in the same append. */
export class Reporter {
  readonly #coordinator: Coordinator
  readonly #tally: Tally
  readonly #onError: (error: unknown) => void

  constructor(coordinator: Coordinator, tally: Tally, onError: (error: unknown) => void) {
    this.#coordinator = coordinator
    this.#tally = tally
    this.#onError = onError
  }

  /**
   * One try. @throws what the coordinator throws; `job_not_active` and `stale_token` if others have ended it; `job_ending` if its handler's
   * own transaction commits at this moment
   */
  async report(
    attempt: Attempt,
    outcome: ReportedOutcome,
    retry: RetryRule,
    claim: Claim | undefined,
  ): Promise<Report> {
    if (outcome.type !== 'completed_in')
      return { outcome, started: await this.#report(attempt, outcome, retry, claim) }
    const committed = await this.#coordinator.endCommitted(attempt.lease, { claim })
    const { result, otherwise } = outcome
    if (committed !== undefined) {
      this.#tally.completed++
      return { outcome: { type: 'completed', result }, started: committed }
    }
    if (otherwise.type === 'lost') return { outcome: otherwise, started: [] }
    return { outcome: otherwise, started: await this.#report(attempt, otherwise, retry, claim) }
  }

  async #report(
    { started, lease, span, used }: Attempt,
    outcome: KnownOutcome,
    retry: RetryRule,
    claim: Claim | undefined,
  ): Promise<Reported> {
    const claimed = claim === undefined ? {} : { claim }
    const also = used === undefined ? claimed : { ...claimed, used }
    // The next attempt is told of this one.
    const reported = span?.trace === undefined ? also : { ...also, trace: span.trace }
    switch (outcome.type) {
      case 'completed':
        return this.#count(
          'completed',
          this.#coordinator.complete(lease, { result: outcome.result, ...also }),
        )
      case 'failed':
        return this.#fail(started, outcome, retry, reported)
      case 'postponed':
        return this.#postpone(started, outcome, reported)
      case 'cancelled':
        return this.#count('cancelled', this.#coordinator.confirmCancel(lease, also))
      case 'given_back':
        return this.#coordinator.release(lease, 'drained', null, reported)
      case 'detached':
        return this.#count('detached', this.#claim(claim))
    }
  }

  async #fail(
    { lease, attempt, attempts }: Started,
    { code, error, retry }: Fail,
    rule: RetryRule,
    also: object,
  ) {
    const again = retry && attempt < attempts
    const retryAt = retry ? this.#after(this.#delayMs(rule, attempt, error)) : null
    const reported = await this.#coordinator.fail(lease, { code, error, retryAt, ...also })
    this.#tally[again ? 'retried' : 'failed']++
    return reported
  }

  async #postpone({ lease }: Started, { later }: AttemptOutcome & { type: 'postponed' }, also: object) {
    const until = this.#after(later.seconds * 1_000)
    if (later.pauseModel !== undefined && later.seconds > 0) await this.#pause(later.pauseModel, until)
    // No wait: a moment could be left by another clock than the database's.
    const runAt = later.seconds === 0 ? null : until
    const { models } = later
    return this.#count('postponed', this.#coordinator.release(lease, 'later', runAt, { ...also, models }))
  }

  async #pause(model: string, until: Date): Promise<void> {
    try {
      await this.#coordinator.pauseModel(model, { reason: 'provider', until })
    } catch (error) {
      // The pause was over before the database could be told.
      if (!isInterlockError(error, 'invalid_input') || until > this.#after(0)) throw error
    }
  }

  /** A rule that throws must not keep the attempt from ending. */
  #delayMs(rule: RetryRule, attempt: number, error: unknown): number {
    try {
      return retryDelayMs(rule, attempt, error)
    } catch (fault) {
      this.#onError(fault)
      return retryDelayMs({}, attempt, error)
    }
  }

  /** By the database's clock, which the time is compared with. */
  #after(ms: number): Date {
    return new Date(this.#coordinator.now() / MICROS_PER_MS + ms)
  }

  #claim(claim: Claim | undefined): Promise<Reported> {
    return claim === undefined ? Promise.resolve([]) : this.#coordinator.claim(claim)
  }

  async #count(name: keyof Tally, reported: Promise<Reported>): Promise<Reported> {
    const started = await reported
    this.#tally[name]++
    return started
  }
}

/** The metrics that only count up, and `stuck`, which also goes down. */
export type Tally = { -readonly [Name in Exclude<keyof WorkerMetrics, 'running' | 'free'>]: number }

export function emptyTally(): Tally {
  return {
    started: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    postponed: 0,
    cancelled: 0,
    detached: 0,
    lost: 0,
    stuck: 0,
    takenIn: 0,
  }
}
