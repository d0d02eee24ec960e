/** How long a failed job waits for its next attempt. */
export interface RetryOptions {
  /** The wait after the first failed attempt, in milliseconds; 1,000. */
  readonly baseMs?: number
  /** The factor between a wait and the next; 2. */
  readonly factor?: number
  /** The longest wait, in milliseconds; 60,000. */
  readonly maxMs?: number
  /** The random part of the wait, 0 to 1, so that jobs that failed together do not come back together; 0.2. */
  readonly jitter?: number
}

/**
 * Milliseconds to the next attempt (a year at most), from the number of the failed attempt (from 1; returned ones do not count)
 * and its error.
 */
export type RetryRule = RetryOptions | ((attempt: number, error: unknown) => number)

const YEAR_MS = 365 * 24 * 3_600_000

const defaults = { baseMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 }

/** The wait after attempt `attempt`: whole milliseconds from 0 to a year. @throws what a rule of the user throws */
export function retryDelayMs(
  rule: RetryRule,
  attempt: number,
  error: unknown,
  chance: () => number = Math.random,
): number {
  if (typeof rule === 'function') return bounded(rule(attempt, error))
  const { baseMs, factor, maxMs, jitter } = { ...defaults, ...rule }
  const whole = Math.min(maxMs, baseMs * factor ** (attempt - 1))
  return bounded(whole * (1 - jitter * chance()))
}

/** Anything that is no number means no wait. */
function bounded(ms: number): number {
  return Math.min(YEAR_MS, Math.max(0, Math.round(ms) || 0))
}
