import { InterlockError, isInterlockError } from '../../core/index.ts'
import type { WholeOptions } from '../api/options.ts'
import { atMost, pause } from '../base/backoff.ts'
import type { Logger } from '../base/logger.ts'
import { mayPass, type Patience, patiently } from '../base/retry.ts'
import type { Pen } from '../commit/append-queue.ts'
import type { Upkeep } from '../maintenance/maintenance.ts'
import type { DatabaseClock } from '../replica/database-clock.ts'
import type { Head } from '../replica/head.ts'
import { readOn } from '../replica/read-log.ts'
import type { Replica } from '../replica/replica.ts'
import type { Incarnation } from './incarnation.ts'
import type { Stopped } from './stopped.ts'
import type { Pulse } from './wakeups.ts'

/** How long a process that leaves waits for a database that does not answer. */
const LEAVE_MS = 5_000

export interface LifeOptions extends Pick<WholeOptions, 'store' | 'queue' | 'pollMs'> {
  readonly replica: Replica
  readonly clock: DatabaseClock
  readonly head: Head
  readonly pen: Pen
  readonly pulse: Pulse
  readonly upkeep: Upkeep
  readonly incarnation: Incarnation
  readonly stopped: Stopped
  readonly logger: Logger
  readonly patience: Patience
  /** Fires when the process leaves. */
  readonly closing: AbortController
  readonly onError: (error: unknown) => void
  /** The leases of these are over. */
  readonly expire: (workerIds: readonly string[]) => Promise<void>
}

/** A login or a key that is refused, and a database that is not there, are mended by people, who should not wait for that. */
const mendedByPeople = /^(28|3D)/

function mayOpenSoon(error: unknown): error is InterlockError {
  if (!mayPass(error) || !isInterlockError(error)) return false
  const { sqlstate, status } = error.details
  return !mendedByPeople.test(String(sqlstate ?? '')) && status !== 401 && status !== 403
}

/** Nobody tries again for a program whose coordinator was not made. */
function givenUp({ code, message, details }: InterlockError, seconds: number): InterlockError {
  const [said = '', ...remedy] = message.replace(/; Interlock tries again by itself$/, '').split('; ')
  return new InterlockError(code, [`${said} (tried for ${seconds} s)`, ...remedy].join('; '), details)
}

/** How a process joins a queue, and how it leaves it. */
export class Life {
  readonly #options: LifeOptions
  #isOpen = false
  /** Whose leases are over by a beat that came before this process could send. */
  readonly #overdueAtFirst: string[] = []

  constructor(options: LifeOptions) {
    this.#options = options
  }

  /** @throws InterlockError `closed`, `store_unavailable`, or what has stopped the process: nothing can be sent */
  checkOpen(): void {
    const { stopped } = this.#options
    if (this.#isClosing) {
      throw new InterlockError('closed', 'the coordinator is closed; make a new one with createCoordinator')
    }
    if (stopped.error !== undefined) throw stopped.error
    if (this.#isOpen) return
    throw new InterlockError('store_unavailable', 'the database has not been reached yet; see the log')
  }

  /** Reads the log, registers the process, listens. @throws what the store throws */
  async open(): Promise<void> {
    const { store, queue, replica, clock, head, pen, pulse, upkeep, incarnation, expire } = this.#options
    await store.open(queue)
    await upkeep.begin()
    await readOn({ store, queue, replica, clock, head })
    pulse.watch()
    await incarnation.lease.start()
    await pulse.begin()
    upkeep.start()
    this.#isOpen = true
    await pen.catchUp()
    await expire(this.#overdueAtFirst.splice(0))
    upkeep.catchUp()
  }

  /**
   * The same, again while the database does not answer, as long as patience lasts.
   * @throws what the store threw last; it says for how long it was tried, and not that it is tried again
   */
  async openPatiently(): Promise<void> {
    const { patience, logger } = this.#options
    const seconds = Math.round(patience.forMs / 1_000)
    try {
      await patiently(
        patience,
        async (tries) => {
          if (tries === 1)
            logger.warn(`[COORDINATOR] The database does not answer yet: trying for ${seconds} s`)
          await this.open()
        },
        mayOpenSoon,
      )
    } catch (error) {
      throw mayOpenSoon(error) ? givenUp(error, seconds) : error
    }
  }

  /** Goes on trying to open, once per second or poll, until it succeeds or the coordinator is closed. */
  async openLater(): Promise<void> {
    const { pollMs, closing, logger, onError } = this.#options
    while (!this.#isOpen && !this.#isClosing) {
      await pause(Math.max(1_000, pollMs), closing.signal)
      try {
        await this.open()
        if (this.#isClosing) return await this.#undoOpen()
        logger.info('[COORDINATOR] Database reached')
      } catch (error) {
        onError(error)
      }
    }
  }

  overdue(workerIds: readonly string[]): void {
    if (this.#isOpen) void this.#options.expire(workerIds)
    else this.#overdueAtFirst.push(...workerIds)
  }

  /** Finishes what is under way and gives up the lease. It waits 5 s at most for a database that does not answer. */
  async leave(): Promise<void> {
    if (this.#isClosing) return
    const { logger, pulse, replica, incarnation } = this.#options
    if (!(await atMost(LEAVE_MS, this.#finish()))) {
      logger.warn('[COORDINATOR] Left without waiting for the database: its lease runs out by itself')
    }
    pulse.unwatch()
    replica.complete()
    incarnation.complete()
  }

  get #isClosing(): boolean {
    return this.#options.closing.signal.aborted
  }

  async #finish(): Promise<void> {
    const { closing, pen, pulse, stopped, upkeep, incarnation } = this.#options
    await pulse.rest()
    closing.abort()
    await pen.idle()
    await stopped.close()
    await upkeep.close()
    if (this.#isOpen) await incarnation.leave()
  }

  /** It was closed while it opened. */
  async #undoOpen(): Promise<void> {
    const { pulse, upkeep, incarnation } = this.#options
    await pulse.rest()
    await upkeep.pause()
    pulse.unwatch()
    await incarnation.leave()
  }
}
