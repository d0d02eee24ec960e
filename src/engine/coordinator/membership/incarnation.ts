import { type Observable, Subject } from 'rxjs'
import { isOfStore } from '../../core/index.ts'
import type { WholeOptions } from '../api/options.ts'
import { CommandIds, newWorkerId } from '../base/identity.ts'
import { errorText } from '../base/logger.ts'
import { PACKAGE_VERSION } from '../base/package-version.ts'
import { type BeatingProcess, LeaseKeeper } from './lease.ts'
import type { MemberParts } from './member-parts.ts'
import type { OwnStarts } from './own-starts.ts'

type Parts = Pick<MemberParts, 'logger' | 'log' | 'failures' | 'stopped' | 'owner'> &
  BeatingProcess & { readonly starts: OwnStarts }

/**
 * The process under its present worker id: its lease, and the ids of its commands. After a lost lease, another incarnation
 * follows.
 */
export class Incarnation {
  readonly lease: LeaseKeeper
  readonly #name: string | undefined
  readonly #signs: ((workerId: string) => Promise<void>) | undefined
  readonly #member: Parts
  readonly #lost = new Subject<{ workerId: string }>()
  #workerId: string
  #ids: CommandIds

  constructor({ store, queue, name, operator, leaseMs, graceMs }: WholeOptions, member: Parts) {
    this.#name = name
    this.#signs = operator && ((workerId) => store.sign(queue, workerId, operator))
    this.#member = member
    this.#workerId = newWorkerId(name)
    this.#ids = new CommandIds(this.#workerId)
    const terms = { store, queue, ttlMs: leaseMs, graceMs, release: PACKAGE_VERSION }
    this.lease = new LeaseKeeper(terms, this, member)
  }

  get workerId(): string {
    return this.#workerId
  }

  get lost$(): Observable<{ readonly workerId: string }> {
    return this.#lost.asObservable()
  }

  /** Notes beside the log who acts under this worker id, if that is known. @throws what the store throws */
  async sign(): Promise<void> {
    await this.#signs?.(this.#workerId)
  }

  nextCommandId(): string {
    return this.#ids.next()
  }

  /**
   * Gives the lease up. First tells what still runs under it to stop, since others may start those jobs from then on. If the
   * database does not answer, or takes no writes, the lease runs out by itself.
   */
  async leave(): Promise<void> {
    if (!this.lease.lost && this.#member.starts.isHolding(this.#workerId)) {
      this.#lost.next({ workerId: this.#workerId })
    }
    try {
      await this.lease.stop()
    } catch (error) {
      if (!isOfStore(error)) throw error
      const { logger } = this.#member
      logger.warn(
        `[COORDINATOR] Lease of worker ${this.#workerId} could not be given up, so it runs out by itself: ${errorText(error)}`,
        {
          event: 'lease.left',
          worker_id: this.#workerId,
          error: errorText(error),
        },
      )
    }
  }

  /** Completes its streams: no more news. */
  complete(): void {
    this.#lost.complete()
  }

  /** Its lease is lost: other processes have its jobs by now, or soon. A process that can go on does so under another worker id. */
  lose(): void {
    const workerId = this.#workerId
    const { logger, stopped } = this.#member
    if (stopped.error !== undefined) return this.#lost.next({ workerId })
    logger.error(`[COORDINATOR] Lease of worker ${workerId} lost; other workers get its jobs`, {
      event: 'lease.lost',
      worker_id: workerId,
    })
    this.#workerId = newWorkerId(this.#name)
    this.#ids = new CommandIds(this.#workerId)
    this.#lost.next({ workerId })
    void this.#renew()
  }

  async #renew(): Promise<void> {
    await this.lease.renew()
    if (!this.lease.isRegistered) return
    const { owner, failures } = this.#member
    owner.renewed()
    await this.sign().catch((error) => failures.note(error, 'beat'))
  }
}
