import type { Subscription } from 'rxjs'
import { SingleFlight } from '../coordinator/base/concurrency.ts'
import { errorText } from '../coordinator/base/logger.ts'
import type { Coordinator } from '../coordinator/index.ts'
import { isInterlockError } from '../core/index.ts'

/** Rows per look. While there are more, the next look follows at once. */
const BATCH = 500

/** Takes new rows of `jobs` into the queue: when it hears of some, and once per poll. */
export class RowPoller {
  readonly #coordinator: Coordinator
  readonly #onTaken: (count: number) => void
  readonly #onRefused: (error: unknown) => void
  readonly #flight: SingleFlight
  #watch: Subscription | undefined
  /** The last error, until a look succeeds. */
  #failure: string | undefined
  /** A look has succeeded. */
  #hasLooked = false

  /** @param onRefused called instead of the first look if no row can arrive: Interlock does not follow `jobs` */
  constructor(
    coordinator: Coordinator,
    onTaken: (count: number) => void,
    onRefused: (error: unknown) => void,
  ) {
    this.#coordinator = coordinator
    this.#onTaken = onTaken
    this.#onRefused = onRefused
    this.#flight = new SingleFlight(
      () => this.#take(),
      (error) => this.#failed(error),
    )
  }

  start(): void {
    this.#watch = this.#coordinator.intake$.subscribe(() => void this.#flight.request())
    void this.#flight.request()
  }

  /** Stops looking, once the current look has ended. */
  async stop(): Promise<void> {
    this.#watch?.unsubscribe()
    await this.#flight.close()
  }

  async #take(): Promise<void> {
    const taken = await this.#coordinator.takeIn({ max: BATCH })
    this.#failure = undefined
    this.#hasLooked = true
    this.#onTaken(taken)
    if (taken === BATCH) void this.#flight.request()
  }

  /** The next poll tries again. Only a new error is reported: a lasting one fills no disk. */
  #failed(error: unknown): void {
    if (!this.#hasLooked && isInterlockError(error, 'not_migrated')) return this.#onRefused(error)
    const text = errorText(error)
    if (text !== this.#failure)
      this.#coordinator.logger.error(`[WORKER] intake: ${text}`, { event: 'intake.failed', error: text })
    this.#failure = text
  }
}
