import { InterlockError, isPassing } from '../../core/index.ts'
import type { LogRole } from '../../store/index.ts'
import type { Logger } from '../base/logger.ts'
import { atMost, pause, retryWithin } from '../base/retry.ts'
import type { AppendQueue } from '../commit/append-queue.ts'
import type { Maintenance } from '../maintenance/maintenance.ts'
import type { LogView } from '../replica/log-view.ts'
import { readOn } from '../replica/read-log.ts'
import type { Stopped } from './failures.ts'
import type { Incarnation } from './incarnation.ts'
import type { Wakeups } from './wakeups.ts'

/** How long a leaving process waits for a database that does not answer. */
const LEAVE_MS = 5_000

/** What begins when the process joins, and ends when it leaves. */
export interface LifecycleParts {
  readonly log: LogView
  readonly appends: AppendQueue
  readonly wakeups: Wakeups
  readonly maintenance: Maintenance
  readonly incarnation: Incarnation
  readonly stopped: Stopped
}

export interface LifecycleOptions {
  readonly store: Pick<LogRole, 'open'>
  readonly pollMs: number
  readonly joinMs: number
  readonly logger: Logger
  /** Fires when the process leaves. */
  readonly closing: AbortController
  readonly onError: (error: unknown) => void
  /** The leases of these workers have ended. */
  readonly expire: (workerIds: readonly string[]) => Promise<void>
}

/** A refused login or key, or a missing database, does not mend itself: people should not have to wait for the message. */
const mendedByPeople = /^(28|3D)/

function mayOpenSoon(error: unknown): error is InterlockError {
  if (!isPassing(error)) return false
  const { sqlstate, status } = error.details
  return !mendedByPeople.test(String(sqlstate ?? '')) && status !== 401 && status !== 403
}

/** Without the promise to try again: after this error nothing does. */
function givenUp({ code, message, details }: InterlockError, seconds: number): InterlockError {
  const [said = '', ...remedy] = message.replace(/; Interlock tries again by itself$/, '').split('; ')
  return new InterlockError(code, [`${said} (tried for ${seconds} s)`, ...remedy].join('; '), details)
}

/** How a process joins a queue, and how it leaves it. */
export class Lifecycle {
  readonly #parts: LifecycleParts
  readonly #options: LifecycleOptions
  /** The process has joined. */
  isOpen = false
  /** What is left to do to join. Each is done once: where every third call fails, a process that began again would never join. */
  readonly #steps: (() => Promise<unknown>)[]
  /** Workers whose leases had ended according to a beat that came before this process could send. */
  readonly #overdueAtFirst: string[] = []

  constructor(parts: LifecycleParts, options: LifecycleOptions) {
    this.#parts = parts
    this.#options = options
    const { log, maintenance, wakeups, incarnation } = parts
    this.#steps = [
      () => options.store.open(log.queue),
      () => maintenance.begin(),
      () => readOn(log),
      async () => wakeups.watch(),
      () => incarnation.lease.start(),
      () => incarnation.sign(),
      () => wakeups.begin(),
    ]
  }

  /** @throws InterlockError `closed`, `store_unavailable`, or the error that stopped the process, if nothing can be sent */
  checkOpen(): void {
    const { stopped } = this.#parts
    if (this.#isClosing) {
      throw new InterlockError('closed', 'the coordinator is closed; make a new one with createCoordinator')
    }
    if (stopped.error !== undefined) throw stopped.error
    if (this.isOpen) return
    throw new InterlockError('store_unavailable', 'the database has not been reached yet; see the log', {
      cause: 'not_joined',
    })
  }

  /** Reads the log, registers the process, listens. @throws what the store throws; called again, it goes on there */
  async #open(): Promise<void> {
    const { appends, maintenance } = this.#parts
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      await step()
      this.#steps.shift()
    }
    maintenance.start()
    this.isOpen = true
    await appends.catchUp()
    await this.#options.expire(this.#overdueAtFirst.splice(0))
  }

  /**
   * Joins. Tries again for `joinMs` while the database does not answer.
   * @throws the store's last error, with how long it was tried
   */
  async open(): Promise<void> {
    const { joinMs, closing } = this.#options
    const limit = { forMs: joinMs, signal: closing.signal }
    try {
      await retryWithin(limit, (tries) => this.#openAgain(tries), mayOpenSoon)
    } catch (error) {
      await atMost(LEAVE_MS, this.#undoOpen())
      throw mayOpenSoon(error) ? givenUp(error, Math.round(joinMs / 1_000)) : error
    }
  }

  async #openAgain(tries: number): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      if (mayOpenSoon(error)) this.#tellAwaited(error, tries)
      throw error
    }
  }

  /** That it waits is told once. If it does so without end, nobody gets the errors: they are noted. */
  #tellAwaited(error: unknown, tries: number): void {
    const { joinMs, logger, onError } = this.#options
    const isEndless = joinMs === Number.POSITIVE_INFINITY
    const seconds = Math.round(joinMs / 1_000)
    const [how, fields] = isEndless ? ['until it does', {}] : [`for ${seconds} s`, { seconds }]
    if (tries === 0 && joinMs > 0)
      logger.warn(`[COORDINATOR] The database does not answer yet: trying ${how}`, {
        ...{ event: 'database.awaited', ...fields },
      })
    if (isEndless) onError(error)
  }

  /** Begins, after it has joined, with what nobody waits for: the user's tables. */
  followOn(): void {
    this.#parts.maintenance.catchUp()
  }

  /** Tries to open once per second or poll, until it succeeds or the coordinator is closed. */
  async openLater(): Promise<void> {
    const { pollMs, closing, logger, onError } = this.#options
    while (!this.isOpen && !this.#isClosing) {
      await pause(Math.max(1_000, pollMs), closing.signal)
      try {
        await this.#open()
        if (this.#isClosing) return await this.#undoOpen()
        this.followOn()
        logger.info('[COORDINATOR] Database reached', { event: 'database.reached' })
      } catch (error) {
        onError(error)
      }
    }
  }

  overdue(workerIds: readonly string[]): void {
    if (this.isOpen) void this.#options.expire(workerIds)
    else this.#overdueAtFirst.push(...workerIds)
  }

  /** Finishes what is under way and gives up the lease. Waits at most 5 s for a database that does not answer. */
  async leave(): Promise<void> {
    if (this.#isClosing) return
    const { wakeups, log, incarnation } = this.#parts
    if (!(await atMost(LEAVE_MS, this.#finish()))) {
      const { logger } = this.#options
      logger.warn('[COORDINATOR] Left without waiting for the database: its lease runs out by itself', {
        event: 'coordinator.left',
      })
    }
    wakeups.unwatch()
    log.replica.complete()
    incarnation.complete()
  }

  get #isClosing(): boolean {
    return this.#options.closing.signal.aborted
  }

  async #finish(): Promise<void> {
    const { appends, wakeups, maintenance, incarnation, stopped } = this.#parts
    await wakeups.rest()
    this.#options.closing.abort()
    await appends.idle()
    await stopped.close()
    await maintenance.close()
    if (this.isOpen) await incarnation.leave()
  }

  /** It was closed while it opened, or could not be opened. */
  async #undoOpen(): Promise<void> {
    const { wakeups, maintenance, incarnation } = this.#parts
    await wakeups.rest()
    await maintenance.pause()
    wakeups.unwatch()
    if (incarnation.lease.isRegistered) await incarnation.leave()
  }
}
