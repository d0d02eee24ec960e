import { type Observable, Subject } from 'rxjs'
import { InterlockError, type Started } from '../core/index.ts'

/** A job that was started for this process because it asked for it, and that somebody here still waits for. */
interface Waiter {
  readonly resolve: (attempt: Started) => void
  readonly reject: (error: unknown) => void
}

/** How long a start that came on `ready$` may stay unacknowledged before it is given back. */
const ACKNOWLEDGE_MS = 5_000

/** Hands starts that were granted to this process to whoever asked for them here. */
export class Gate {
  readonly #waiters = new Map<string, Waiter>()
  /** Jobs that this process has asked for, and that were refused so far. */
  readonly #asked = new Set<string>()
  readonly #unacknowledged = new Map<string, NodeJS.Timeout>()
  readonly #ready = new Subject<Started>()
  readonly #giveBack: (attempt: Started) => void

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

  /** True if a start of this job is for whoever asked here, whatever command it came with. */
  hasAsked(jobId: string): boolean {
    return this.#asked.has(jobId)
  }

  ask(jobId: string): void {
    this.#asked.add(jobId)
  }

  waitFor(jobId: string): Promise<Started> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(jobId, { resolve, reject })
    })
  }

  /** The answer came at once: nobody has to wait. */
  forget(jobId: string): void {
    this.#asked.delete(jobId)
    this.#waiters.delete(jobId)
  }

  stopWaiting(jobId: string, error: unknown): void {
    const waiter = this.#waiters.get(jobId)
    this.forget(jobId)
    waiter?.reject(error)
  }

  /** A job of ours was started without being the answer to a call: to its waiter, to `ready$`, or back to the line. */
  deliver(attempt: Started): void {
    const { jobId } = attempt.lease
    const waiter = this.#waiters.get(jobId)
    this.forget(jobId)
    if (waiter !== undefined) waiter.resolve(attempt)
    else if (this.#ready.observed) {
      this.#unacknowledged.set(jobId, setTimeout(() => this.#lapse(attempt), ACKNOWLEDGE_MS).unref())
      this.#ready.next(attempt)
    } else this.#giveBack(attempt)
  }

  /** The program has taken the start up. */
  acknowledge(jobId: string): void {
    clearTimeout(this.#unacknowledged.get(jobId))
    this.#unacknowledged.delete(jobId)
  }

  /** The job ended while it was waiting: whoever waits here is told. */
  ended(jobId: string, how: string): void {
    if (!this.#asked.has(jobId)) return
    const message = `job ${jobId} was ${how} while it waited; enqueue it again if it is still wanted`
    this.stopWaiting(jobId, new InterlockError('job_not_live', message, { jobId }))
  }

  close(): void {
    for (const timer of this.#unacknowledged.values()) clearTimeout(timer)
    const error = new InterlockError('closed', 'the coordinator was closed; the job stays in line')
    for (const jobId of [...this.#waiters.keys()]) this.stopWaiting(jobId, error)
    this.#ready.complete()
  }

  #lapse(attempt: Started): void {
    this.#unacknowledged.delete(attempt.lease.jobId)
    this.#giveBack(attempt)
  }
}
