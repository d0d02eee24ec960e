import type { Observable } from 'rxjs'
import type { Concern } from '../../port/index.ts'
import type { Head } from '../replica/head.ts'
import { Audience } from './audience.ts'
import type { LeaseKeeper } from './lease.ts'

/** After so long even a worker that may wait reads what others did. */
const STALE_MS = 5_000

export interface AttentionOptions {
  /** Each call of the store has its price. */
  readonly isFrugal: boolean
  readonly lease: () => LeaseKeeper
  readonly head: Head
}

/**
 * What a process has to hear of at once. Where each read has its price, what others do among themselves can wait for the next
 * command of a worker, unless somebody looks on.
 */
export class Attention {
  readonly #options: AttentionOptions
  readonly #audience = new Audience()

  constructor(options: AttentionOptions) {
    this.#options = options
  }

  /** The stream for somebody who looks on. @param onCome somebody came: what is known may be old */
  of<T>(stream$: Observable<T>, onCome: () => void): Observable<T> {
    return this.#audience.of(stream$, onCome)
  }

  mayIgnore(concern: Concern): boolean {
    const isFresh = performance.now() - this.#options.head.reachedAt < STALE_MS
    if (!this.#isThrifty || !isFresh || this.#audience.isThere) return false
    return concern === 'nobody' || (concern === 'free' && this.isFull)
  }

  /** It has no slot for what comes in, and leaves that to others. */
  get isFull(): boolean {
    return this.#isThrifty && this.#options.lease().offering.freeSlots === 0
  }

  /** What is no worker is there to know the queue. */
  get #isThrifty(): boolean {
    const { isFrugal, lease } = this.#options
    return isFrugal && lease().offering.kinds?.length !== 0
  }
}
