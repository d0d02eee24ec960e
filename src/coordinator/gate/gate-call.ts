import { InterlockError, type Started } from '../../core/index.ts'

/** One call at the gate, from before it asks until it is answered: whatever start of its job arrives meanwhile is for it. */
export class GateCall {
  /** False while it asks: what becomes of a former life of the job is not its concern. */
  stands = false
  readonly jobId: string
  /** It runs the job itself: it must not share the start with another part of the program. */
  readonly isSole: boolean
  readonly #answer = Promise.withResolvers<Started>()
  #isAnswered = false

  constructor(jobId: string, isSole: boolean) {
    this.jobId = jobId
    this.isSole = isSole
    // It may be told before anybody listens.
    this.#answer.promise.catch(() => {})
  }

  /** The start, once there is one. @throws why there will be none */
  get started(): Promise<Started> {
    return this.#answer.promise
  }

  /** It has the start, or knows why there will be none. */
  get isAnswered(): boolean {
    return this.#isAnswered
  }

  hand(attempt: Started): void {
    this.#isAnswered = true
    this.#answer.resolve(attempt)
  }

  refuse(error: unknown): void {
    this.#isAnswered = true
    this.#answer.reject(error)
  }
}

export function activeHere(jobId: string): InterlockError {
  return new InterlockError('not_holder', `job ${jobId} is active in this process already`, { jobId })
}
