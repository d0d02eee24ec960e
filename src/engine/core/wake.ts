import { MICROS_PER_MS, type Micros } from './job.ts'
import { type Ledger, modelOf } from './ledger.ts'

/** When a tick has something to record: a job is due, its waiting runs out, its attempt times out, or a pause ends. */
export function nextTickAt({ undue, expiring, deadlines, lifts }: Ledger): Micros | undefined {
  return earliest(undue.min()?.at, expiring.min()?.at, deadlines.min()?.at, lifts.min()?.at)
}

/**
 * When, after this time, jobs may start without an event: an offer runs out and others may pass it, or a rate allows another
 * start. The state does not record such times, so the caller remembers up to when it has looked.
 */
export function nextOpeningAt(ledger: Ledger, after: Micros): Micros | undefined {
  return earliest(nextLapseAt(ledger, after), nextWindowAt(ledger, after))
}

function nextWindowAt(ledger: Ledger, after: Micros): Micros | undefined {
  let window = ledger.windows.after({ at: after, hash: Number.POSITIVE_INFINITY, model: '' })
  while (window !== undefined && modelOf(ledger, window.model).line.size === 0)
    window = ledger.windows.after(window)
  return window?.at
}

function nextLapseAt({ policy, line, offerTimes }: Ledger, after: Micros): Micros | undefined {
  if (line.size < 2) return undefined
  const offerFor = policy.offerMs * MICROS_PER_MS
  const timer = offerTimes.after({ at: after - offerFor, hash: Number.POSITIVE_INFINITY, jobId: '' })
  return timer === undefined ? undefined : timer.at + offerFor
}

function earliest(...times: readonly (Micros | undefined)[]): Micros | undefined {
  let first: Micros | undefined
  for (const at of times) if (at !== undefined && (first === undefined || at < first)) first = at
  return first
}
