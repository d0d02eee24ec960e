import { retry } from '../coordinator/base/retry.ts'
import { isAttemptOver, isInterlockError, isPassing } from '../core/index.ts'

/** Milliseconds between the tries: the first rest, doubled up to the longest. */
const REST_MS = 500
const LONGEST_REST_MS = 2_000

export interface AskOptions {
  /** Fires when it does not matter any more. One try is made in any case. */
  readonly signal: AbortSignal
  /** Told every failure that somebody may have to do something about. */
  readonly onError: (error: unknown) => void
}

/**
 * Asks again until there is an answer, or until the signal fires: then undefined. The end of an attempt must not be dropped
 * because the database was away, read-only or full for longer than one call is tried: the process keeps its lease, so
 * nobody else would end it before its time is up, and then the work would be done again.
 * @throws what says that the attempt is over, and `closed`
 */
export function untilAnswered<T>(
  ask: () => Promise<T>,
  { signal, onError }: AskOptions,
): Promise<T | undefined> {
  return retry<T | undefined>(async (tries) => (tries > 0 && signal.aborted ? undefined : ask()), {
    again: (error) => {
      if (isAttemptOver(error)) return false
      if (signal.aborted) return true
      if (isInterlockError(error, 'closed')) return false
      // The database is away, or too busy: the coordinator says so.
      // So does the attempt's own handler: what it has said is committed, or is about to be.
      if (!isPassing(error) && !isInterlockError(error, 'job_ending')) onError(error)
      return true
    },
    restMs: (_, tries) => Math.min(LONGEST_REST_MS, REST_MS * 2 ** (tries - 1)),
    signal,
  })
}
