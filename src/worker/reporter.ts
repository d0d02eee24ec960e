import type { Coordinator } from '../coordinator/index.ts'
import { type Claim, isInterlockError, MICROS_PER_MS, type Started } from '../core/index.ts'
import type { Attempt } from './attempt.ts'
import type { Outcome } from './outcome.ts'
import { type RetryRule, retryDelayMs } from './retry.ts'
import type { Tally } from './tally.ts'

type Reported = readonly Started[]
type Fail = Outcome & { readonly type: 'failed' }

/** Tells the queue what attempts came to; each report takes the next jobs in the same append. */
export class Reporter {
  readonly #coordinator: Coordinator
  readonly #tally: Tally

  constructor(coordinator: Coordinator, tally: Tally) {
    this.#coordinator = coordinator
    this.#tally = tally
  }

  /** One try. @throws what the coordinator throws; `job_not_active` and `stale_token` when others have ended it */
  async report(
    { started, lease }: Attempt,
    outcome: Outcome,
    retry: RetryRule,
    claim: Claim | undefined,
  ): Promise<Reported> {
    const also = claim === undefined ? {} : { claim }
    switch (outcome.type) {
      case 'completed':
        return this.#complete(started, outcome.result, also)
      case 'failed':
        return this.#fail(started, outcome, retry, also)
      case 'postponed':
        return this.#postpone(started, outcome, also)
      case 'cancelled':
        return this.#count('cancelled', this.#coordinator.confirmCancel(lease, also))
      case 'given_back':
        return this.#coordinator.release(lease, 'drained', null, also)
      case 'detached':
        return this.#count('detached', this.#claim(claim))
      case 'lost':
        return this.#count('lost', this.#claim(claim))
    }
  }

  async #complete(started: Started, result: unknown, also: { claim?: Claim }): Promise<Reported> {
    try {
      return await this.#count(
        'completed',
        this.#coordinator.complete(started.lease, { result: result ?? null, ...also }),
      )
    } catch (error) {
      if (!isInterlockError(error, 'invalid_input')) throw error
      // The work is done, and doing it again gives the same: what cannot be stored is a mistake of the handler.
      const outcome: Fail = { type: 'failed', code: 'non_retryable', error, retry: false }
      return this.#fail(started, outcome, {}, also)
    }
  }

  async #fail(
    { lease, attempt, spec }: Started,
    { code, error, retry }: Fail,
    rule: RetryRule,
    also: object,
  ) {
    const again = retry && attempt < spec.attempts
    const retryAt = retry ? this.#after(retryDelayMs(rule, attempt, error)) : null
    const reported = await this.#coordinator.fail(lease, { code, error, retryAt, ...also })
    this.#tally[again ? 'retried' : 'failed']++
    return reported
  }

  async #postpone({ lease }: Started, { later }: Outcome & { type: 'postponed' }, also: object) {
    const until = this.#after(later.seconds * 1_000)
    if (later.pauseModel !== undefined) {
      await this.#coordinator.pauseModel(later.pauseModel, { reason: 'provider', until })
    }
    // Nothing to wait for: by another clock than the database's a moment could be left of it.
    const runAt = later.seconds === 0 ? null : until
    const { models } = later
    return this.#count('postponed', this.#coordinator.release(lease, 'later', runAt, { ...also, models }))
  }

  /** By the database's clock, which is what the time is compared with. */
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
