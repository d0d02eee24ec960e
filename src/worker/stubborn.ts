import { pause } from '../coordinator/base/backoff.ts'
import { cannotFoldOn, isInterlockError } from '../core/index.ts'

/** Milliseconds between the tries: the first rest, doubled up to the longest. */
const REST_MS = 500
const LONGEST_REST_MS = 2_000

const over = ['job_not_active', 'stale_token'] as const

/** The attempt is not ours any more; whoever has it now goes on with it. */
export function isOver(error: unknown): boolean {
  return cannotFoldOn(error) || over.some((code) => isInterlockError(error, code))
}

/** The database is away, or too busy: the coordinator says so. */
function isPassing(error: unknown): boolean {
  return isInterlockError(error, 'store_unavailable') || isInterlockError(error, 'contention')
}

export interface Stubbornness {
  /** Fires when it does not matter any more. One try is made in any case. */
  readonly signal: AbortSignal
  /** Told every failure that somebody may have to do something about. */
  readonly onError: (error: unknown) => void
}

/**
 * Asks again until there is an answer, or until the signal fires: then undefined. The end of an attempt must not be dropped
 * because the database was away, read-only or full for longer than one call is patient: the process keeps its lease, so
 * nobody else would end it before its time is up, and then the work would be done again.
 * @throws what `isOver`, and `closed`
 */
export async function stubbornly<T>(
  ask: () => Promise<T>,
  { signal, onError }: Stubbornness,
): Promise<T | undefined> {
  for (let restMs = REST_MS; ; restMs = Math.min(LONGEST_REST_MS, 2 * restMs)) {
    try {
      return await ask()
    } catch (error) {
      if (isOver(error)) throw error
      if (signal.aborted) return undefined
      if (isInterlockError(error, 'closed')) throw error
      if (!isPassing(error)) onError(error)
    }
    await pause(restMs, signal)
    if (signal.aborted) return undefined
  }
}
