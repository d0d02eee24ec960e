import { endsAttempt, type RecordedEvent, type Started } from '../../core/index.ts'

/**
 * Who has a start in this process, and so runs the job or gives it back:
 *
 * - `calls`: calls at the gate, which share it; `sole`: one call that runs the job itself
 * - `claim`: the worker, or program, whose claim it came of
 * - `ready`: the program that follows `ready$`, until somebody takes it up
 * - `line`: nobody wants it: it goes back
 */
export type Owner = 'calls' | 'sole' | 'claim' | 'ready' | 'line'

/** The owner of each attempt that was started for this process, from its arrival to its end. It gets one, once. */
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

  /** The lease under which they were started is lost: they are somebody else's by now, or soon. */
  clear(): void {
    this.#owned.clear()
  }
}
