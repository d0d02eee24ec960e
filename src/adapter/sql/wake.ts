import type { OnWake } from '../../port/index.ts'

/** What rows that may have arrived in `jobs` are announced with, on the channel of the appends. */
const INTAKE = 'intake'

/**
 * Tells a listener what a notification says: `<queue>:<version>` after an append, `intake` for every queue. A queue's name
 * may hold colons, and anybody may send anything.
 *
 * @param payload undefined: something may have been missed, so everything is to be looked at
 */
export function tellWake(payload: string | undefined, queue: string, onWake: OnWake): void {
  if (payload === undefined) return onWake()
  if (payload === INTAKE) return onWake(undefined, 'both')
  const colon = payload.lastIndexOf(':')
  if (payload.slice(0, colon) !== queue) return
  const version = Number(payload.slice(colon + 1))
  onWake(Number.isSafeInteger(version) ? version : undefined, false)
}
