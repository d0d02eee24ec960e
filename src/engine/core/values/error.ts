import {
  type CodeOf,
  type ErrorCode,
  type FailureKind,
  failureKinds,
  type RefusalCode,
} from './error-codes.ts'
import type { ErrorDetails } from './error-details.ts'
import { forShell, oneLine } from './safe-text.ts'

// Told by what is missing: other runtimes name a version of Node that they are not. Every entry imports this file.
if (!('withResolvers' in Promise))
  throw new Error('interlock-queue needs Node.js 22.12 or newer; install it, and start the program with it')

/** An error of one code, with the details of that code. */
export interface CodedError<Code extends ErrorCode> extends Error {
  readonly name: 'InterlockError'
  readonly code: Code
  readonly details: ErrorDetails[Code]
}

/** An error of any of these codes: its `code` says which details it has. */
export type InterlockError<Code extends ErrorCode = ErrorCode> = Code extends ErrorCode
  ? CodedError<Code>
  : never

/** Left out where a code has no details that must be there. */
type GivenDetails<Details> = object extends Details
  ? [details?: Details | undefined, cause?: unknown]
  : [details: Details, cause?: unknown]

interface InterlockErrorClass {
  new <Code extends ErrorCode>(
    code: Code,
    message: string,
    ...given: GivenDetails<ErrorDetails[Code]>
  ): InterlockError<Code>
  readonly prototype: InterlockError
}

/** The one error class of Interlock. Use {@link isInterlockError} to recognise it by code. */
export const InterlockError: InterlockErrorClass = class extends Error {
  override readonly name = 'InterlockError'
  readonly code: ErrorCode
  readonly details: object

  constructor(code: ErrorCode, message: string, details: { readonly path?: unknown } = {}, cause?: unknown) {
    super(bounded(oneLine(message), MOST), cause === undefined ? undefined : { cause })
    this.code = code
    const { path } = details
    this.details =
      typeof path === 'string' ? { ...details, path: bounded(oneLine(path), MOST_OF_PATH) } : details
  }
} as never

/** Characters of a message, and of a path: both quote what was given, which may be of any length. */
const MOST = 4_000
const MOST_OF_PATH = 400

/** The beginning and the end: a message begins with what happened, and ends with what to do. */
function bounded(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.floor(most / 4)
  return `${text.slice(0, most - end - 1)}…${text.slice(-end)}`.toWellFormed()
}

/** The input is not valid. @param path where it is wrong; programs find it in `details.path` */
export function invalidInput(message: string, path?: string): InterlockError<'invalid_input'> {
  return new InterlockError('invalid_input', message, path === undefined ? {} : { path })
}

/**
 * True for an {@link InterlockError}; with `code`, only for that code, whose details are then known.
 * @example if (isInterlockError(error, 'unknown_queue')) console.log(error.details.queues)
 */
export function isInterlockError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is InterlockError<Code> {
  return error instanceof InterlockError && (code === undefined || error.code === code)
}

const NAMED = 8

/** For a reader, which must not make a queue. @param queues those that exist @throws InterlockError `unknown_queue` */
export function checkKnown(queue: string, queues: readonly string[]): void {
  if (queues.includes(queue)) return
  const more = queues.length > NAMED ? ` and ${queues.length - NAMED} more` : ''
  const others = `name the one you mean by --queue: ${queues.slice(0, NAMED).map(forShell).join(', ')}${more}`
  throw new InterlockError(
    'unknown_queue',
    `there is no queue ${queue}; ${queues.length === 0 ? 'there is none at all: enqueue the first job to make it' : others}`,
    { queue, queues },
  )
}

/** A reader asks for archived events that were not kept. @param through the last of them */
export function archived(queue: string, through: number): InterlockError {
  return new InterlockError(
    'archived',
    `events 1 to ${through} of queue ${queue} were archived and are not in the database; go on from a snapshot, as a starting process does, or read their archive file (\`--from-archive\`)`,
    { seq: through },
  )
}

/** The log in the database is not the one that this process folded: a backup was restored. */
export function wentBack(queue: string, known: number, version: number): InterlockError {
  return new InterlockError(
    'log_went_back',
    `the log of queue ${queue} is at event ${version}, but this process had read it up to event ${known}: a backup was restored, or a standby took over that lacked the last events. What this process runs is void; stop it, say how each job in doubt ended with \`npx interlock-queue recover\`, then \`npx interlock-queue resume\`, and start it again`,
    { known, version },
  )
}

/**
 * A replica cannot fold the log any further, now or later. It is another log, has an event that this release does not know or
 * that cannot have happened, or was cut without a readable snapshot. An error that names no event is not meant: an answer may be
 * damaged on its way, or it is about one command.
 */
export function cannotFoldOn(error: unknown): error is InterlockError<Unfoldable> {
  if (!isInterlockError(error)) return false
  if (error.code === 'corrupt_log' || error.code === 'archived') return error.details.seq !== undefined
  return error.code === 'log_went_back' || error.code === 'unknown_event' || error.code === 'database_newer'
}

type Unfoldable = CodeOf<'log'> | 'database_newer'

/** Null: it is not an error of Interlock. */
function kindOf(error: unknown): FailureKind | null {
  return isInterlockError(error) ? failureKinds[error.code] : null
}

/** The queue's answer to a command, for its caller alone. */
export function isRefusal(error: unknown): error is InterlockError<RefusalCode> {
  return kindOf(error) === 'refusal'
}

/** The database does not answer. */
export function isOutage(error: unknown): error is InterlockError<CodeOf<'outage'>> {
  return kindOf(error) === 'outage'
}

/** What the server said, in the words of SQL; undefined: it said nothing, or this is another error. */
export function sqlstateOf(error: unknown): string | undefined {
  return isInterlockError(error) && 'sqlstate' in error.details ? error.details.sqlstate : undefined
}

/** SQLSTATE of a server that takes no writes: a standby, or a primary that is about to become one. */
const READ_ONLY = '25006'

/** The server takes no writes, though another may, now or in a moment: it is no longer the primary, or not yet. */
export function isReadOnly(error: unknown): error is InterlockError<'store_unwritable'> {
  return isInterlockError(error, 'store_unwritable') && error.details.sqlstate === READ_ONLY
}

/** A standby has answered a process that follows the log: it may be behind, and does not say what the log is. */
export function ofStandby(store: string): InterlockError {
  return new InterlockError(
    'store_unwritable',
    `${store}: a standby answers, which may be behind; Interlock waits for the primary, so make sure that this address leads to it`,
    { sqlstate: READ_ONLY },
  )
}

/** It may be over in a moment. Commands keep their ids, so trying again does nothing twice. */
export function isPassing(error: unknown): error is InterlockError<CodeOf<Passing>> {
  const kind = kindOf(error)
  return kind === 'outage' || kind === 'busy' || isReadOnly(error)
}

type Passing = 'outage' | 'busy' | 'unwritable'

/** The database could not do it now. That says nothing about the command itself. */
export function isOfStore(error: unknown): error is InterlockError<CodeOf<Passing>> {
  return isPassing(error) || kindOf(error) === 'unwritable'
}

/** The write of a worker that does not have the attempt (any more): its token or its name is another's. */
export function isStaleWrite(error: unknown): error is InterlockError {
  const codes: readonly ErrorCode[] = ['stale_token', 'job_not_active', 'not_holder']
  return isInterlockError(error) && codes.includes(error.code)
}

/** The attempt is not the caller's any more; its present holder goes on with it. */
export function isAttemptOver(error: unknown): boolean {
  const isStale = isInterlockError(error, 'job_not_active') || isInterlockError(error, 'stale_token')
  return isStale || cannotFoldOn(error)
}
