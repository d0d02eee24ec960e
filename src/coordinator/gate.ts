import { type Observable, Subject } from 'rxjs'
import type { InterlockError, Started } from '../core/index.ts'
import { Waiter } from './waiter.ts'

/** How long a start that came on `ready$` may stay unacknowledged before it is given back. */
const ACKNOWLEDGE_MS = 5_000

/** A start that came on `ready$`, until the program has taken it up. */
interface Offer {
  readonly attempt: Started
  readonly timer: NodeJS.Timeout
}

/** Hands starts that were granted to this process to whoever asked for them here. */
export class Gate {
  readonly #waiters = new Map<string, Set<Waiter>>()
  /** Jobs that this process has asked for, that were refused so far, and under which worker id it did. */
  readonly #asked = new Map<string, string>()
  readonly #unacknowledged = new Map<string, Offer>()
  readonly #ready = new Subject<Started>()
  readonly #giveBack: (attempt: Started) => void
  #over: InterlockError | undefined

  /** @param giveBack returns an attempt to the line: nobody here wants it any more */
  constructor(giveBack: (attempt: Started) => void) {
    this.#giveBack = giveBack
  }

  /** Starts of jobs that were refused before, while somebody subscribes. */
  get ready$(): Observable<Started> {
    return this.#ready.asObservable()
  }

  get isObserved(): boolean {
    return this.#ready.observed
  }

  get isWaiting(): boolean {
    return this.#waiters.size > 0
  }

  /** Why nobody is let through any more. */
  get over(): InterlockError | undefined {
    return this.#over
  }

  /** Jobs whose start somebody here would take. */
  get wanted(): readonly string[] {
    return [...this.#asked.keys()].filter((jobId) => this.isObserved || this.#waiters.has(jobId))
  }

  /** Under which worker id this job was asked for. A start of it is for whoever asked, whatever command it came with. */
  askedAs(jobId: string): string | undefined {
    return this.#asked.get(jobId)
  }

  ask(jobId: string, workerId: string): void {
    this.#asked.set(jobId, workerId)
  }

  /** A call comes that will wait if it has to. */
  join(jobId: string, anew: boolean): Waiter {
    const waiter = new Waiter(jobId, anew)
    const waiters = this.#waiters.get(jobId) ?? new Set()
    this.#waiters.set(jobId, waiters.add(waiter))
    return waiter
  }

  /** The call does not wait any more. True if it did, and nobody else does. */
  leave(waiter: Waiter): boolean {
    const waiters = this.#waiters.get(waiter.jobId)
    if (waiters?.delete(waiter) !== true || waiters.size > 0) return false
    return this.#waiters.delete(waiter.jobId)
  }

  /** It is asked for no longer, unless somebody has come meanwhile. */
  forget(jobId: string): void {
    if (!this.#waiters.has(jobId)) this.#asked.delete(jobId)
  }

  /** A job of ours was started without being the answer to a call: to who waits, to `ready$`, or back to the line. */
  deliver(attempt: Started): void {
    const { jobId } = attempt.lease
    if (this.share(attempt, false)) return
    if (!this.#ready.observed) return this.#giveBack(attempt)
    const timer = setTimeout(() => this.#lapse(attempt), ACKNOWLEDGE_MS).unref()
    this.#unacknowledged.set(jobId, { attempt, timer })
    this.#ready.next(attempt)
  }

  /** Gives the start to all who wait for it. @param taken whether a call has been answered with it already */
  share(attempt: Started, taken: boolean): boolean {
    const { jobId } = attempt.lease
    const waiters = [...(this.#waiters.get(jobId) ?? [])]
    this.#waiters.delete(jobId)
    this.forget(jobId)
    for (const [i, waiter] of waiters.entries()) waiter.hand(attempt, taken || i > 0)
    return waiters.length > 0
  }

  /** The program has taken the start up. */
  acknowledge(jobId: string): void {
    clearTimeout(this.#unacknowledged.get(jobId)?.timer)
    this.#unacknowledged.delete(jobId)
  }

  /** Whoever waits for this job waits in vain. */
  refuse(jobId: string, error: InterlockError): void {
    const standing = [...(this.#waiters.get(jobId) ?? [])].filter((waiter) => waiter.stands)
    for (const waiter of standing) {
      this.leave(waiter)
      waiter.refuse(error)
    }
    this.forget(jobId)
  }

  /** Lets nobody through any more, and tells all who wait. @returns what was asked for, and what nobody has taken up */
  end(error: InterlockError): { readonly asked: readonly string[]; readonly started: readonly Started[] } {
    this.#over ??= error
    const asked = [...this.#asked.keys()]
    const started = [...this.#unacknowledged.values()].map(({ attempt }) => attempt)
    for (const { lease } of started) this.acknowledge(lease.jobId)
    for (const waiter of [...this.#waiters.values()].flatMap((waiters) => [...waiters]))
      waiter.refuse(this.#over)
    this.#waiters.clear()
    this.#ready.complete()
    return { asked, started }
  }

  #lapse(attempt: Started): void {
    this.#unacknowledged.delete(attempt.lease.jobId)
    this.#giveBack(attempt)
  }
}
