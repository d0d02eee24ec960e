import type { Subscription } from 'rxjs'
import { errorText } from '../coordinator/base/logger.ts'
import type { Coordinator } from '../coordinator/index.ts'

/** Rows that one look takes in; the next follows at once while there are more. */
const BATCH = 500

/** Takes new rows of `jobs` into the queue: when it is told of some, and once per poll. */
export class Intake {
  readonly #coordinator: Coordinator
  readonly #onTaken: (count: number) => void
  #watch: Subscription | undefined
  #looking: Promise<void> | undefined
  #again = false
  /** What went wrong last, until it goes well again. */
  #trouble: string | undefined

  constructor(coordinator: Coordinator, onTaken: (count: number) => void) {
    this.#coordinator = coordinator
    this.#onTaken = onTaken
  }

  start(): void {
    this.#watch = this.#coordinator.intake$.subscribe(() => this.#look())
    this.#look()
  }

  /** Looks no more, once what is under way has ended. */
  async stop(): Promise<void> {
    this.#watch?.unsubscribe()
    this.#again = false
    await this.#looking
  }

  #look(): void {
    this.#again = true
    this.#looking ??= this.#takeAll().finally(() => {
      this.#looking = undefined
      if (this.#again) this.#look()
    })
  }

  /** What goes wrong is tried again with the next poll, and told when it is new: a trouble that lasts fills no disk. */
  async #takeAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false
        const taken = await this.#coordinator.takeIn({ max: BATCH })
        this.#trouble = undefined
        this.#onTaken(taken)
        if (taken === BATCH) this.#again = true
      }
    } catch (error) {
      this.#again = false
      const text = errorText(error)
      if (text !== this.#trouble) this.#coordinator.logger.error(`[WORKER] intake: ${text}`)
      this.#trouble = text
    }
  }
}
