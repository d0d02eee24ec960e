import type { QueueChange, Started } from '../core/index.ts'
import type { Wait } from '../insight/index.ts'
import { WaitClocks } from '../insight/parts.ts'
import type { FollowedQueue } from '../port/index.ts'

/**
 * What the jobs of a queue wait for while this process follows it, so that it can tell for those that it starts. Nothing is written and
 * nothing is read for it, and of a wait that nobody asks about only its beginning and its end are noted.
 */
export class WaitTrail {
  readonly #queue: FollowedQueue
  #clocks = new WaitClocks()
  /** Waits that attempts of this process ended and that have not been told, by the token of the attempt. */
  readonly #over = new Map<number, Wait>()

  constructor(queue: FollowedQueue) {
    this.#queue = queue
    this.#begin()
    queue.follow((change) => this.#see(change))
  }

  /** The wait that this start has ended, once; undefined: it is not known. */
  take({ lease }: Started): Wait | undefined {
    const wait = this.#over.get(lease.fencingToken)
    if (wait !== undefined) this.#over.delete(lease.fencingToken)
    return wait
  }

  #begin(): void {
    const { workerId, ledger, now } = this.#queue
    this.#over.clear()
    this.#clocks = new WaitClocks({
      tellsParts: true,
      onWait: (wait, by) => {
        if (by?.type === 'started' && by.workerId === workerId()) this.#over.set(by.seq, wait)
      },
    })
    this.#clocks.begin(ledger(), now())
  }

  #see({ events, ledger, touched }: QueueChange): void {
    const last = events.at(-1)
    // It has gone on from a snapshot: nobody knows what happened up to there.
    if (last === undefined) return this.#begin()
    for (const event of events) {
      if (this.#over.size > 0 && 'token' in event && event.token !== null) this.#over.delete(event.token)
      this.#clocks.note(event)
    }
    this.#clocks.look(ledger, touched, last.at)
  }
}
