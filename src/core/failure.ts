import { cannotFoldOn, type ErrorCode, type InterlockError, isInterlockError } from './error.ts'

/**
 * What a failure says to the caller:
 *
 * - `refusal`: the queue does not carry this command out, today as tomorrow; nobody else's concern
 * - `outage`: the database does not answer; it may be back in a moment
 * - `busy`: the database answers, and others were in the way; it may be different in a moment
 * - `unwritable`: the database answers and takes no writes; people have to mend that
 * - `log`: the log says something that cannot be folded, or is not there any more
 * - `setup`: what was set up does not fit: the schema, the address, another process
 * - `ended`: the call, or what it waited for, was ended
 */
export type FailureKind = 'refusal' | 'outage' | 'busy' | 'unwritable' | 'log' | 'setup' | 'ended'

/** Every code once: a new one says here what it is. */
const kinds: Readonly<Record<ErrorCode, FailureKind>> = {
  invalid_input: 'refusal',
  job_exists: 'refusal',
  job_not_live: 'refusal',
  job_not_active: 'refusal',
  stale_token: 'refusal',
  not_holder: 'refusal',
  models_required: 'refusal',
  fair_share_limit: 'refusal',
  command_reused: 'refusal',
  corrupt_log: 'log',
  archived: 'log',
  log_went_back: 'log',
  unknown_event: 'log',
  unknown_queue: 'setup',
  not_migrated: 'setup',
  database_older: 'setup',
  database_newer: 'setup',
  first_coordinator_active: 'setup',
  store_in_use: 'setup',
  store_unavailable: 'outage',
  store_unwritable: 'unwritable',
  embedded_in_production: 'setup',
  clock_unsteady: 'setup',
  contention: 'busy',
  workflow_queued: 'ended',
  aborted: 'ended',
  closed: 'ended',
}

/** Null: it is no failure of Interlock's. */
function kindOf(error: unknown): FailureKind | null {
  return isInterlockError(error) ? kinds[error.code] : null
}

/** The queue's answer to a command: for the caller alone. */
export function isRefusal(error: unknown): error is InterlockError {
  return kindOf(error) === 'refusal'
}

/** The database does not answer. */
export function isOutage(error: unknown): error is InterlockError {
  return kindOf(error) === 'outage'
}

/** It may be over in a moment. Commands keep their ids, so that trying again does nothing twice. */
export function isPassing(error: unknown): error is InterlockError {
  const kind = kindOf(error)
  return kind === 'outage' || kind === 'busy'
}

/** The database could not do it now, for whatever reason; it says nothing of what was asked. */
export function isOfStore(error: unknown): error is InterlockError {
  return isPassing(error) || kindOf(error) === 'unwritable'
}

/** The attempt that a command was about is not the caller's any more; its present holder goes on with it. */
export function isAttemptOver(error: unknown): boolean {
  const isStale = isInterlockError(error, 'job_not_active') || isInterlockError(error, 'stale_token')
  return isStale || cannotFoldOn(error)
}
