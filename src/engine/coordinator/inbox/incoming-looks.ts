import { MICROS_PER_MS, type Micros, type RecordedEvent } from '../../core/index.ts'
import type { Incoming } from '../../store/index.ts'
import { FirstLook } from './first-look.ts'
import { isOfInbox } from './inbox.ts'

/** How this process looks for what came in. */
export interface Looks {
  /** Each call has its price. */
  readonly isFrugal: boolean
  readonly forRows: () => void
  readonly forRequests: () => void
  /** The database's clock. */
  readonly now: () => Micros
}

/** How long a message may travel. An event that is older than that is not about what the message tells of. */
const TRAVEL: Micros = 300 * MICROS_PER_MS

/** Follows messages about rows of `jobs` that have arrived, and about commands by SQL. */
export class IncomingLooks {
  readonly rows: FirstLook
  readonly requests: FirstLook
  readonly #isFrugal: boolean
  readonly #now: () => Micros
  /** When the last message was sent, at the earliest. */
  #sentAt: Micros = 0

  constructor({ isFrugal, forRows, forRequests, now }: Looks) {
    this.#isFrugal = isFrugal
    this.#now = now
    this.rows = new FirstLook(isFrugal, forRows)
    this.requests = new FirstLook(isFrugal, forRequests)
  }

  /** @param again more may have come after the last message, without one. Then the process looks that has taken in the rest. */
  hear(incoming: Incoming, again = false): void {
    const takers = [this.rows.takenBy, this.requests.takenBy]
    if (again && this.#isFrugal && takers.includes('this')) {
      this.rows.look()
      this.requests.look()
    } else if (!again || !this.#isFrugal || !takers.includes('another')) this.#hear(incoming)
  }

  /** An event that this process has folded. Returns true if rows were taken in, of which the last message may have told. */
  see(event: RecordedEvent): boolean {
    if (event.at < this.#sentAt) return false
    if (isOfInbox(event)) this.requests.seeTaken()
    if (event.type !== 'queued' || event.intake !== true) return false
    this.rows.seeTaken()
    return true
  }

  close(): void {
    this.rows.close()
    this.requests.close()
  }

  #hear(incoming: Incoming): void {
    this.#sentAt = this.#now() - TRAVEL
    this.rows.takenBy = 'nobody'
    this.requests.takenBy = 'nobody'
    if (incoming !== 'requests') this.rows.hear()
    if (incoming !== 'rows') this.requests.hear()
  }
}
