import type { FailureCode } from '../core/index.ts'
import { CheckedResult } from '../events/index.ts'
import { NonRetryableError, RetryLater, type StopCause, ThreadEnded } from './errors.ts'

/** The outcome of one attempt. */
export type AttemptOutcome =
  | { readonly type: 'completed'; readonly result: CheckedResult }
  | { readonly type: 'failed'; readonly code: FailureCode; readonly error: unknown; readonly retry: boolean }
  | { readonly type: 'postponed'; readonly later: RetryLater }
  | { readonly type: 'cancelled' }
  | { readonly type: 'given_back' }
  | { readonly type: 'detached' }
  /** Its handler has said its end in a transaction of its own. `otherwise`: what came of it if that is not committed. */
  | { readonly type: 'completed_in'; readonly result: CheckedResult; readonly otherwise: PlainOutcome }
  | { readonly type: 'lost' }

/** One that is not in a transaction of the handler. */
export type PlainOutcome = Exclude<AttemptOutcome, { readonly type: 'completed_in' }>

/** How a handler ended: `refused` if it did not get the payload, `cut` if it was told to stop and did not in time. */
export type HandlerEnd =
  | { readonly type: 'returned'; readonly result: unknown }
  | { readonly type: 'threw'; readonly error: unknown }
  | { readonly type: 'refused'; readonly error: unknown }
  | { readonly type: 'cut' }

/**
 * A handler that was told to stop but still returned has done its work, so that counts. Not after its time was up: others rely on
 * the promise that it no longer runs. A job that was put off as often as it may be has failed this time.
 */
export function outcomeOf(
  end: HandlerEnd,
  stopped: StopCause | null,
  { detached, postponed }: { readonly detached: boolean; readonly postponed: number },
): PlainOutcome {
  if (stopped === 'lease_lost' || stopped === 'ended') return { type: 'lost' }
  if (stopped === 'timed_out') return failed('timed_out', timeUp, true)
  if (end.type === 'returned') return detached ? { type: 'detached' } : completed(end.result)
  if (stopped === 'cancel_requested') return { type: 'cancelled' }
  if (stopped === 'drained' || end.type === 'cut') return { type: 'given_back' }
  if (end.type === 'refused') return failed('invalid_payload', end.error, false)
  if (end.error instanceof RetryLater) {
    const { most = Number.POSITIVE_INFINITY, cause = end.error } = end.error
    return postponed < most ? { type: 'postponed', later: end.error } : failed('handler_error', cause, true)
  }
  if (end.error instanceof ThreadEnded) return failed(end.error.code, end.error, true)
  const final = end.error instanceof NonRetryableError
  return failed(final ? 'non_retryable' : 'handler_error', end.error, !final)
}

/** The same of a handler that has said its end in a transaction of its own: only what is committed counts. */
export function outcomeIn(
  result: CheckedResult,
  { type }: HandlerEnd,
  outcome: PlainOutcome,
): AttemptOutcome {
  if (outcome.type === 'lost') return outcome
  return { type: 'completed_in', result, otherwise: type === 'returned' ? rolledBack : outcome }
}

const rolledBack = failed(
  'completion_rolled_back',
  new Error('its end (completeIn) was not committed when the handler returned'),
  true,
)

const timeUp = new Error('its time was up (timeoutMs)')

/** The work is done, and doing it again would give the same: a result that cannot be kept is a fault of the handler. */
function completed(result: unknown): PlainOutcome {
  try {
    return { type: 'completed', result: new CheckedResult(result ?? null) }
  } catch (error) {
    return failed('non_retryable', error, false)
  }
}

export function failed(code: FailureCode, error: unknown, retry: boolean): PlainOutcome {
  return { type: 'failed', code, error, retry }
}
