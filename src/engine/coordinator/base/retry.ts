import { InterlockError, isPassing } from '../../core/index.ts'

/**
 * Milliseconds to wait before try `n` (from 0): random below a limit that doubles (full jitter), so that processes do not move in
 * step.
 */
export function backoffMs(n: number, base: number, most: number, chance: () => number = Math.random): number {
  return chance() * Math.min(most, base * 2 ** n)
}

/** Waits. Ends early, without an error, when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Waits for the work, but at most so many milliseconds. False if it has not ended by then. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<boolean> {
  // No signal: to abort one makes an error with a stack each time, and commands pass here.
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)))
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** When to repeat a call that failed. */
export interface CallRetry {
  /** Whether to try again after this failure. @param tries how many tries were made */
  readonly again: (error: unknown, tries: number) => boolean
  /** Milliseconds before the next try, with the same arguments. */
  readonly restMs: (error: unknown, tries: number) => number
  /** Ends a pause early. The next try still follows. */
  readonly signal?: AbortSignal | undefined
}

/** Repeats a call until it succeeds or the rule says no. @param call gets the number of earlier tries */
export async function retry<T>(call: (tries: number) => Promise<T>, rule: CallRetry): Promise<T> {
  for (let tries = 0; ; ) {
    try {
      return await call(tries)
    } catch (error) {
      tries++
      if (!rule.again(error, tries)) throw error
      await pause(rule.restMs(error, tries), rule.signal)
    }
  }
}

/** How long a program waits for a database that does not answer unless it says otherwise, in milliseconds. */
export const PATIENCE_MS = 30_000

/** How long to repeat a call while the database does not answer, or others are in the way. */
export interface TimeLimit {
  /** Milliseconds in all. */
  readonly forMs: number
  readonly signal: AbortSignal
}

/** If a server asks for a longer wait, it is asked again after this time: its hint is no promise. */
const LONGEST_MS = 10_000

/**
 * Repeats a call until it succeeds, fails for good, or the time is up. Waits as {@link retryWhile} does.
 * @param call gets the number of earlier tries
 * @param mayPass which failures may be over in a moment; unless given, those of the connection and of others in the way
 */
export function retryWithin<T>(
  { forMs, signal }: TimeLimit,
  call: (tries: number) => Promise<T>,
  mayPass: (error: unknown) => boolean = isPassing,
): Promise<T> {
  const until = performance.now() + forMs
  return retryWhile((error) => mayPass(error) && performance.now() < until, signal, call)
}

/**
 * Repeats a call until it succeeds, or until a failure says that it is over. Waits 20 ms, then up to 1 s, with jitter.
 * @param goesOn asked after each failure
 * @throws InterlockError `closed` when the signal has fired and the call would go on
 */
export function retryWhile<T>(
  goesOn: (error: unknown) => boolean,
  signal: AbortSignal,
  call: (tries: number) => Promise<T>,
): Promise<T> {
  return retry(call, {
    again: (error) => {
      if (!goesOn(error)) return false
      if (signal.aborted) throw closed(error)
      return true
    },
    restMs: (error, tries) => Math.max(5, backoffMs(tries - 1, 20, 1_000), retryAfterOf(error)),
    signal,
  })
}

/** The wait in milliseconds that the server asked for, within limits; 0 if it asked for none. */
export function retryAfterOf(error: unknown): number {
  return isPassing(error) ? Math.min(error.details.retryAfterMs ?? 0, LONGEST_MS) : 0
}

function closed(cause: unknown): InterlockError {
  return new InterlockError('closed', 'the coordinator was closed before the database answered', {}, cause)
}
