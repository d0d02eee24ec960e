import { type Observable, ReplaySubject } from 'rxjs'
import { cannotFoldOn, InterlockError, isInterlockError } from '../../core/index.ts'
import { errorText, type Logger } from '../base/logger.ts'
import { retryWithin } from '../base/retry.ts'
import { beginEpoch, type EpochOptions } from '../commit/commit-beside.ts'

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
 * it drains the queue in a new epoch, before somebody starts jobs under numbers that were tokens already, and only then says that it has
 * stopped: a program that ends the process at once, as it should, must not take the knowledge along. An event that it does not
 * know, or that cannot have happened, voids nothing: those who can read it go on.
 */
export class Stopped {
  readonly #options: StoppedOptions
  readonly #subject = new ReplaySubject<InterlockError>(1)
  #error: InterlockError | undefined
  readonly #told = Promise.withResolvers<InterlockError>()
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

  /** The error, once a program may hear of it and end the process. */
  get told(): Promise<InterlockError> {
    return this.#told.promise
  }

  /** Looks whether an error says so. */
  see(error: unknown): void {
    if (this.#error !== undefined || !cannotFoldOn(error)) return
    this.#error = error
    const wentBack = isInterlockError(error, 'log_went_back')
    if (!wentBack) this.#tell(error)
    this.#ending = wentBack ? this.#endHeld(error) : this.#end()
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

  async #endHeld(error: InterlockError): Promise<void> {
    const ended = this.#end()
    this.#tell(await this.#held(error))
    await ended
  }

  /** What a program is told: as it is when the queue is held, and else what has to be done before anything joins it. */
  async #held(error: InterlockError): Promise<InterlockError> {
    const { epoch, logger, onEnd: _, ...options } = this.#options
    const { queue, limit } = options
    try {
      await retryWithin(limit, () => beginEpoch({ ...options, ended: epoch() }))
      logger.warn(`[COORDINATOR] Queue ${queue} drained in a new epoch: interlock recover`)
      return error
    } catch (cause) {
      const remedy = 'do it by hand before anything joins it, interlock recover --begin'
      logger.error(`[COORDINATOR] Queue ${queue} could not be drained; ${remedy}: ${errorText(cause)}`)
      const message = `${error.message}. The queue could not be drained in a new epoch; ${remedy}`
      return new InterlockError(error.code, message, { ...error.details, isHeld: false }, cause)
    }
  }

  #tell(error: InterlockError): void {
    this.#told.resolve(error)
    this.#subject.next(error)
  }
}
