import type { Ledger, QueueChange, Started } from '../../engine/core/index.ts'
import type { FollowedQueue } from '../../engine/store/index.ts'
import type { Wait } from '../insight/index.ts'
import { type Moment, momentsOf, WaitClocks } from '../insight/parts.ts'

/**
 * What the jobs of a queue wait for while this process follows it, so that it can tell for those that it starts. Nothing is written and
 * nothing is read for it, and of a wait that nobody asks about only its beginning and its end are noted.
 */
export class WaitTrail {
  readonly #queue: FollowedQueue
  #clocks = new WaitClocks()
  #ledger: Ledger
  /** Waits that attempts of this process ended and that have not been told, by the token of the attempt. */
  readonly #over = new Map<number, Wait>()
  /** Attempts that run before their start has been folded here: another process decided it, and told this one. */
  readonly #ahead = new Map<number, (wait: Wait) => void>()

  constructor(queue: FollowedQueue) {
    this.#queue = queue
    this.#ledger = queue.ledger()
    this.#begin()
    queue.follow((change) => this.#see(change))
  }

  /** Tells the wait that this start has ended, once: now, or when its start has been folded here; not at all if it is not known. */
  tell({ lease: { fencingToken } }: Started, tell: (wait: Wait) => void): void {
    const wait = this.#over.get(fencingToken)
    if (wait !== undefined) {
      this.#over.delete(fencingToken)
      tell(wait)
    } else if (fencingToken > this.#ledger.version) this.#ahead.set(fencingToken, tell)
  }

  /** Nobody will ask about the wait that this start has ended. */
  forget({ lease }: Started): void {
    this.#over.delete(lease.fencingToken)
  }

  #begin(): void {
    const { workerId, ledger, now } = this.#queue
    this.#over.clear()
    this.#ahead.clear()
    this.#clocks = new WaitClocks({
      tellsParts: true,
      onWait: (wait, by) => {
        if (by?.type === 'started' && by.workerId === workerId()) this.#close(by.seq, wait)
      },
    })
    this.#ledger = ledger()
    this.#clocks.begin(this.#ledger, now())
  }

  #close(token: number, wait: Wait): void {
    const tell = this.#ahead.get(token)
    if (tell === undefined) this.#over.set(token, wait)
    else {
      this.#ahead.delete(token)
      tell(wait)
    }
  }

  #see(change: QueueChange): void {
    // It has gone on from a snapshot: nobody knows what happened up to there.
    if (change.events.length === 0) return this.#begin()
    for (const moment of momentsOf(this.#ledger, change)) this.#take(moment)
    this.#ledger = change.ledger
  }

  #take({ events, ledger, touched }: Moment): void {
    for (const event of events) {
      if (this.#over.size > 0 && 'token' in event && event.token !== null) this.#over.delete(event.token)
      this.#clocks.note(event)
    }
    this.#clocks.look(ledger, touched, ledger.lastAt)
  }
}
