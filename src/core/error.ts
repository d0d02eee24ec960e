/**
 * Every failure Interlock reports has one of these codes; programs branch on the code, people read the message.
 * The message always ends with what to do.
 */
export const errorCodes = [
  'invalid_input',
  'job_exists',
  'job_not_live',
  'job_not_active',
  'stale_token',
  'not_holder',
  'models_required',
  'fair_share_limit',
  'command_reused',
  'corrupt_log',
  'archived',
  'log_went_back',
  'unknown_event',
  'unknown_queue',
  'not_migrated',
  'database_older',
  'database_newer',
  'first_coordinator_active',
  'store_in_use',
  'store_unavailable',
  'store_unwritable',
  'embedded_in_production',
  'clock_unsteady',
  'contention',
  'workflow_queued',
  'aborted',
  'closed',
] as const

/** The stable name of a failure. */
export type ErrorCode = (typeof errorCodes)[number]

/** Facts about a failure that programs may use: a path, a sequence number, a job. Never a secret, never a payload. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** The one error class of Interlock. Use {@link isInterlockError} to recognise it by code. */
export class InterlockError extends Error {
  override readonly name = 'InterlockError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** True for an {@link InterlockError}; with `code`, only for that code. */
export function isInterlockError(error: unknown, code?: ErrorCode): error is InterlockError {
  return error instanceof InterlockError && (code === undefined || error.code === code)
}

const NAMED = 8

/** For a reader, which must make nothing. @param queues those there are @throws InterlockError `unknown_queue` */
export function checkKnown(queue: string, queues: readonly string[]): void {
  if (queues.includes(queue)) return
  const more = queues.length > NAMED ? ` and ${queues.length - NAMED} more` : ''
  const others = `name the one you mean by --queue: ${queues.slice(0, NAMED).join(', ')}${more}`
  throw new InterlockError(
    'unknown_queue',
    `there is no queue ${queue}; ${queues.length === 0 ? 'nor any other: the first job that is put in line makes it' : others}`,
    { queue, queues },
  )
}

/** A reader wants events from before the cut that were not kept. @param through the last of them */
export function archived(queue: string, through: number): InterlockError {
  return new InterlockError(
    'archived',
    `events 1 to ${through} of queue ${queue} were archived and are not in the database; go on from a snapshot, as a process that starts does, or read the file that they were archived to (\`--from-archive\`)`,
    { seq: through },
  )
}

/** The log in the database is not the one that this process has folded: a backup was restored. */
export function wentBack(queue: string, known: number, version: number): InterlockError {
  return new InterlockError(
    'log_went_back',
    `the log of queue ${queue} is at event ${version}, and this process knew event ${known} of it: a backup was restored. What this process runs is void; stop it, look at the jobs in doubt with \`interlock recover\`, and start it again`,
    { known, version },
  )
}

/**
 * The log goes on with something that a replica cannot fold, now or later: it is another log, has an event that this release does not
 * know or that cannot have happened, or was cut without a snapshot that can be read. Not so what names no event: an answer that
 * was damaged on its way, or what is said of one command.
 */
export function cannotFoldOn(error: unknown): error is InterlockError {
  if (!isInterlockError(error)) return false
  const { code, details } = error
  if (code === 'corrupt_log' || code === 'archived') return typeof details['seq'] === 'number'
  return code === 'log_went_back' || code === 'unknown_event' || code === 'database_newer'
}
