import { messageOf } from '../../codec/index.ts'

/** The part of pino's interface that Interlock uses. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

const write = (message: string) => void process.stderr.write(`${plain(message)}\n`)

/** One line per message on standard error, so that standard output stays free for a program's data. */
export const stderrLogger: Logger = { info: write, warn: write, error: write }

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** The most characters of an error in a line. Enough for our longest messages, which end with what to do. */
const MOST = 1_000

/** A thrown value as text for a line of the log. It may come from anywhere: a provider, a page, the author of a prompt. */
export function errorText(error: unknown): string {
  return plain(messageOf(error).slice(0, 4 * MOST))
    .slice(0, MOST)
    .toWellFormed()
}

/** One line, without characters that would forge another line or move the cursor of a terminal. */
function plain(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

const levels = ['info', 'warn', 'error'] as const

/** Loggers that have failed. Each is reported once. */
const failed = new WeakSet<object>()
const guards = new WeakSet<object>()

/**
 * The program's logger, wrapped so that it cannot stop anything: by an exception, a rejected promise, or a missing method. Its
 * first failure is reported on standard error, with the line that was lost.
 */
export function guarded(logger: Logger | undefined): Logger {
  if (logger === undefined || guards.has(logger)) return logger ?? stderrLogger
  const fail = (line: string, error: unknown) => {
    if (failed.has(logger)) return
    failed.add(logger)
    write(`[COORDINATOR] The logger fails, so lines may be lost: ${errorText(error)}; line: ${line}`)
  }
  const methods = levels.map((level) => [level, tell(logger, level, fail)])
  const guard = Object.fromEntries(methods) as Logger
  guards.add(guard)
  return guard
}

function tell(logger: Logger, level: keyof Logger, fail: (line: string, error: unknown) => void) {
  return (line: string): void => {
    try {
      const told: unknown = logger[level](line)
      if (told instanceof Promise) told.catch((error: unknown) => fail(line, error))
    } catch (error) {
      fail(line, error)
    }
  }
}
