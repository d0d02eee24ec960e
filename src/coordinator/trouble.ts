import { InterlockError, isInterlockError } from '../core/index.ts'
import { errorText, type Logger } from './logger.ts'

/** The last thing that went wrong without anybody waiting for it: the logger is told once, and `health()` shows it. */
export class Trouble {
  readonly #logger: Logger
  #last: unknown = null

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get text(): string | null {
    return this.#last === null ? null : errorText(this.#last)
  }

  /** False if that is what went wrong before as well. */
  note(error: unknown): boolean {
    if (error === this.#last) return false
    this.#last = error
    this.#logger.error(`[COORDINATOR] ${errorText(error)}`)
    return true
  }

  /** The database has answered. */
  forget(): void {
    this.#last = null
  }

  /** A beat has reached the database: what the log does not say any more is not mended by that. */
  forgetOutage(): void {
    if (isInterlockError(this.#last, 'store_unavailable')) this.forget()
  }
}

/** Said to the caller alone; anything else is worth a line of the log. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof InterlockError && error.code !== 'store_unavailable' && error.code !== 'log_went_back'
  )
}
