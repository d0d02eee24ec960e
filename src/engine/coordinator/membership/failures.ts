import { type Observable, ReplaySubject } from 'rxjs'
import {
  cannotFoldOn,
  InterlockError,
  isInterlockError,
  isOutage,
  isReadOnly,
  isRefusal,
  type Ledger,
} from '../../core/index.ts'
import { errorText, type Logger } from '../base/logger.ts'
import { retryWithin } from '../base/retry.ts'
import { beginEpoch, type EpochOptions } from '../commit/commit-beside.ts'

/**
 * What the process was doing when it failed. Only success at the same thing ends the failure: a read-only or full database can
 * still be read, and one that takes appends over its last connection may take no beats.
 */
export type Doing = 'read' | 'write' | 'beat'

/** A cause that lasts is logged again after this time: a lasting failure fills no disk, and is not forgotten either. */
const AGAIN_MS = 60_000

/** The end of an outage that took so long is told, also if its beginning was not: one before it had the line of that minute. */
const LONG_S = 5

/** Failures that are not over, as far as this process knows. The logger is told of them, and `health()` shows them. */
export class Failures {
  readonly #logger: Logger
  readonly #stopped: Pick<Stopped, 'error' | 'see'>
  /** The newest comes last. */
  readonly #failed = new Map<Doing, unknown>()
  readonly #reported = new Map<string, number>()
  /** A beat has succeeded since a write failed. */
  #isQuiet = false
  /** By `performance.now()`: since when the database is away or takes no writes, as far as this process knows. */
  #awaySince: number | undefined
  #isAwayLogged = false

  /** @param stopped gets errors that may end this process; after that, failures are no longer noted */
  constructor(logger: Logger, stopped: Pick<Stopped, 'error' | 'see'>) {
    this.#logger = logger
    this.#stopped = stopped
  }

  /** The last of them; null: there is none. */
  get text(): string | null {
    const errors = [...this.#failed.values()]
    return errors.length === 0 ? null : errorText(errors.at(-1))
  }

  /** The database does not answer. */
  get isOutage(): boolean {
    return [...this.#failed.values()].some(isOutage)
  }

  /** Something failed whose error no caller gets. */
  note(error: unknown, doing: Doing = 'read'): void {
    if (this.#stopped.error !== undefined) return
    const what = isInterlockError(error, 'store_unwritable') && doing === 'read' ? 'write' : doing
    this.#failed.delete(what)
    this.#failed.set(what, error)
    if (what === 'write') this.#isQuiet = false
    const isLogged = this.#log(error)
    if (!isAway(error)) return
    this.#awaySince ??= performance.now()
    this.#isAwayLogged ||= isLogged
  }

  /** Notes the failure of a read or write of the log, whose error may mean the end of this process. */
  noteOfLog(error: unknown, doing: 'read' | 'write'): void {
    this.note(error, doing)
    this.#stopped.see(error)
  }

  /** The error of a command. A refusal is for the caller alone. */
  noteOfCommand(error: unknown): void {
    // Why it has not joined was said where that failed.
    if (isInterlockError(error, 'store_unavailable') && error.details.cause === 'not_joined') return
    if (!isRefusal(error) && !isInterlockError(error, 'closed')) this.noteOfLog(error, 'write')
  }

  /** The log was read to its end, or written. */
  wentWell(doing: 'read' | 'write'): void {
    this.#failed.delete(doing)
    this.#logIfBack()
  }

  /**
   * A beat is only a small write: it may fit on a full disk. So it ends an outage, but another failure of writes only if none has
   * failed since the beat before. It never ends a failure of reads.
   */
  beatWentWell(): void {
    this.#failed.delete('beat')
    for (const [doing, error] of this.#failed) {
      if (isOutage(error) || (doing === 'write' && this.#isQuiet)) this.#failed.delete(doing)
    }
    this.#isQuiet = true
    this.#logIfBack()
  }

  /** False: it was told already. */
  #log(error: unknown): boolean {
    const now = performance.now()
    for (const [reported, at] of this.#reported) if (now - at >= AGAIN_MS) this.#reported.delete(reported)
    const cause = causeOf(error)
    if (this.#reported.has(cause)) return false
    this.#reported.set(cause, now)
    const text = errorText(error)
    this.#logger.error(`[COORDINATOR] ${text}`, { event: 'coordinator.failed', error: text })
    return true
  }

  /** The database answers and takes writes again. Told if its absence was, or was long. */
  #logIfBack(): void {
    if (this.#awaySince === undefined || [...this.#failed.values()].some(isAway)) return
    const seconds = Math.round((performance.now() - this.#awaySince) / 100) / 10
    const reported = { event: 'database.back', seconds } as const
    if (this.#isAwayLogged || seconds >= LONG_S)
      this.#logger.warn(`[COORDINATOR] The database is back after ${seconds} s`, reported)
    this.#awaySince = undefined
    this.#isAwayLogged = false
  }
}

const isAway = (error: unknown): error is InterlockError<'store_unavailable' | 'store_unwritable'> =>
  isOutage(error) || isReadOnly(error)

/** An outage has many texts, from one call to the next: one line for them all, and one for each cause that has its own remedy. */
function causeOf(error: unknown): string {
  if (!isAway(error)) return errorText(error)
  const { sqlstate, status } = error.details
  const cause = error.code === 'store_unavailable' ? error.details.cause : undefined
  const ownRemedy = /^(25|28|3D|53)/.test(String(sqlstate ?? '')) ? sqlstate : (cause ?? status ?? '')
  return `${error.code} ${ownRemedy}`
}

/** The process that may have to stop. */
interface Stopping {
  readonly ledger: Ledger
  /** Ends what the process does by itself: beats, timers, listening. */
  rest(): Promise<void>
}

/**
 * The end of a process that cannot fold the log any further. It gives up its lease, so that others go on with its jobs: otherwise
 * it would hold for ever what it can neither run nor end.
 *
 * If a backup was restored while it ran, what the process holds is void, and it is among the first to know. So it drains the
 * queue in a new epoch, before other processes start jobs under numbers that were tokens already. Only then it says that it has
 * stopped: the program should end the process at once, and the new epoch must not get lost. An unknown or impossible event voids
 * nothing: processes that can read it go on.
 */
export class Stopped {
  readonly #options: Omit<EpochOptions, 'ended'>
  readonly #logger: Logger
  readonly #process: Stopping
  readonly #subject = new ReplaySubject<InterlockError>(1)
  #error: InterlockError | undefined
  readonly #reported = Promise.withResolvers<InterlockError>()
  #ending: Promise<void> | undefined

  constructor(options: Omit<EpochOptions, 'ended'>, logger: Logger, process: Stopping) {
    this.#options = options
    this.#logger = logger
    this.#process = process
  }

  /** Why the process cannot go on; undefined while it can. */
  get error(): InterlockError | undefined {
    return this.#error
  }

  get stopped$(): Observable<InterlockError> {
    return this.#subject.asObservable()
  }

  /** The error, once the program may hear of it and end the process. */
  get reported(): Promise<InterlockError> {
    return this.#reported.promise
  }

  /** Stops the process if the error means its end. */
  see(error: unknown): void {
    if (this.#error !== undefined || !cannotFoldOn(error)) return
    this.#error = error
    const wentBack = isInterlockError(error, 'log_went_back')
    if (!wentBack) this.#log(error)
    this.#ending = wentBack ? this.#endHeld(error) : this.#end()
  }

  async close(): Promise<void> {
    await this.#ending
    this.#subject.complete()
  }

  async #end(): Promise<void> {
    try {
      await this.#process.rest()
    } catch (error) {
      this.#logger.warn(
        `[COORDINATOR] This process could not stop listening to queue ${this.#options.queue}, and listens until it ends: ${errorText(error)}`,
        { event: 'coordinator.deaf', error: errorText(error) },
      )
    }
  }

  async #endHeld(error: InterlockError): Promise<void> {
    const ended = this.#end()
    this.#log(await this.#held(error))
    await ended
  }

  /** The error for the program: unchanged if the queue is drained, else with what you have to do before a process joins it. */
  async #held(error: InterlockError): Promise<InterlockError> {
    const logger = this.#logger
    const { queue, limit } = this.#options
    try {
      await retryWithin(limit, () => beginEpoch({ ...this.#options, ended: this.#process.ledger.epoch }))
      logger.warn(`[COORDINATOR] Queue ${queue} drained in a new epoch: npx interlock-queue recover`, {
        event: 'queue.held',
      })
      return error
    } catch (cause) {
      const remedy = 'do it yourself before any process joins it: npx interlock-queue recover --begin'
      logger.error(`[COORDINATOR] Queue ${queue} could not be drained; ${remedy}: ${errorText(cause)}`, {
        event: 'queue.not_held',
        error: errorText(cause),
      })
      const message = `${error.message}. The queue could not be drained in a new epoch; ${remedy}`
      return new InterlockError(error.code, message, { ...error.details, isHeld: false }, cause)
    }
  }

  #log(error: InterlockError): void {
    this.#reported.resolve(error)
    this.#subject.next(error)
  }
}
