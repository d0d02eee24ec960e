import { type Observable, ReplaySubject } from 'rxjs'
import { type InterlockError, isInterlockError } from '../core/index.ts'
import { beginEpoch, type EpochOptions } from './epoch.ts'
import { errorText, type Logger } from './logger.ts'

export interface RestoredOptions extends Omit<EpochOptions, 'ended'> {
  readonly epoch: () => number
  readonly logger: Logger
  /** Ends what the process does by itself: beats, timers, listening. */
  readonly onEnd: () => Promise<void>
}

/**
 * A backup was restored under this process: the log is another one, and what the process holds is void. It is among the first to
 * know, so it drains the queue in a new epoch, before somebody starts jobs under numbers that were tokens already.
 */
export class Restored {
  readonly #options: RestoredOptions
  readonly #stopped = new ReplaySubject<InterlockError>(1)
  #error: InterlockError | undefined
  #holding: Promise<void> | undefined

  constructor(options: RestoredOptions) {
    this.#options = options
  }

  /** Why the process cannot go on; undefined while it can. */
  get error(): InterlockError | undefined {
    return this.#error
  }

  get stopped$(): Observable<InterlockError> {
    return this.#stopped.asObservable()
  }

  /** Looks whether an error says so. */
  see(error: unknown): void {
    if (this.#error !== undefined || !isInterlockError(error, 'log_went_back')) return
    this.#error = error
    this.#holding = this.#hold()
    this.#stopped.next(error)
  }

  async close(): Promise<void> {
    await this.#holding
    this.#stopped.complete()
  }

  async #hold(): Promise<void> {
    const { epoch, logger, onEnd, ...options } = this.#options
    try {
      await onEnd()
      await beginEpoch({ ...options, ended: epoch() })
      logger.warn(`[COORDINATOR] Queue ${options.queue} drained in a new epoch: interlock recover`)
    } catch (error) {
      logger.error(
        `[COORDINATOR] Queue ${options.queue} could not be drained; do it by hand, interlock recover --begin: ${errorText(error)}`,
      )
    }
  }
}
