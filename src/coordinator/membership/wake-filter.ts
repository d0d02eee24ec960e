import { defer, finalize, type Observable } from 'rxjs'
import type { Concern } from '../../port/index.ts'
import type { Head } from '../replica/log-view.ts'
import type { Capacity } from './lease.ts'

/** After so long even a worker that may wait reads what others did. */
const STALE_MS = 5_000

export interface WakeFilterOptions {
  /** Each call of the store has its price. */
  readonly isFrugal: boolean
  readonly capacity: () => Capacity
  readonly head: Head
}

/**
 * Which wake-ups a process has to follow at once. Where each read has its price, what others do among themselves can wait for the
 * next command of a worker, unless somebody in this process follows the queue.
 */
export class WakeFilter {
  readonly #options: WakeFilterOptions
  #followers = 0

  constructor(options: WakeFilterOptions) {
    this.#options = options
  }

  /** The same stream; who subscribes to it follows the queue. @param onCome somebody came: what is known may be old */
  following<T>(stream$: Observable<T>, onCome: () => void): Observable<T> {
    return defer(() => {
      this.#followers++
      onCome()
      return stream$.pipe(finalize(() => this.#followers--))
    })
  }

  mayIgnore(concern: Concern): boolean {
    const isFresh = performance.now() - this.#options.head.reachedAt < STALE_MS
    if (!this.#isThrifty || !isFresh || this.#followers > 0) return false
    return concern === 'nobody' || (concern === 'free' && this.isFull)
  }

  /** It has no slot for what comes in, and leaves that to others. */
  get isFull(): boolean {
    return this.#isThrifty && this.#options.capacity().freeSlots === 0
  }

  /** What is no worker is there to know the queue. */
  get #isThrifty(): boolean {
    const { isFrugal, capacity } = this.#options
    return isFrugal && capacity().kinds?.length !== 0
  }
}
