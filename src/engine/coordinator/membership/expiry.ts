import type { CommandBody, Ledger } from '../../core/index.ts'
import { SingleFlight } from '../base/work.ts'
import { AT_ONCE } from './member-api.ts'

/** How many attempts of these worker processes run, as far as the ledger knows. */
export function heldBy({ active, jobs }: Ledger, workerIds: readonly string[]): number {
  const ids = new Set(workerIds)
  let held = 0
  for (const place of active) if (ids.has(jobs.get(place)?.workerId ?? '')) held++
  return held
}

export interface ExpiryOptions {
  readonly ledger: () => Ledger
  /** Returns false if the command was not carried out. */
  readonly send: (body: CommandBody) => Promise<boolean>
  readonly onError: (error: unknown) => void
}

/**
 * Ends the leases of dead processes. Each beat names those that still hold something: while one command of it is under way, the
 * next one carries all that were named meanwhile.
 */
export class Expiry {
  readonly #options: ExpiryOptions
  #overdue = new Set<string>()
  readonly #flight: SingleFlight

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#flight = new SingleFlight(() => this.#expire(), options.onError)
  }

  async of(workerIds: readonly string[]): Promise<void> {
    for (const workerId of workerIds) this.#overdue.add(workerId)
    if (this.#overdue.size > 0) await this.#flight.request()
  }

  /** One command takes a limited number of attempts. If their number does not fall, the worker is alive after all. */
  async #expire(): Promise<void> {
    const workerIds = [...this.#overdue]
    this.#overdue = new Set()
    const { ledger, send } = this.#options
    for (let held = heldBy(ledger(), workerIds); ; ) {
      const before = held
      if (!(await send({ type: 'expire_leases', workerIds, retryAt: AT_ONCE }))) return
      held = heldBy(ledger(), workerIds)
      if (held === 0 || held >= before) return
    }
  }
}
