import { endsAttempt, InterlockError, type RecordedEvent, type Started } from '../../core/index.ts'

/** One call at the gate, from before it asks until it is answered. A start of its job that arrives meanwhile is for this call. */
export class GateCall {
  /** False while it asks: until then, what happens to an earlier life of the job does not concern it. */
  stands = false
  readonly jobId: string
  /** The caller runs the job itself, so it must not share the start with another part of the program. */
  readonly isSole: boolean
  readonly #answer = Promise.withResolvers<Started>()
  #isAnswered = false

  constructor(jobId: string, isSole: boolean) {
    this.jobId = jobId
    this.isSole = isSole
    // The promise may be rejected before anybody listens.
    this.#answer.promise.catch(() => {})
  }

  /** The start, once there is one. @throws the reason why there will be none */
  get started(): Promise<Started> {
    return this.#answer.promise
  }

  /** It has the start, or the reason why there will be none. */
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

/**
 * Who has a start in this process, and so runs the job or gives it back:
 *
 * - `calls`: calls at the gate, which share it; `sole`: one call that runs the job itself
 * - `claim`: the worker or program whose claim led to it
 * - `ready`: the program that subscribes to `ready$`, until it takes the start
 * - `line`: nobody wants it, so it goes back
 */
export type Owner = 'calls' | 'sole' | 'claim' | 'ready' | 'line'

/** The owner of each attempt that was started for this process, from its arrival to its end. An attempt gets an owner once. */
export class Owners {
  readonly #owned = new Map<number, { readonly owner: Owner; readonly attempt: Started }>()

  of({ lease }: Started): Owner | undefined {
    return this.#owned.get(lease.fencingToken)?.owner
  }

  set(attempt: Started, owner: Owner): void {
    this.#owned.set(attempt.lease.fencingToken, { owner, attempt })
  }

  all(wanted: Owner): readonly Started[] {
    return [...this.#owned.values()].flatMap(({ owner, attempt }) => (owner === wanted ? [attempt] : []))
  }

  /** Attempts that have ended have no owner. */
  see(event: RecordedEvent): void {
    if (endsAttempt(event) && event.token !== null) this.#owned.delete(event.token)
  }

  /** The lease under which they were started is lost: other processes have them by now, or soon. */
  clear(): void {
    this.#owned.clear()
  }
}
