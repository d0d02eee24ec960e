/** How much earlier than the database the process takes its lease to be lost: a part of the ttl, up to a limit. */
const MARGIN = { part: 0.1, mostMs: 1_000 }

/**
 * A beat is due every third of the ttl, and at least so often: how long an outage a lease outlives is what is left of it when the
 * outage begins.
 */
const BEAT = { part: 1 / 3, mostMs: 6_000 }

/** A beat goes along with an append from this part of that time on. */
const ALONG_PART = 0.5

/** A beat is answered or given up within this part of the time until the next one is due. */
const ANSWER_PART = 0.75

/** What follows from how long a lease lives without a beat; all in milliseconds. */
export interface LeaseTimes {
  /** From one beat to the next. */
  readonly everyMs: number
  /** The age of the last beat from which on the next one may go along with an append. */
  readonly alongMs: number
  /** How long an answer is waited for. */
  readonly answerMs: number
  readonly marginMs: number
}

export function leaseTimes(ttlMs: number): LeaseTimes {
  const everyMs = Math.min(ttlMs * BEAT.part, BEAT.mostMs)
  return {
    everyMs,
    alongMs: everyMs * ALONG_PART,
    answerMs: everyMs * ANSWER_PART,
    marginMs: Math.min(ttlMs * MARGIN.part, MARGIN.mostMs),
  }
}
