import { InterlockError, isInterlockError } from '../../core/index.ts'
import { backoffMs, pause } from './backoff.ts'

/** How long a call is tried again while the database does not answer, or others are in the way. */
export interface Patience {
  /** Milliseconds in all. */
  readonly forMs: number
  readonly signal: AbortSignal
}

/** A server that asks for more is asked again before: its hint is no promise. */
const LONGEST_MS = 10_000

/**
 * Runs `call` until it succeeds, fails for good, or patience is out. Waits 20 ms, then up to 1 s, with jitter.
 * @param call is told how often it was tried before
 * @param isPassing which failures may be over in a moment; those of the connection, and of others in the way, unless given
 */
export async function patiently<T>(
  patience: Patience,
  call: (tries: number) => Promise<T>,
  isPassing = mayPass,
): Promise<T> {
  const until = performance.now() + patience.forMs
  for (let n = 0; ; n++) {
    try {
      return await call(n)
    } catch (error) {
      if (!isPassing(error) || performance.now() >= until) throw error
      if (patience.signal.aborted) throw closed(error)
      await pause(Math.max(5, backoffMs(n, 20, 1_000), retryAfterOf(error)), patience.signal)
    }
  }
}

/** A failure that may be over in a moment; the commands keep their ids, so that trying again does nothing twice. */
export function mayPass(error: unknown): boolean {
  return isInterlockError(error, 'store_unavailable') || isInterlockError(error, 'contention')
}

/** What the server asked for, in milliseconds, as far as patience goes anyway; 0 when it asked for nothing. */
export function retryAfterOf(error: unknown): number {
  const after = isInterlockError(error) ? error.details['retryAfterMs'] : undefined
  return typeof after === 'number' ? Math.min(after, LONGEST_MS) : 0
}

function closed(cause: unknown): InterlockError {
  return new InterlockError('closed', 'the coordinator was closed before the database answered', {}, cause)
}
