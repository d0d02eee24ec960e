import { type Observable, ReplaySubject } from 'rxjs'
import { cannotFoldOn, type InterlockError, isInterlockError } from '../core/index.ts'
import { beginEpoch, type EpochOptions } from './epoch.ts'
import { errorText, type Logger } from './logger.ts'

export interface StoppedOptions extends Omit<EpochOptions, 'ended'> {
  readonly epoch: () => number
  readonly logger: Logger
  /** Ends what the process does by itself: beats, timers, listening. */
  readonly onEnd: () => Promise<void>
}

/**
 * The end of a process that cannot fold the log any further: it keeps no lease, since it would hold for ever what it can neither run
 * nor end, and others go on with its jobs.
 *
 * When a backup was restored under it, the log is another one, and what the process holds is void. It is among the first to know, so
 * it drains the queue in a new epoch, before somebody starts jobs under numbers that were tokens already. An event that it
 * does not know, or that cannot have happened, voids nothing: those who can read it go on.
 */
export class Stopped {
  readonly #options: StoppedOptions
  readonly #subject = new ReplaySubject<InterlockError>(1)
  #error: InterlockError | undefined
  #ending: Promise<void> | undefined

  constructor(options: StoppedOptions) {
    this.#options = options
  }

  /** Why the process cannot go on; undefined while it can. */
  get error(): InterlockError | undefined {
    return this.#error
  }

  get stopped$(): Observable<InterlockError> {
    return this.#subject.asObservable()
  }

  /** Looks whether an error says so. */
  see(error: unknown): void {
    if (this.#error !== undefined || !cannotFoldOn(error)) return
    this.#error = error
    this.#ending = isInterlockError(error, 'log_went_back') ? this.#hold() : this.#end()
    this.#subject.next(error)
  }

  async close(): Promise<void> {
    await this.#ending
    this.#subject.complete()
  }

  async #end(): Promise<void> {
    const { queue, logger, onEnd } = this.#options
    try {
      await onEnd()
    } catch (error) {
      logger.warn(`[COORDINATOR] Queue ${queue} is listened to until this process ends: ${errorText(error)}`)
    }
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
