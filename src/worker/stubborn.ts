import { setTimeout as sleep } from 'node:timers/promises'
import { isInterlockError } from '../core/index.ts'

const REST_MS = 500

const over = ['job_not_active', 'stale_token', 'log_went_back'] as const

/** The attempt is not ours any more; whoever has it now goes on with it. */
export function isOver(error: unknown): boolean {
  return over.some((code) => isInterlockError(error, code))
}

/** The database is away, or too busy: what was asked is still wanted. */
function isPassing(error: unknown): boolean {
  return isInterlockError(error, 'store_unavailable') || isInterlockError(error, 'contention')
}

/**
 * Asks again until the database answers, or until `given` says that it does not matter any more: then undefined. The end
 * of an attempt must not be dropped because the database was away for longer than one call is patient.
 */
export async function stubbornly<T>(ask: () => Promise<T>, given: () => boolean): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (given()) return undefined
      await sleep(REST_MS)
    }
  }
}
