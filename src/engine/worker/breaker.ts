import type { Subscription } from 'rxjs'
import { errorText } from '../coordinator/base/logger.ts'
import type { Coordinator } from '../coordinator/index.ts'
import { endsAttempt, MICROS_PER_MS, type RecordedEvent } from '../core/index.ts'

/** When to pause a model because jobs that need it keep failing. */
export interface BreakerOptions {
  /** How many failed attempts in a row on a model, in any process, 1 to 1,000. A completed one starts the count again. */
  readonly failures: number
  /** For how many seconds the model is then paused, up to a day. */
  readonly pauseSeconds: number
}

/** Failures that say something about the model. A bad payload or a returned attempt does not. */
const telling: ReadonlySet<string> = new Set(['handler_error', 'timed_out', 'thread_exited', 'out_of_memory'])

/**
 * Pauses a model (reason `breaker`) after failures in a row. Every process counts the same, from the log; the one that ended the
 * last of them pauses.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #coordinator: Coordinator
  /** Models of attempts that run now, by fencing token. */
  readonly #models = new Map<number, readonly string[]>()
  readonly #inARow = new Map<string, number>()

  constructor(options: BreakerOptions, coordinator: Coordinator) {
    this.#options = options
    this.#coordinator = coordinator
  }

  watch(): Subscription {
    return this.#coordinator.heard$.subscribe((event) => this.#see(event))
  }

  #see(event: RecordedEvent): void {
    if (event.type === 'started') this.#models.set(event.seq, event.models)
    if (!endsAttempt(event) || event.token === null) return
    const models = this.#models.get(event.token) ?? []
    this.#models.delete(event.token)
    if (event.type === 'completed') for (const model of models) this.#inARow.delete(model)
    if (event.type !== 'failed' || !telling.has(event.code)) return
    for (const model of models) this.#count(model, event.workerId === this.#coordinator.workerId)
  }

  #count(model: string, isOurs: boolean): void {
    const failures = (this.#inARow.get(model) ?? 0) + 1
    this.#inARow.set(model, failures)
    if (failures < this.#options.failures) return
    this.#inARow.delete(model)
    if (isOurs) void this.#pause(model)
  }

  async #pause(model: string): Promise<void> {
    const { failures, pauseSeconds } = this.#options
    const { logger } = this.#coordinator
    const until = new Date(this.#coordinator.now() / MICROS_PER_MS + pauseSeconds * 1_000)
    try {
      await this.#coordinator.pauseModel(model, { reason: 'breaker', until })
      logger.warn(
        `[WORKER] Model ${model} paused for ${pauseSeconds} s: ${failures} attempts failed in a row`,
        { event: 'model.paused', model, seconds: pauseSeconds },
      )
    } catch (error) {
      logger.error(`[WORKER] Model ${model} could not be paused: ${errorText(error)}`, {
        event: 'model.not_paused',
        model,
        error: errorText(error),
      })
    }
  }
}
