import type { CommandBody, Ledger } from '../../core/index.ts'
import { AT_ONCE } from './member-api.ts'

/** Attempts of these worker processes that run, as far as the ledger knows. */
export function heldBy({ active, jobs }: Ledger, workerIds: readonly string[]): number {
  const ids = new Set(workerIds)
  let held = 0
  for (const place of active) if (ids.has(jobs.get(place)?.workerId ?? '')) held++
  return held
}

/**
 * Expires the leases of these processes. One command takes so many attempts at most, so there may be several; what is not fewer after
 * one is held by somebody who lives after all.
 * @param send false when the command was not carried out
 */
export async function expireLeases(
  workerIds: readonly string[],
  ledger: () => Ledger,
  send: (body: CommandBody) => Promise<boolean>,
): Promise<void> {
  for (let held = heldBy(ledger(), workerIds), before = held + 1; held < before && workerIds.length > 0; ) {
    before = held
    if (!(await send({ type: 'expire_leases', workerIds, retryAt: AT_ONCE }))) return
    held = heldBy(ledger(), workerIds)
    if (held === 0) return
  }
}
