import { Subscription } from 'rxjs'
import { InterlockError, isPassing, spokenOf } from '../../core/index.ts'
import type { LogRole } from '../../store/index.ts'
import { SingleFlight } from '../base/concurrency.ts'
import type { Logger } from '../base/logger.ts'
import { atMost, pause, retryWithin } from '../base/retry.ts'
import { readOn } from '../replica/catch-up.ts'
import type { Applied } from '../replica/replica.ts'
import type { Incarnation } from './incarnation.ts'
import { AT_ONCE } from './member-api.ts'
import type { MemberParts } from './member-parts.ts'
import { heldBy } from './own-starts.ts'
import type { Wakeups } from './wakeups.ts'

/** How long a leaving process waits for a database that does not answer. */
const LEAVE_MS = 5_000

/** What begins when the process joins, and ends when it leaves. */
interface Parts extends Omit<MemberParts, 'owner' | 'logger' | 'workerId' | 'lease'> {
  readonly wakeups: Wakeups
  readonly incarnation: Incarnation
  applied(applied: Applied): void
}

export interface LifecycleOptions {
  readonly store: Pick<LogRole, 'open'>
  readonly pollMs: number
  readonly joinMs: number
  readonly logger: Logger
}

/** A refused login or key, or a missing database, does not go away by itself: people should not have to wait for the message. */
const repairedByPeople = /^(28|3D)/

function mayOpenSoon(error: unknown): error is InterlockError {
  if (!isPassing(error)) return false
  const { sqlstate, status } = error.details
  return !repairedByPeople.test(String(sqlstate ?? '')) && status !== 401 && status !== 403
}

/** Without the promise to try again: after this error nothing does. */
function givenUp({ code, message, details }: InterlockError, seconds: number): InterlockError {
  const [said = '', ...remedy] = message.replace(/; Interlock tries again by itself$/, '').split('; ')
  return new InterlockError(code, [`${said} (tried for ${seconds} s)`, ...remedy].join('; '), details)
}

/** How a process joins a queue, and how it leaves it. */
export class Lifecycle {
  readonly #member: Parts
  readonly #options: LifecycleOptions
  /** The process has joined. */
  isOpen = false
  /** What is left to do to join. Each is done once: where every third call fails, a process that began again would never join. */
  readonly #steps: (() => Promise<unknown>)[]
  /** Workers whose leases had ended according to a beat that came before this process could send. */
  readonly #overdueAtFirst: string[] = []
  readonly #expiry: Expiry
  readonly #reading = new Subscription()

  constructor(member: Parts, options: LifecycleOptions) {
    this.#member = member
    this.#options = options
    this.#expiry = new Expiry(member)
    const { log, maintenance, wakeups, incarnation } = member
    this.#steps = [
      () => options.store.open(log.queue),
      () => maintenance.begin(),
      () => readOn(log),
      async () => this.#reading.add(log.replica.applied$.subscribe((news) => member.applied(news))),
      () => incarnation.lease.start(),
      () => incarnation.sign(),
      () => wakeups.begin(),
    ]
  }

  /** @throws InterlockError `closed`, `store_unavailable`, or the error that stopped the process, if nothing can be sent */
  checkOpen(): void {
    const { stopped } = this.#member
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
    const { appends, maintenance } = this.#member
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      await step()
      this.#steps.shift()
    }
    maintenance.start()
    this.isOpen = true
    await appends.catchUp()
    await this.#expiry.of(this.#overdueAtFirst.splice(0))
  }

  /**
   * Joins. Tries again for `joinMs` while the database does not answer. After an error, call {@link openLater} or {@link giveUp}.
   * @throws the store's last error, with how long it was tried
   */
  async open(): Promise<void> {
    const { joinMs } = this.#options
    const limit = { forMs: joinMs, signal: this.#member.closing.signal }
    try {
      await retryWithin(limit, (tries) => this.#openAgain(tries), mayOpenSoon)
    } catch (error) {
      throw mayOpenSoon(error) ? givenUp(error, Math.round(joinMs / 1_000)) : error
    }
  }

  /** It could not join, and does not try again. */
  async giveUp(): Promise<void> {
    await atMost(LEAVE_MS, this.#undoOpen())
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
    const { joinMs, logger } = this.#options
    const isEndless = joinMs === Number.POSITIVE_INFINITY
    const seconds = Math.round(joinMs / 1_000)
    const [how, fields] = isEndless ? ['until it does', {}] : [`for ${seconds} s`, { seconds }]
    if (tries === 0 && joinMs > 0)
      logger.warn(`[COORDINATOR] The database does not answer yet: trying ${how}`, {
        event: 'database.awaited',
        ...fields,
      })
    if (isEndless) this.#member.failures.note(error)
  }

  /** Begins, after it has joined, with what nobody waits for: the user's tables. */
  followOn(): void {
    this.#member.maintenance.catchUp()
  }

  /** Tries to open once per second or poll, until it succeeds or the coordinator is closed. */
  async openLater(): Promise<void> {
    const { pollMs, logger } = this.#options
    const { closing, failures } = this.#member
    while (!this.isOpen && !this.#isClosing) {
      await pause(Math.max(1_000, pollMs), closing.signal)
      if (this.#isClosing) return
      try {
        await this.#open()
        if (this.#isClosing) return await this.#undoOpen()
        this.followOn()
        logger.info('[COORDINATOR] Database reached', { event: 'database.reached' })
      } catch (error) {
        failures.note(error)
      }
    }
  }

  overdue(workerIds: readonly string[]): void {
    if (this.isOpen) void this.#expiry.of(workerIds)
    else this.#overdueAtFirst.push(...workerIds)
  }

  /** Finishes what is under way and gives up the lease. Waits at most 5 s for a database that does not answer. */
  async leave(): Promise<void> {
    if (this.#isClosing) return
    const { log, incarnation } = this.#member
    if (!(await atMost(LEAVE_MS, this.#finish()))) {
      const { logger } = this.#options
      logger.warn(
        '[COORDINATOR] Closed without waiting for the database: the lease of this process runs out by itself',
        {
          event: 'coordinator.left',
        },
      )
    }
    this.#reading.unsubscribe()
    log.replica.complete()
    incarnation.complete()
  }

  get #isClosing(): boolean {
    return this.#member.closing.signal.aborted
  }

  async #finish(): Promise<void> {
    const { appends, wakeups, maintenance, incarnation, stopped, closing, log } = this.#member
    await wakeups.rest()
    const { workerId } = incarnation
    // Its places are nobody's from now on, and not only when its lease has run out.
    if (spokenOf(log.ledger).includes(workerId)) await this.#member.inBackground({ type: 'leave' })
    closing.abort()
    await appends.idle()
    await stopped.close()
    await maintenance.close()
    const { lease } = incarnation
    // It may have come as far as its lease when it tried to join.
    if (this.isOpen || lease.isRegistered || lease.lost) await incarnation.leave()
  }

  /** It was closed while it opened, or could not be opened. */
  async #undoOpen(): Promise<void> {
    const { wakeups, maintenance, incarnation } = this.#member
    await wakeups.rest()
    await maintenance.pause()
    this.#reading.unsubscribe()
    if (incarnation.lease.isRegistered) await incarnation.leave()
  }
}

/**
 * Ends the leases of dead processes. Each beat names those that still hold something: while one command of it is under way, the
 * next one carries all that were named meanwhile.
 */
class Expiry {
  readonly #member: Pick<MemberParts, 'log' | 'inBackground'>
  #overdue = new Set<string>()
  readonly #flight: SingleFlight

  constructor(member: Pick<MemberParts, 'log' | 'inBackground' | 'failures'>) {
    this.#member = member
    this.#flight = new SingleFlight(
      () => this.#expire(),
      (error) => member.failures.note(error),
    )
  }

  async of(workerIds: readonly string[]): Promise<void> {
    for (const workerId of workerIds) this.#overdue.add(workerId)
    if (this.#overdue.size > 0) await this.#flight.request()
  }

  /** One command takes a limited number of attempts. If their number does not fall, the worker is alive after all. */
  async #expire(): Promise<void> {
    const workerIds = [...this.#overdue]
    this.#overdue = new Set()
    const { log } = this.#member
    for (let held = heldBy(log.ledger, workerIds); ; ) {
      const before = held
      const command = { type: 'expire_leases', workerIds, retryAt: AT_ONCE } as const
      if (!(await this.#member.inBackground(command))) return
      held = heldBy(log.ledger, workerIds)
      if (held === 0 || held >= before) return
    }
  }
}
