import { CommanderError } from 'commander'
import { type ErrorCode, InterlockError, invalidInput, stackLines } from '../../engine/core/index.ts'
import { safeBeginning } from '../../engine/events/index.ts'
import { splitMessage } from '../../tools/format/index.ts'
import { LocalFailure } from '../../tools/history/files/index.ts'
import { exitCodes } from './exit.ts'
import { type TextLines, written } from './terminal/lines.ts'

/** A check did its work and found something. Everything about it is already printed. */
export class FoundSomething extends Error {}

/** Something that was named does not exist, and the result says what. */
export class NotFound extends Error {}

/** A part of the work failed, and the result says which. */
export class NotDone extends Error {}

/** The user asked to stop. */
export class Interrupted extends Error {
  override readonly message = 'interrupted'
}

/** Whether everything about it was already printed. */
export const isShownAlready = (error: unknown): boolean =>
  [CommanderError, FoundSomething, NotFound, NotDone, Interrupted].some(
    (errorText) => error instanceof errorText,
  )

/** Characters of what a driver or a module says. Our own messages are bounded. */
const MOST = 4_000

/** What happened, and what to do. The stack only with DEBUG. @param columns of the terminal */
export const failureText = (error: unknown, debug: boolean, columns?: number): string =>
  written(failureLines(error, debug), columns)

function failureLines(error: unknown, debug: boolean): TextLines {
  if (debug && error instanceof Error) return stackLines(error)
  if (error instanceof InterlockError) {
    const { what, todo } = splitMessage(error.message.replace(goesOn, ''))
    return errorText(`error (${error.code}): ${what}`, todo)
  }
  if (error instanceof LocalFailure) {
    const { what, todo } = splitMessage(error.message)
    return errorText(`error: ${what}`, todo)
  }
  const what = safeBeginning(error instanceof Error ? error.message : String(error), MOST)
  return errorText(`error: ${what}`, 'run it again with DEBUG=1 to see where it comes from')
}

const errorText = (what: string, todo: string | undefined): TextLines =>
  todo === undefined ? what : [what, `  to do: ${todo}`]

/** An error as JSON, for programs. `code` is null if the error is not Interlock's. */
export function failureDocument(error: unknown) {
  if (error instanceof InterlockError) return { error: { code: error.code, message: error.message } }
  if (error instanceof Interrupted) return { error: { code: 'aborted', message: error.message } }
  if (error instanceof CommanderError)
    return { error: { code: 'invalid_input', message: error.message.replace(/^error: /, '') } }
  return { error: { code: null, message: error instanceof Error ? error.message : String(error) } }
}

/** True for a process that stays; a command ends here. */
const goesOn = /; Interlock tries again by itself$/

/** Commands that were, and what to do instead. */
const gone: Readonly<Record<string, string>> = {
  dev: 'run supabase start for a local Supabase, or work without one: on the embedded database or any PostgreSQL (--url)',
}

/** Of a command that is not there any more: what to do now. Undefined for every other error. */
export function goneCommand(error: unknown, name = ''): InterlockError | undefined {
  const isUnknown = error instanceof CommanderError && error.code === 'commander.unknownCommand'
  if (!isUnknown || !Object.hasOwn(gone, name)) return undefined
  return invalidInput(`there is no command ${name} any more; ${gone[name]}`)
}

/** Mistakes in the command line. All other errors happen even if it is right. */
const usage: ReadonlySet<ErrorCode> = new Set(['invalid_input', 'embedded_in_production'])

export function exitCodeOf(error: unknown): number {
  if (error instanceof FoundSomething) return exitCodes.found
  if (error instanceof NotFound || error instanceof NotDone) return exitCodes.failed
  if (error instanceof Interrupted) return 130
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
  return error instanceof InterlockError && usage.has(error.code) ? exitCodes.usage : exitCodes.failed
}
