import { InterlockError, type Started } from '../core/index.ts'

/** One call that waits at the gate for the start of a job. */
export class Waiter {
  /** False while it asks: what becomes of a former life of the job is not its concern. */
  stands = false
  readonly jobId: string
  /** It runs the job itself: it must not share the start with another part of the program. */
  readonly #anew: boolean
  readonly #started = Promise.withResolvers<Started>()

  constructor(jobId: string, anew: boolean) {
    this.jobId = jobId
    this.#anew = anew
    // It may be told before anybody listens, or though its call has been answered already.
    this.#started.promise.catch(() => {})
  }

  get started(): Promise<Started> {
    return this.#started.promise
  }

  /** @param taken whether another call in this process has the start already */
  hand(attempt: Started, taken: boolean): void {
    if (taken && this.#anew) this.refuse(activeHere(this.jobId))
    else this.#started.resolve(attempt)
  }

  refuse(error: unknown): void {
    this.#started.reject(error)
  }
}

export function activeHere(jobId: string): InterlockError {
  return new InterlockError('not_holder', `job ${jobId} is active in this process already`, { jobId })
}
